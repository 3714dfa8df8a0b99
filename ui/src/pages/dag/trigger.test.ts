/** The trigger form's pure parts: schemas as fields, entries as values, and lines for a shell. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { commandLine, curlLine, masked, quoted } from '@/pages/dag/TriggerCommands';
import {
  check,
  confOf,
  confOfText,
  draftOf,
  draftsOf,
  fieldOf,
  fieldsOf,
  type Json,
  meaningOf,
} from '@/pages/dag/TriggerSchema';
import { instantOf, wallOf } from '@/pages/dag/TriggerTimes';

const field = (schema: Record<string, unknown>, value: Json = null, name = 'p') =>
  fieldOf(name, { value, schema, description: null });
const read = (schema: Record<string, unknown>, draft: string | boolean | string[], value: Json = null) =>
  meaningOf(field(schema, value), draft, 'UTC');

describe('a schema becomes a field', () => {
  test.each([
    [{ type: 'string' }, 'a', 'text'],
    [{ type: 'string', format: 'multiline' }, '', 'multiline'],
    [{ type: 'string' }, 'a\nb', 'multiline'],
    [{ type: 'string', format: 'date' }, null, 'date'],
    [{ type: ['null', 'string'], format: 'date-time' }, null, 'datetime'],
    [{ type: 'string', format: 'time' }, null, 'time'],
    [{ type: 'string', format: 'password' }, '', 'secret'],
    [{ type: 'integer' }, 1, 'integer'],
    [{ type: ['integer', 'number'] }, 1, 'number'],
    [{ type: ['number', 'null'] }, null, 'number'],
    [{ type: 'boolean' }, true, 'boolean'],
    [{ enum: [1, 'a', null] }, 1, 'choice'],
    [{ type: 'array', items: { type: 'string' } }, [], 'lines'],
    [{ type: 'array' }, ['a'], 'lines'],
    [{ type: 'array' }, [{ a: 1 }], 'json'],
    [{ type: 'array', items: { type: 'integer' } }, [1], 'json'],
    [{ type: 'array', examples: ['a', 'b'] }, [], 'choices'],
    [{ type: 'object' }, {}, 'json'],
    [{ type: ['string', 'integer'] }, 1, 'json'],
    [{ const: 1 }, 1, 'fixed'],
    [{}, 5, 'integer'],
    [{}, 0.5, 'number'],
    [{}, 'a', 'text'],
    [{}, true, 'boolean'],
    [{}, null, 'json'],
    [{ anyOf: [{ type: 'integer' }, { type: 'null' }] }, null, 'integer'],
  ] as [Record<string, unknown>, Json, string][])('%j with %j', (schema, value, kind) => {
    expect(field(schema, value).kind).toBe(kind);
  });

  test('a name that tells of a secret makes one', () => {
    expect(field({ type: 'string' }, '', 'db_password').kind).toBe('secret');
    expect(field({ type: 'string' }, '', 'API_KEY').kind).toBe('secret');
    expect(field({ type: 'string' }, '', 'keyboard').kind).toBe('text');
  });
});

describe('an entry becomes a value', () => {
  test('numbers', () => {
    expect(read({ type: 'integer' }, '7')).toEqual({ value: 7 });
    expect(read({ type: 'integer' }, '7.5').fault?.key).toBe('integer');
    expect(read({ type: 'number' }, '1e3')).toEqual({ value: 1000 });
    expect(read({ type: 'number' }, 'x').fault?.key).toBe('number');
    expect(read({ type: 'integer', maximum: 5 }, '6').fault).toEqual({ key: 'max', what: { limit: 5 } });
  });

  test('nothing is null where null may be, and wanted where it may not', () => {
    expect(read({ type: ['string', 'null'] }, '')).toEqual({ value: null });
    expect(read({ type: 'integer' }, ' ').fault?.key).toBe('required');
    expect(read({ type: 'string' }, '').fault?.key).toBe('required');
    expect(read({ type: 'string' }, '', 'default')).toEqual({ value: '' });
  });

  test('what was not touched stays exactly what it was', () => {
    const at = field({ type: 'string', format: 'date-time' }, '2026-01-01T00:00:00.123456+09:00');
    expect(meaningOf(at, draftOf(at, at.initial, 'Europe/Oslo'), 'Europe/Oslo')).toEqual({
      value: at.initial,
    });
  });

  test('lists, choices and JSON', () => {
    expect(read({ type: 'array', items: { type: 'string' } }, 'a\n\nb')).toEqual({ value: ['a', 'b'] });
    expect(read({ type: 'array', examples: [1, 2] }, ['1', '2'])).toEqual({ value: [1, 2] });
    expect(read({ enum: [1, '1'] }, '"1"')).toEqual({ value: '1' });
    expect(read({ type: 'object' }, '{"a": 1}')).toEqual({ value: { a: 1 } });
    expect(read({ type: 'object' }, '{"a"').fault?.key).toBe('json');
    expect(read({ type: 'object' }, '[]').fault?.key).toBe('type');
  });

  test('only what differs from the defaults is in the conf, and what has no field stays', () => {
    const fields = fieldsOf({
      a: { value: 1, schema: { type: 'integer' }, description: null },
      b: { value: 'x', schema: { type: 'string' }, description: null },
    });
    const drafts = draftsOf(fields, { b: 'y' }, 'UTC');
    expect(confOf(fields, drafts, { b: 'y', other: [1] }, 'UTC')).toEqual({
      conf: { b: 'y', other: [1] },
      faults: {},
    });
    expect(confOf(fields, { ...drafts, a: 'no' }, {}, 'UTC').faults.a?.key).toBe('integer');
  });

  test('a conf as text is an object', () => {
    expect(confOfText(' ')).toEqual({ conf: {} });
    expect(confOfText('{"a": [1]}')).toEqual({ conf: { a: [1] } });
    expect(confOfText('[1]').fault?.key).toBe('object');
    expect(confOfText('{').fault?.key).toBe('json');
  });
});

describe('a schema accepts', () => {
  test.each([
    [{ type: 'number' }, 1, null],
    [{ type: 'integer' }, 1.5, 'type'],
    [{ exclusiveMinimum: 0 }, 0, 'above'],
    [{ exclusiveMaximum: 5 }, 5, 'below'],
    [{ multipleOf: 0.1 }, 0.3, null],
    [{ multipleOf: 2 }, 3, 'step'],
    [{ minLength: 2 }, '한', 'minLength'],
    [{ maxLength: 1 }, '👍', null],
    [{ pattern: '^[A-Z]' }, 'a', 'pattern'],
    [{ pattern: '(?P<python>a)' }, 'b', null],
    [{ type: 'string', format: 'date' }, '2026-1-1', 'format'],
    [{ minItems: 1 }, [], 'minItems'],
    [{ uniqueItems: true }, [1, 1], 'unique'],
    [{ items: { type: 'string' } }, ['a', 1], 'type'],
    [{ required: ['a'] }, {}, 'missing'],
    [{ properties: { a: { maximum: 1 } } }, { a: 2 }, 'max'],
    [{ enum: [{ a: [1] }] }, { a: [1] }, null],
    [{ enum: ['a'] }, 'b', 'enum'],
  ] as [Record<string, unknown>, Json, string | null][])('%j of %j: %s', (schema, value, key) => {
    expect(check(schema, value)?.key ?? null).toBe(key);
  });
});

describe('times of a zone', () => {
  test('a wall clock and its moment', () => {
    expect(instantOf('2026-11-29T08:15:02', 'Asia/Seoul')).toBe('2026-11-29T08:15:02+09:00');
    expect(instantOf('2026-07-01T12:00', 'America/New_York')).toBe('2026-07-01T12:00:00-04:00');
    expect(wallOf('2026-11-28T23:15:02Z', 'Asia/Seoul')).toBe('2026-11-29T08:15:02');
    expect(instantOf('nothing', 'UTC')).toBeNull();
    expect(wallOf('nothing', 'UTC')).toBe('');
  });

  test('where clocks turn', () => {
    // 02:30 is left out in Oslo on 29 March 2026, and comes twice on 25 October.
    expect(instantOf('2026-03-29T02:30:00', 'Europe/Oslo')).toBe('2026-03-29T02:30:00+01:00');
    expect(instantOf('2026-10-25T02:30:00', 'Europe/Oslo')).toBe('2026-10-25T02:30:00+02:00');
    expect(instantOf('2026-03-29T03:00:00', 'Europe/Oslo')).toBe('2026-03-29T03:00:00+02:00');
  });
});

describe('lines for a shell', () => {
  const printed = (line: string) =>
    execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
      .split('\0')
      .slice(0, -1);

  test.each(['plain', 'a b', "it's", '$(touch /x) `id` "q"', 'new\nline', '', '한국 ~ *', "'''", '\\'])(
    'a shell reads %j as it was',
    (word) => {
      expect(printed(quoted(word))).toEqual([word]);
    },
  );

  test('the whole command', () => {
    const line = commandLine("it's $HOME", {
      logical_date: '2026-11-29T08:15:02+09:00',
      conf: { name: "O'Hara", list: ['a b'] },
      note: '-v',
      dag_run_id: 'a run',
    });
    expect(printed(line)).toEqual([
      'windward',
      'dags',
      'trigger',
      '--conf',
      '{"name":"O\'Hara","list":["a b"]}',
      '--logical-date',
      '2026-11-29T08:15:02+09:00',
      '--run-id',
      'a run',
      '--note=-v',
      "it's $HOME",
    ]);
  });

  test('the request', () => {
    const words = printed(curlLine('http://h:1', 'a/b c', { logical_date: null, conf: { a: "'" } }));
    expect(words[3]).toBe('http://h:1/api/v2/dags/a%2Fb%20c/dagRuns');
    expect(JSON.parse(words.at(-1) ?? '')).toEqual({ logical_date: null, conf: { a: "'" } });
  });

  test('secrets are not shown', () => {
    const fields = fieldsOf({ password: { value: '', schema: { type: 'string' }, description: null } });
    expect(masked({ password: 'x', other: 'y' }, fields)).toEqual({ password: '***', other: 'y' });
  });
});
