import { defineConfig, mergeConfig } from 'vitest/config';
import base from './vite.config.ts';

export default mergeConfig(
  base,
  defineConfig({
    test: {
      environment: 'happy-dom',
      include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
      restoreMocks: true,
      // A limit and no claim: for a machine that does much else.
      testTimeout: 60_000,
      // One process: the tests are short, and starting more costs more than it saves.
      maxWorkers: 1,
    },
  }),
);
