/**
 * Leaves out of Mantine's styles what no component of ours has: all of them would be a sixth of the first load.
 *
 * A component is ours when a file of `src` imports it, or another that is ours does. Order is kept, because it counts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const PACKAGES = /^@mantine\/[a-z]+$/;
const NAMED = /import\s+(?!type\b)(?:[\w$]+\s*,\s*)?\{([^}]*)\}\s*from\s*["']([^"']+)["']/g;
const RELATIVE = /from\s*["'](\.[^"']+)["']/g;
const CLASS = /\bm_[0-9a-f]+\b/g;
const WRAPS = /^@(?:media|supports|container|layer)\b/;

/** Where a file imports names of Mantine's from: `[package, name]`. */
function namesOf(code: string): [string, string][] {
  const found: [string, string][] = [];
  for (const [, names = '', from = ''] of code.matchAll(NAMED)) {
    if (!PACKAGES.test(from)) continue;
    for (const part of names.split(',')) {
      const name = part.trim().split(/\s+as\s+/)[0] ?? '';
      if (name !== '' && !name.startsWith('type ')) found.push([from, name]);
    }
  }
  return found;
}

/** Return the classes of all components that the files of `source` reach. */
export function classesReached(source: string, packages: string): Set<string> {
  const classes = new Set<string>();
  const seen = new Set<string>();
  const indexes = new Map<string, Map<string, string>>();

  const fileOf = (from: string, name: string): string | undefined => {
    let index = indexes.get(from);
    if (index === undefined) {
      index = new Map();
      const path = join(packages, from, 'esm/index.mjs');
      const code = existsSync(path) ? readFileSync(path, 'utf8') : '';
      for (const [, names = '', file = ''] of code.matchAll(NAMED)) {
        for (const part of names.split(',')) {
          const local =
            part
              .trim()
              .split(/\s+as\s+/)
              .at(-1) ?? '';
          index.set(local, join(dirname(path), file));
        }
      }
      indexes.set(from, index);
    }
    return index.get(name);
  };
  const takeNames = (code: string): void => {
    for (const [from, name] of namesOf(code)) {
      const file = fileOf(from, name);
      if (file !== undefined) take(file);
    }
  };
  const take = (file: string): void => {
    if (seen.has(file) || !existsSync(file)) return;
    seen.add(file);
    const code = readFileSync(file, 'utf8');
    if (file.endsWith('.module.mjs')) {
      for (const [name] of code.matchAll(CLASS)) classes.add(name);
      return;
    }
    for (const [, to = ''] of code.matchAll(RELATIVE)) take(join(dirname(file), to));
    takeNames(code);
  };

  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (/(?<!\.test)\.tsx?$/.test(name)) takeNames(readFileSync(join(source, name), 'utf8'));
  }
  return classes;
}

/** Return a style sheet without the rules of which every class of Mantine's is another than `classes`. */
export function withoutUnused(css: string, classes: ReadonlySet<string>): string {
  const text = css.replace(/\/\*[\s\S]*?\*\//g, '');
  const kept: string[] = [];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{', at);
    const end = text.indexOf(';', at);
    if (end !== -1 && (open === -1 || end < open)) {
      kept.push(text.slice(at, end + 1));
      at = end + 1;
      continue;
    }
    if (open === -1) break;
    let depth = 1;
    let close = open + 1;
    for (; close < text.length && depth > 0; close += 1) {
      if (text[close] === '{') depth += 1;
      else if (text[close] === '}') depth -= 1;
    }
    const head = text.slice(at, open).trim();
    const body = text.slice(open + 1, close - 1);
    at = close;
    if (WRAPS.test(head)) {
      const inner = withoutUnused(body, classes);
      if (inner.trim() !== '') kept.push(`${head}{${inner}}`);
    } else {
      const named = head.startsWith('@') ? [] : [...head.matchAll(CLASS)].map(([name]) => name);
      if (named.length === 0 || named.some((name) => classes.has(name))) kept.push(`${head}{${body}}`);
    }
  }
  return kept.join('\n');
}

/** Build with the styles of components that are used, and no others. */
export function onlyUsedStyles(root: string): Plugin {
  return {
    name: 'only-used-styles',
    apply: 'build',
    enforce: 'pre',
    transform(code, id) {
      if (!/@mantine\/core\/styles\.css$/.test(id)) return null;
      return withoutUnused(code, classesReached(join(root, 'src'), join(root, 'node_modules')));
    },
  };
}
