/** The log viewer's pure parts: lines out of chunks, rows out of lines, colours and addresses out of rows. */
import { describe, expect, test } from 'vitest';
import { plain } from '@/pages/run/log/escapes';
import { paletteColour, piecesOf } from '@/pages/run/log/pieces';
import { LineSplitter } from '@/pages/run/log/reading';
import { LogStore } from '@/pages/run/log/store';

const ESC = '\u001b';
const line = (event: string, more: Record<string, unknown> = {}) =>
  JSON.stringify({ timestamp: '2026-11-29T09:30:48.922479+00:00', level: 'info', event, ...more });

describe('lines out of chunks', () => {
  const text = '{"a":"é 한국 👍"}\n\n{"b":2}\nthe last, without an end';
  const bytes = new TextEncoder().encode(text);

  test('wherever two chunks meet', () => {
    for (let cut = 0; cut <= bytes.length; cut++) {
      const splitter = new LineSplitter();
      const lines = [
        ...splitter.push(bytes.slice(0, cut)),
        ...splitter.push(bytes.slice(cut)),
        ...splitter.flush(),
      ];
      expect(lines.join('\n')).toBe(text);
      expect(splitter.consumed).toBe(bytes.length);
    }
  });

  test('byte by byte, and the offset behind what came out', () => {
    const splitter = new LineSplitter(100);
    const lines = [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte)));
    expect(lines).toEqual(['{"a":"é 한국 👍"}', '', '{"b":2}']);
    expect(splitter.consumed).toBe(100 + bytes.lastIndexOf(0x0a) + 1);
  });

  test('a line end as the last byte leaves nothing', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(new TextEncoder().encode('a\nb\n'))).toEqual(['a', 'b']);
    expect(splitter.flush()).toEqual([]);
  });
});

describe('rows out of lines', () => {
  const filled = (...lines: string[]) => {
    const store = new LogStore();
    store.append(lines);
    return store;
  };
  const texts = (store: LogStore, rows: number[] | null = null) =>
    (rows ?? [...Array(store.rows).keys()]).map((row) => store.row(row).text);

  test('a text of several lines, and a traceback', () => {
    const store = filled(
      line('one\ntwo', { level: 'error', exception: 'Traceback:\n  File "x"\nValueError: bad' }),
      line('next'),
    );
    expect(texts(store)).toEqual(['one', 'two', 'Traceback:', '  File "x"', 'ValueError: bad', 'next']);
    expect([0, 1, 2, 5].map((row) => store.row(row).kind)).toEqual(['line', 'more', 'trace', 'line']);
    expect(store.row(1).at).toBe('');
  });

  test('what is no JSON stays as it is, what else is said stands behind', () => {
    const store = filled('plain text', line('ended', { outcome: 'failed', duration_s: 1.5, dag_id: 'd' }));
    expect(store.row(0).text).toBe('plain text');
    expect(store.row(1).extra).toBe('outcome=failed duration_s=1.5');
  });

  test('groups fold, also within each other', () => {
    const store = filled(
      line('a'),
      line('::group::Outer'),
      line('b'),
      line('::group::Inner'),
      line('c'),
      line('::endgroup::'),
      line('d'),
      line('::endgroup::'),
      line('e'),
      line('::endgroup::'),
      line('a group of words'),
    );
    expect(texts(store)).toEqual(['a', 'Outer', 'b', 'Inner', 'c', 'd', 'e', 'a group of words']);
    expect(store.visible(new Set(), 0)).toBeNull();
    expect(texts(store, store.visible(new Set([0]), 0))).toEqual(['a', 'Outer', 'e', 'a group of words']);
    expect(texts(store, store.visible(new Set([1]), 0))).toEqual([
      'a',
      'Outer',
      'b',
      'Inner',
      'd',
      'e',
      'a group of words',
    ]);
    expect(store.depth(4)).toBe(2);
    expect(store.around(4)).toEqual([1, 0]);
    expect(store.row(3).group).toBe(1);
  });

  test('levels', () => {
    const store = filled(
      line('d', { level: 'debug' }),
      line('"level":"error"'),
      line('w', { level: 'WARN' }),
      line('c', { level: 'critical' }),
    );
    expect(texts(store, store.visible(new Set(), 2))).toEqual(['w', 'c']);
    expect(texts(store, store.visible(new Set(), 1))).toEqual(['"level":"error"', 'w', 'c']);
  });

  test('finding: whatever the case, through colours, quotes and other alphabets', () => {
    const store = filled(
      line('Hello World'),
      line(`he${ESC}[31mll${ESC}[0mo`),
      line('say "hello"'),
      line('한국'),
      line('x', { why: 'hello' }),
    );
    expect(store.find('hello', 0, store.rows)).toEqual([0, 1, 2, 4]);
    expect(store.find('"HELLO"', 0, store.rows)).toEqual([2]);
    expect(store.find('한', 0, store.rows)).toEqual([3]);
    expect(store.find('hello', 2, store.rows)).toEqual([2, 4]);
  });

  test('finding looks at what is shown, and not at how it is stored', () => {
    const stored = (event: string) => line(event, { logger: 'task.stdout', source: 'stdout' });
    const store = filled(
      stored('one'),
      stored('a logger speaks'),
      stored('"logger":"x"'),
      stored('two\nlogger'),
    );
    expect(store.find('logger', 0, store.rows)).toEqual([1, 2, 4]);
    expect(store.find('stdout', 0, store.rows)).toEqual([]);
    expect(store.find('","', 0, store.rows)).toEqual([]);
  });

  test('a carriage return overwrites', () => {
    expect(texts(filled(line('10%\r50%\rdone\n')))).toEqual(['done']);
  });
});

