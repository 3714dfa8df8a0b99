/**
 * Params as fields of a form: which kind of field a JSON schema asks for, what a person's entry means, and whether the
 * schema accepts it. The server checks again; what is not known here is left to it.
 */
import { numberOf, parseJson } from '@/lib/json';
import { instantOf, wallOf } from './TriggerTimes';

export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };
export type Conf = Record<string, Json>;

export interface ParamSpec {
  value: Json;
  schema: Record<string, unknown>;
  description: string | null;
}

export type FieldKind =
  | 'text'
  | 'multiline'
  | 'secret'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'choice'
  | 'choices'
  | 'lines'
  | 'date'
  | 'time'
  | 'datetime'
  | 'json'
  | 'fixed';

/** What stands in a field: a text, a switch, or the keys of what was chosen. */
export type Draft = string | boolean | string[];

export interface Choice {
  /** The value, as JSON. */
  key: string;
  label: string;
}

export interface Field {
  name: string;
  kind: FieldKind;
  label: string;
  description: string;
  /** Whether the description is Markdown. */
  isMarkdown: boolean;
  section: string;
  isNullable: boolean;
  choices: Choice[];
  /** Values that are proposed for a text. */
  proposals: string[];
  schema: Record<string, unknown>;
  initial: Json;
}

/** What is wrong with an entry: a key of the words, and what they name. */
export interface Fault {
  key: string;
  what?: Record<string, string | number>;
}

export type Entry = { value: Json; fault?: undefined } | { value?: undefined; fault: Fault };

const SECRET = /pass(word|wd|phrase)|secret|token|api_?key|private_?key|authorization|credential/i;

function typesOf(schema: Record<string, unknown>): string[] {
  const { type } = schema;
  const types = Array.isArray(type) ? type.map(String) : typeof type === 'string' ? [type] : [];
  for (const part of ['anyOf', 'oneOf']) {
    const inner = schema[part];
    if (types.length === 0 && Array.isArray(inner))
      return inner.flatMap((one) => typesOf(one as Record<string, unknown>));
  }
  return types;
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'bigint') return 'integer';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function kindOf(name: string, schema: Record<string, unknown>, types: string[], initial: Json): FieldKind {
  if ('const' in schema) return 'fixed';
  if (Array.isArray(schema.enum)) return 'choice';
  const known = types.filter((type) => type !== 'null');
  if (known.length > 1 && !(known.length === 2 && known.includes('integer') && known.includes('number')))
    return 'json';
  const type = known.includes('number') ? 'number' : (known[0] ?? typeOf(initial));
  const format = typeof schema.format === 'string' ? schema.format : '';
  if (type === 'array') {
    if (Array.isArray(schema.examples)) return 'choices';
    const items = (schema.items ?? {}) as Record<string, unknown>;
    const isText =
      items.type === 'string' || (items.type === undefined && Array.isArray(initial) && initial.length > 0);
    const isTextNow = !Array.isArray(initial) || initial.every((one) => typeof one === 'string');
    return isText && isTextNow ? 'lines' : 'json';
  }
  if (type === 'boolean' || type === 'integer' || type === 'number') return type;
  if (type === 'object' || type === 'null') return 'json';
  if (format === 'multiline') return 'multiline';
  if (format === 'date' || format === 'time') return format;
  if (format === 'date-time') return 'datetime';
  if (format === 'password' || schema.writeOnly === true || SECRET.test(name)) return 'secret';
  return typeof initial === 'string' && initial.includes('\n') ? 'multiline' : 'text';
}

/** Return the field for a param. */
export function fieldOf(name: string, param: ParamSpec): Field {
  const schema = param.schema ?? {};
  const types = typesOf(schema);
  const initial = (param.value ?? null) as Json;
  const shown = (schema.values_display ?? {}) as Record<string, string>;
  const kind = kindOf(name, schema, types, initial);
  const offered = (kind === 'choice' ? schema.enum : kind === 'choices' ? schema.examples : []) as Json[];
  const word = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value));
  const examples = kind === 'text' && Array.isArray(schema.examples) ? (schema.examples as Json[]) : [];
  return {
    name,
    kind,
    label: typeof schema.title === 'string' && schema.title !== '' ? schema.title : name,
    description:
      param.description ?? (typeof schema.description_md === 'string' ? schema.description_md : ''),
    isMarkdown: param.description == null && typeof schema.description_md === 'string',
    section: typeof schema.section === 'string' ? schema.section : '',
    isNullable:
      types.includes('null') ||
      (Array.isArray(schema.enum) && schema.enum.includes(null)) ||
      (types.length === 0 && !Array.isArray(schema.enum) && initial === null),
    choices: offered.map((value) => ({
      key: JSON.stringify(value),
      label: shown[word(value)] ?? word(value),
    })),
    proposals: examples.map(word),
    schema,
    initial,
  };
}

