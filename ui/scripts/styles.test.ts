import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { classesReached, withoutUnused } from './styles';

function folder(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'styles-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

describe('styles', () => {
  test('of what is not used are left out, wherever they stand', () => {
    const css = `
      :root { --a: 1; }
      .m_a1 { color: red; }
      /* .m_b2 { } */
      .m_b2:hover, .m_b2 > .m_c3 { color: blue; }
      .m_b2, .m_a1 { margin: 0; }
      @media (min-width: 1px) { .m_b2 { margin: 0; } }
      @media (min-width: 2px) { .m_a1 { margin: 1px; } .m_c3 { margin: 2px; } }
      @keyframes m_turn { from { opacity: 0; } to { opacity: 1; } }`;
    expect(withoutUnused(css, new Set(['m_a1'])).replace(/\s+/g, ' ')).toBe(
      ':root{ --a: 1; } .m_a1{ color: red; } .m_b2, .m_a1{ margin: 0; } ' +
        '@media (min-width: 2px){.m_a1{ margin: 1px; }} ' +
        '@keyframes m_turn{ from { opacity: 0; } to { opacity: 1; } }',
    );
  });

  test('of what a component of ours is made of are kept', () => {
    const root = folder({
      'src/a/A.tsx': `import {\n  Card as Own,\n  type Text,\n} from '@mantine/core';`,
      'src/a/A.test.tsx': `import { Tree } from '@mantine/core';`,
      'src/b.ts': `import type { Table } from '@mantine/core'; import { tell } from '@mantine/more';`,
      'packages/@mantine/core/esm/index.mjs':
        `import { Card } from "./card.mjs"; import { Table } from "./table.mjs";` +
        `import { Paper } from "./paper.mjs"; import { Tree } from "./tree.mjs"; import { Text } from "./text.mjs";`,
      'packages/@mantine/core/esm/card.mjs': `import { Line } from "./line.mjs"; import x from "./card.module.mjs";`,
      'packages/@mantine/core/esm/line.mjs': `import x from "./line.module.mjs"; import { Card } from "./card.mjs";`,
      'packages/@mantine/core/esm/paper.mjs': `import x from "./paper.module.mjs";`,
      'packages/@mantine/core/esm/table.mjs': `import x from "./table.module.mjs";`,
      'packages/@mantine/core/esm/tree.mjs': `import x from "./tree.module.mjs";`,
      'packages/@mantine/core/esm/text.mjs': `import x from "./text.module.mjs";`,
      'packages/@mantine/more/esm/index.mjs': `import { tell } from "./tell.mjs";`,
      'packages/@mantine/more/esm/tell.mjs': `import { Paper } from "@mantine/core";`,
      ...Object.fromEntries(
        ['card', 'line', 'paper', 'table', 'tree', 'text'].map((name, number) => [
          `packages/@mantine/core/esm/${name}.module.mjs`,
          `var x = { "root": "m_${number}" };`,
        ]),
      ),
    });
    expect([...classesReached(join(root, 'src'), join(root, 'packages'))].sort()).toEqual([
      'm_0',
      'm_1',
      'm_2',
    ]);
  });
});