describe('pieces of a row', () => {
  const shape = (text: string, wanted = '') => piecesOf(text, wanted).map((one) => [one.text, ...one.styles]);

  test('colours become names of styles', () => {
    expect(shape(`${ESC}[31mred${ESC}[0m ${ESC}[1;92mbold${ESC}[0m${ESC}[44mon blue`)).toEqual([
      ['red', 'ansi-red'],
      [' '],
      ['bold', 'ansi-bold', 'ansi-bright-green'],
      ['on blue', 'ansi-bg-blue'],
    ]);
  });

  test('colours without a name', () => {
    expect(piecesOf(`${ESC}[38;5;208mx`)[0]?.colour).toBe('rgb(255, 135, 0)');
    expect(piecesOf(`${ESC}[38;2;1;2;3mx`)[0]?.colour?.replaceAll(' ', '')).toBe('rgb(1,2,3)');
    expect(paletteColour(255)).toBe('rgb(238, 238, 238)');
    expect(paletteColour(3)).toBeNull();
  });

  test('other sequences are left out', () => {
    expect(plain(`${ESC}[2Ka${ESC}]8;;http://x${ESC}\\b${ESC}[1Gc`)).toBe('abc');
    expect(shape(`${ESC}[2Ka${ESC}[31mb`)).toEqual([['a'], ['b', 'ansi-red']]);
  });

  test('markup is text', () => {
    expect(shape('<img src=x onerror=alert(1)> &amp;')).toEqual([['<img src=x onerror=alert(1)> &amp;']]);
    expect(shape(`${ESC}[31m<b>&lt;`)).toEqual([['<b>&lt;', 'ansi-red']]);
  });

  test('addresses, and only of the web', () => {
    const pieces = piecesOf('see https://example.org/a?b=1. or javascript:alert(1) (http://h/x)');
    expect(pieces.filter((one) => one.href).map((one) => one.href)).toEqual([
      'https://example.org/a?b=1',
      'http://h/x',
    ]);
    expect(pieces.map((one) => one.text).join('')).toBe(
      'see https://example.org/a?b=1. or javascript:alert(1) (http://h/x)',
    );
  });

  test('what is looked for, also across colours', () => {
    const pieces = piecesOf(`a${ESC}[31mb${ESC}[0mc ABC`, 'abc');
    expect(pieces.map((one) => [one.text, one.isMatch])).toEqual([
      ['a', true],
      ['b', true],
      ['c', true],
      [' ', false],
      ['ABC', true],
    ]);
  });
});
