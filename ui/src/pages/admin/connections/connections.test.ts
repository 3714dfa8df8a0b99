import { describe, expect, it } from 'vitest';
import { MASK } from '../shared/secrets';
import { type ConnectionFields, fieldsOf } from './connection';
import { extraOf, shownValue, typedValue, withExtra } from './extra';
import { type ConnectionType, type Field, formOf, foundBy, mayBecome } from './types';

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name,
  label: '',
  placeholder: '',
  hint: '',
  kind: 'text',
  is_secret: false,
  choices: [],
  ...more,
});
const type = (name: string, fields: string[], extras: string[] = []): ConnectionType => ({
  connection_type: name,
  name: name.toUpperCase(),
  package_name: '',
  fields: fields.map((one) => field(one)),
  extras: extras.map((one) => field(one)),
});
const EMPTY: ConnectionFields = fieldsOf(null);
const NOTHING = { hasPassword: false, isExtraMasked: false };
const SSH = type('ssh', ['host', 'port', 'login', 'password'], ['key_file']);
const FILE = type('sqlite', ['host']);
const HTTP = type('http', ['host', 'extra']);
const namesIn = (form: ReturnType<typeof formOf>) => form.rows.map((row) => row.map(({ name }) => name));

describe('the form of a connection', () => {
  it('has the fields that its type uses, in pairs', () => {
    expect(namesIn(formOf(SSH, EMPTY, NOTHING, false))).toEqual([
      ['host', 'port'],
      ['login', 'password'],
    ]);
    expect(namesIn(formOf(FILE, EMPTY, NOTHING, false))).toEqual([['host']]);
  });

  it('has all of them for a type that nobody knows, and when somebody asks', () => {
    const all = [['host', 'port'], ['login', 'password'], ['schema']];
    expect(namesIn(formOf(undefined, EMPTY, NOTHING, false))).toEqual(all);
    expect(namesIn(formOf(FILE, EMPTY, NOTHING, true))).toEqual(all);
    expect(
      formOf(undefined, EMPTY, NOTHING, false)
        .rows.flat()
        .some((one) => one.isUnused),
    ).toBe(false);
  });

  it('hides nothing that is stored', () => {
    const form = formOf(FILE, { ...EMPTY, port: 7 }, { ...NOTHING, hasPassword: true }, false);
    expect(form.rows.flat().map(({ name, isUnused }) => [name, isUnused])).toEqual([
      ['host', false],
      ['port', true],
      ['password', true],
    ]);
  });

  it('shows the extra as text where fields do not hold all of it', () => {
    const jsonOf = (of: ConnectionType | undefined, extra: string, kept = NOTHING) =>
      formOf(of, { ...EMPTY, extra }, kept, false).json;
    expect(jsonOf(SSH, '')).toBe('asked');
    expect(jsonOf(SSH, '{"key_file": "/k"}')).toBe('asked');
    expect(jsonOf(SSH, '{"key_file": "/k", "compress": true}')).toBe('shown');
    expect(jsonOf(SSH, '{')).toBe('shown');
    expect(jsonOf(SSH, '', { ...NOTHING, isExtraMasked: true })).toBe('shown');
    expect(jsonOf(FILE, '')).toBe('asked');
    expect(jsonOf(HTTP, '')).toBe('shown');
    expect(jsonOf(undefined, '')).toBe('shown');
  });
});

describe('types of connections', () => {
  const TYPES = [type('aws', []), type('mssql', []), type('sqlite', [])];

  it('are found by their names and by what they are called, the nearest first', () => {
    expect(foundBy(TYPES, 's', () => 'x')).toEqual(['sqlite', 'aws', 'mssql']);
    expect(foundBy(TYPES, 'amazon', (name) => (name === 'AWS' ? 'Amazon' : name))).toEqual(['aws']);
  });

  it('are not called unknown while they are typed', () => {
    expect(mayBecome(TYPES, 'sql')).toBe(true);
    expect(mayBecome(TYPES, 'strange')).toBe(false);
  });
});

describe('an extra as fields', () => {
  it('is changed by key, and keeps what no field is for, in its order', () => {
    expect(extraOf(withExtra('{"a": 1, "b": {"c": 2}, "d": 3}', 'b', 'x'))).toEqual({ a: 1, b: 'x', d: 3 });
    expect(Object.keys(extraOf(withExtra('{"a": 1, "b": 2}', 'a', 3)) ?? {})).toEqual(['a', 'b']);
    expect(withExtra('', 'a', true)).toBe('{\n  "a": true\n}');
    expect(withExtra('{"a": 1}', 'a', undefined)).toBe('');
  });

  it('is no fields where it is no object', () => {
    expect([extraOf('{'), extraOf('[1]'), extraOf('null'), extraOf('"x"')]).toEqual([null, null, null, null]);
    expect(extraOf(' ')).toEqual({});
  });

  it('shows no secret, and everything else as it is', () => {
    expect(shownValue(MASK)).toBe('');
    expect([shownValue('x'), shownValue(5), shownValue(false), shownValue(null)]).toEqual([
      'x',
      '5',
      'false',
      '',
    ]);
    expect(shownValue({ a: 1 })).toBe('{\n  "a": 1\n}');
  });

  it('takes what is typed as the kind of the field wants it', () => {
    expect(typedValue('', 'text')).toBeUndefined();
    expect(typedValue('30', 'integer')).toBe(30);
    expect(typedValue('30', 'text')).toBe('30');
    expect(typedValue('false', 'boolean')).toBe(false);
    expect(typedValue('{"a": 1}', 'json')).toEqual({ a: 1 });
    expect(typedValue('{"a": ', 'json')).toBe('{"a": ');
  });
});
