import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { onlyUsedStyles } from './scripts/styles.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = process.env.WINDWARD_UI_OUT ?? join(here, '../packages/windward/src/windward/api/static');
const COMPRESSED = /\.(js|css|html|svg|json)$/;

/** Put a compressed copy beside each text file, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
        if (!COMPRESSED.test(name)) continue;
        const data = readFileSync(join(dir, name));
        writeFileSync(join(dir, `${name}.gz`), gzipSync(data, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig({
  root: here,
  plugins: [onlyUsedStyles(here), react(), compressed()],
  resolve: { alias: { '@': join(here, 'src') } },
  build: {
    outDir: out,
    emptyOutDir: true,
    assetsDir: 'assets',
    sourcemap: false,
    target: 'es2023',
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      ['/api', '/auth', '/login', '/openapi.json'].map((path) => [
        path,
        { target: process.env.WINDWARD ?? 'http://127.0.0.1:8080', changeOrigin: false },
      ]),
    ),
  },
});
