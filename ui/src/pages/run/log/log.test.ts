/** The log viewer's pure parts: lines out of chunks, rows out of lines, colours and addresses out of rows. */
import { describe, expect, test } from 'vitest';
import { plain } from '@/pages/run/log/escapes';
import { ownerOf } from '@/pages/run/log/frames';
import { paletteColour, piecesOf } from '@/pages/run/log/pieces';
import { LineSplitter, Taker } from '@/pages/run/log/reading';
import { EVERYTHING, Shown, type Wanted } from '@/pages/run/log/shown';
import { inAddress, sourcesOf } from '@/pages/run/log/sources';
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

describe('lines that come faster than they can be taken', () => {
  const numbered = (count: number) => Array.from({ length: count }, (_, number) => String(number));

  /** Take lines where each slice costs so many milliseconds; return them, and before which of them it paused. */
  async function taken(lines: string[], cost: number) {
    const [found, pauses]: [string[], number[]] = [[], []];
    let now = 0;
    const taker = new Taker(
      (some) => {
        found.push(...some);
        now += cost;
      },
      { now: () => now, pause: async () => void pauses.push(found.length) },
    );
    await taker.all(lines);
    return { found, pauses };
  }

  test('are taken in slices with pauses between, and all of them in their order', async () => {
    const { found, pauses } = await taken(numbered(3_500), 5);
    expect(found).toEqual(numbered(3_500));
    expect(pauses).toEqual([2_000, 3_500]);
  });

  test('do not wait where there is time', async () => {
    expect((await taken(numbered(3_500), 0)).pauses).toEqual([]);
    expect((await taken([], 0)).found).toEqual([]);
  });
});