/** Return the fields of all params, in the DAG's order, those without a section first. */
export function fieldsOf(params: Record<string, ParamSpec> | null | undefined): Field[] {
  return Object.entries(params ?? {}).map(([name, param]) => fieldOf(name, param));
}

/** Show a value in its field. `zone` is that of dates with times. */
export function draftOf(field: Field, value: Json, zone: string): Draft {
  switch (field.kind) {
    case 'boolean':
      return value === true;
    case 'choice':
      return value === null && !field.isNullable ? '' : JSON.stringify(value);
    case 'choices':
      return Array.isArray(value) ? value.map((one) => JSON.stringify(one)) : [];
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : '';
    case 'json':
      return value === null ? '' : JSON.stringify(value, null, 2);
    case 'datetime':
      return typeof value === 'string' ? wallOf(value, zone) : '';
    default:
      return value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  }
}

function readText(field: Field, text: string, zone: string): Entry {
  switch (field.kind) {
    case 'integer': {
      const number = numberOf(text);
      const isWhole = typeof number === 'bigint' || Number.isSafeInteger(number);
      return isWhole ? { value: number } : { fault: { key: 'integer' } };
    }
    case 'number': {
      const number = Number(text);
      return Number.isFinite(number) ? { value: number } : { fault: { key: 'number' } };
    }
    case 'datetime': {
      const at = instantOf(text, zone);
      return at === null ? { fault: { key: 'datetime' } } : { value: at };
    }
    case 'lines':
      return { value: text.split('\n').filter((line) => line !== '') };
    case 'choice':
    case 'json':
      return readJson(text);
    default:
      return { value: text };
  }
}

function readJson(text: string): Entry {
  try {
    return { value: parseJson(text) as Json };
  } catch (error) {
    return { fault: { key: 'json', what: { why: error instanceof Error ? error.message : '' } } };
  }
}

/** Return what an entry means, or what is wrong with it. An entry that was not touched means the default. */
export function meaningOf(field: Field, draft: Draft, zone: string): Entry {
  if (field.kind === 'fixed') return { value: (field.schema.const ?? field.initial) as Json };
  if (field.initial !== null && same(draft, draftOf(field, field.initial, zone)))
    return { value: field.initial };
  let entry: Entry;
  if (typeof draft === 'boolean') entry = { value: draft };
  else if (Array.isArray(draft)) entry = { value: draft.map((key) => parseJson(key) as Json) };
  else if (
    draft.trim() === '' &&
    !(['lines', 'text', 'multiline', 'secret'].includes(field.kind) && draft !== '')
  ) {
    if (field.isNullable) return { value: null };
    const isEmptyText = ['text', 'multiline', 'secret'].includes(field.kind);
    if (field.kind === 'lines') entry = { value: [] };
    else if (!isEmptyText || field.initial === null) return { fault: { key: 'required' } };
    else entry = { value: '' };
  } else entry = readText(field, draft, zone);
  if (entry.fault !== undefined) return entry;
  const fault = check(field.schema, entry.value);
  return fault === null ? entry : { fault };
}

/** Say why a schema does not accept a value, as far as the subset goes that forms use. */
export function check(schema: Record<string, unknown>, value: Json): Fault | null {
  const types = typesOf(schema);
  const type = typeOf(value);
  if (types.length > 0 && !types.includes(type) && !(type === 'integer' && types.includes('number'))) {
    return { key: 'type', what: { types: types.join(', ') } };
  }
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => same(one, value))) {
    return { key: 'enum', what: { values: schema.enum.map((one) => JSON.stringify(one)).join(', ') } };
  }
  if ('const' in schema && !same(schema.const, value)) {
    return { key: 'enum', what: { values: JSON.stringify(schema.const) } };
  }
  if (typeof value === 'number' || typeof value === 'bigint') return checkNumber(schema, Number(value));
  if (typeof value === 'string') return checkText(schema, value);
  if (Array.isArray(value)) return checkItems(schema, value);
  if (value !== null && typeof value === 'object') return checkObject(schema, value);
  return null;
}

function limit(schema: Record<string, unknown>, name: string): number | null {
  const found = schema[name];
  return typeof found === 'number' ? found : null;
}

function checkNumber(schema: Record<string, unknown>, value: number): Fault | null {
  const least = limit(schema, 'minimum');
  const most = limit(schema, 'maximum');
  const above = limit(schema, 'exclusiveMinimum');
  const below = limit(schema, 'exclusiveMaximum');
  const step = limit(schema, 'multipleOf');
  if (least !== null && value < least) return { key: 'min', what: { limit: least } };
  if (most !== null && value > most) return { key: 'max', what: { limit: most } };
  if (above !== null && value <= above) return { key: 'above', what: { limit: above } };
  if (below !== null && value >= below) return { key: 'below', what: { limit: below } };
  if (step !== null && step > 0 && Math.abs(value / step - Math.round(value / step)) > 1e-9) {
    return { key: 'step', what: { limit: step } };
  }
  return null;
}

const FORMATS: Record<string, RegExp> = {
  date: /^\d{4}-\d{2}-\d{2}$/,
  time: /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/,
  'date-time': /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/,
  email: /^[^@\s]+@[^@\s]+$/,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

function checkText(schema: Record<string, unknown>, value: string): Fault | null {
  const least = limit(schema, 'minLength');
  const most = limit(schema, 'maxLength');
  const { length } = [...value];
  if (least !== null && length < least) return { key: 'minLength', what: { limit: least } };
  if (most !== null && length > most) return { key: 'maxLength', what: { limit: most } };
  if (typeof schema.pattern === 'string') {
    const pattern = compiled(schema.pattern);
    if (pattern !== null && !pattern.test(value))
      return { key: 'pattern', what: { pattern: schema.pattern } };
  }
  const format = typeof schema.format === 'string' ? FORMATS[schema.format] : undefined;
  if (format !== undefined && !format.test(value))
    return { key: 'format', what: { format: String(schema.format) } };
  return null;
}

/** Patterns are Python's: one that the browser does not read is left to the server. */
function compiled(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
}

function checkItems(schema: Record<string, unknown>, value: Json[]): Fault | null {
  const least = limit(schema, 'minItems');
  const most = limit(schema, 'maxItems');
  if (least !== null && value.length < least) return { key: 'minItems', what: { limit: least } };
  if (most !== null && value.length > most) return { key: 'maxItems', what: { limit: most } };
  if (schema.uniqueItems === true && new Set(value.map((one) => JSON.stringify(one))).size < value.length) {
    return { key: 'unique' };
  }
  const items = schema.items;
  if (typeof items === 'object' && items !== null && !Array.isArray(items)) {
    for (const one of value) {
      const fault = check(items as Record<string, unknown>, one);
      if (fault !== null) return fault;
    }
  }
  return null;
}

function checkObject(schema: Record<string, unknown>, value: Record<string, Json>): Fault | null {
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  if (missing.length > 0) return { key: 'missing', what: { names: missing.join(', ') } };
  const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
  for (const [name, one] of Object.entries(value)) {
    const inner = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const fault = inner === undefined ? null : check(inner, one);
    if (fault !== null) return fault;
  }
  return null;
}

/** Whether two JSON values are the same. */
export function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const [mine, theirs] = [Object.entries(left), Object.entries(right)];
  return (
    mine.length === theirs.length &&
    mine.every(
      ([key, value]) => Object.hasOwn(right, key) && same(value, (right as Record<string, unknown>)[key]),
    )
  );
}

export type Drafts = Record<string, Draft>;

/** Return a form's entries for a conf: what the conf does not say is the default. */
export function draftsOf(fields: Field[], conf: Conf, zone: string): Drafts {
  return Object.fromEntries(
    fields.map((field) => [
      field.name,
      draftOf(field, Object.hasOwn(conf, field.name) ? (conf[field.name] as Json) : field.initial, zone),
    ]),
  );
}

/** Return the conf that a form means: what differs from the defaults, and `extra`, which has no field. */
export function confOf(
  fields: Field[],
  drafts: Drafts,
  extra: Conf,
  zone: string,
): { conf: Conf; faults: Record<string, Fault> } {
  const known = new Set(fields.map((field) => field.name));
  const conf: Conf = Object.fromEntries(Object.entries(extra).filter(([name]) => !known.has(name)));
  const faults: Record<string, Fault> = {};
  for (const field of fields) {
    const entry = meaningOf(field, drafts[field.name] ?? '', zone);
    if (entry.fault !== undefined) faults[field.name] = entry.fault;
    else if (!same(entry.value, field.initial)) conf[field.name] = entry.value;
  }
  return { conf, faults };
}

/** Return the conf that a text says. */
export function confOfText(
  text: string,
): { conf: Conf; fault?: undefined } | { conf?: undefined; fault: Fault } {
  if (text.trim() === '') return { conf: {} };
  const entry = readJson(text);
  if (entry.fault !== undefined) return { fault: entry.fault };
  if (entry.value === null || typeof entry.value !== 'object' || Array.isArray(entry.value)) {
    return { fault: { key: 'object' } };
  }
  return { conf: entry.value };
}