describe('rows out of lines', () => {
  const filled = (...lines: string[]) => {
    const store = new LogStore();
    store.append(lines);
    return store;
  };
  const wanting = (wanted: Partial<Wanted>): Wanted => ({ ...EVERYTHING, ...wanted });
  const shown = (store: LogStore, wanted: Partial<Wanted>) => new Shown().of(store, wanting(wanted));
  const texts = (store: LogStore, rows: readonly number[] | null = null) =>
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
    expect(shown(store, { unfolded: new Set([0, 1]) })).toBeNull();
    expect(texts(store, shown(store, { unfolded: new Set([1]) }))).toEqual([
      'a',
      'Outer',
      'e',
      'a group of words',
    ]);
    expect(texts(store, shown(store, { unfolded: new Set([0]) }))).toEqual([
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

  test('what is in a group is shown where its head is not', () => {
    const store = filled(
      line('::group::Outer', { level: 'error' }),
      line('::group::Inner'),
      line('well'),
      line('bad', { level: 'error' }),
      line('::endgroup::'),
      line('::endgroup::'),
      line('::group::Other'),
      line('worse', { level: 'error' }),
      line('::endgroup::'),
    );
    expect(texts(store, shown(store, {}))).toEqual(['Outer', 'Other']);
    expect(texts(store, shown(store, { least: 3 }))).toEqual(['Outer', 'worse']);
    expect(texts(store, shown(store, { least: 3, unfolded: new Set([0]) }))).toEqual([
      'Outer',
      'bad',
      'worse',
    ]);
  });

  test('a text that begins or ends a group may have more lines', () => {
    const store = filled(line('::group::G\nin it'), line('::endgroup::\nbehind\nit'), line('next'));
    expect(texts(store)).toEqual(['G', 'in it', 'behind', 'it', 'next']);
    expect(texts(store, shown(store, {}))).toEqual(['G', 'behind', 'it', 'next']);
  });

  test('levels', () => {
    const store = filled(
      line('d', { level: 'debug' }),
      line('"level":"error"'),
      line('w', { level: 'WARN' }),
      line('c', { level: 'critical' }),
    );
    expect(texts(store, shown(store, { least: 2 }))).toEqual(['w', 'c']);
    expect(texts(store, shown(store, { least: 1 }))).toEqual(['"level":"error"', 'w', 'c']);
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

  const said = (event: string, source: string, logger: string, more: Record<string, unknown> = {}) =>
    line(event, { logger, source, ...more });

  test('sources: streams, loggers by their names, and windward itself', () => {
    const store = filled(
      said('printed', 'stdout', 'task.stdout'),
      said('raw', 'stdout', 'task.output'),
      said('warned', 'stderr', 'task.stderr'),
      said('by a logger', 'task', 'etl.load'),
      said('","logger":"etl.load","source":"task"', 'windward', 'windward.task', { outcome: 'failed' }),
      said('by another', 'task', 'say "x"'),
      'no JSON',
    );
    const of = (...sources: string[]) => texts(store, shown(store, { sources }));
    expect(of('stdout')).toEqual(['printed', 'raw']);
    expect(of('stderr', 'logger:etl.load')).toEqual(['warned', 'by a logger']);
    expect(of('task')).toEqual(['by a logger', 'by another', 'no JSON']);
    expect(of('logger:say "x"')).toEqual(['by another']);
    expect(of('system')).toEqual(['","logger":"etl.load","source":"task"']);
    expect(of('logger:who')).toEqual([]);
    expect(store.sources.all.map(({ kind, lines }) => [kind, lines])).toEqual([
      ['stdout', 2],
      ['stderr', 1],
      ['task', 1],
      ['system', 1],
      ['task', 1],
      ['task', 1],
    ]);
  });

  test('sources in an address', () => {
    expect(sourcesOf(inAddress(['stdout', 'logger:a,b']))).toEqual(['stdout', 'logger:a,b']);
    expect(sourcesOf('nonsense,task')).toEqual(['task']);
    expect(inAddress([])).toBeUndefined();
  });

  const frame = (path: string) => [`  File "${path}", line 3, in f`, '    call()', '    ~~~~^^'];
  const library = '/usr/lib/python3.13/site-packages/pandas/io/sql.py';
  const traceback = [
    'Traceback (most recent call last):',
    ...frame('/dags/etl.py'),
    ...frame(library),
    ...frame('/usr/lib/python3.13/ssl.py'),
    '  [Previous line repeated 9 more times]',
    'ValueError: bad',
  ];
  const folded = [
    'Traceback (most recent call last):',
    ...frame('/dags/etl.py'),
    frame(library)[0],
    'ValueError: bad',
  ];

  test('whose a file is', () => {
    expect(ownerOf('/dags/etl.py')).toBeNull();
    expect(ownerOf('/srv/dags/lib/helpers.py')).toBeNull();
    expect(ownerOf(library)).toBe('pandas');
    expect(ownerOf('/v/site-packages/six.py')).toBe('six');
    expect(ownerOf('/usr/lib/python3.13/ssl.py')).toBe('Python');
    expect(ownerOf('<frozen importlib._bootstrap>')).toBe('Python');
    expect(ownerOf('/src/packages/windward/src/windward/runner/child.py')).toBe('windward');
  });

  test('frames of libraries stand for each other, and those of the author stay', () => {
    const store = filled(line('failed', { exception: traceback.join('\n') }), line('next'));
    expect(texts(store, shown(store, {}))).toEqual(['failed', ...folded, 'next']);
    expect(store.frames.found.map(({ count, of }) => [count, [...of]])).toEqual([[2, ['pandas', 'Python']]]);
    expect(texts(store, shown(store, { frames: 'all' }))).toEqual(['failed', ...traceback, 'next']);
    expect(shown(store, { frames: new Set([0]) })).toHaveLength(store.rows);
  });

  test('a traceback that is printed line by line folds too, and in a group of exceptions', () => {
    const store = filled(...traceback.map((text) => line(text)), line('    not of it'));
    expect(texts(store, shown(store, {}))).toEqual([...folded, '    not of it']);
    const group = filled(line('x', { exception: traceback.map((text) => `  | ${text}`).join('\n') }));
    expect(texts(group, shown(group, {}))).toEqual(['x', ...folded.map((text) => `  | ${text}`)]);
  });

  test('one frame of a library alone does not fold', () => {
    const store = filled(...[...frame('/dags/a.py'), ...frame(library), 'E: x'].map((text) => line(text)));
    expect(shown(store, {})).toBeNull();
  });

  test('what is shown while the log grows is what is shown of the whole', () => {
    const lines = [
      said('a', 'stdout', 'task.stdout'),
      line('::group::G'),
      ...traceback.map((text) => said(text, 'stderr', 'task.stderr')),
      line('::endgroup::'),
      ...traceback.map((text) => said(text, 'stderr', 'task.stderr', { level: 'error' })),
      said('z', 'stdout', 'task.stdout'),
    ];
    const ways: Partial<Wanted>[] = [{}, { sources: ['stderr'] }, { least: 3 }, { unfolded: new Set([0]) }];
    for (const way of ways) {
      const [wanted, store, growing] = [wanting(way), new LogStore(), new Shown()];
      for (let to = 1; to <= lines.length; to++) {
        store.append(lines.slice(to - 1, to));
        expect(growing.of(store, wanted)).toEqual(shown(filled(...lines.slice(0, to)), way));
      }
    }
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
