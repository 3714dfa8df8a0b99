/** A line of the audit log: what was asked, and what of it changed. */

import type { Schema } from '@/api/client';
import { parseJson } from '@/lib/json';

export type Line = Schema['EventLogResponse'];

export interface FieldChange {
  field: string;
  before: unknown;
  after: unknown;
}

export interface Change {
  kind: string;
  name: string;
  /** Whether it was made, changed or taken away. */
  how: 'made' | 'changed' | 'gone';
  fields: FieldChange[];
}

export interface EventDetails {
  status: number | null;
  address: string;
  method: string;
  credential: string;
  changes: Change[];
  more: number;
  /** What else it holds: the path, the query, the body. */
  rest: Record<string, unknown>;
}

type Fields = Record<string, unknown>;

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : value == null
      ? {}
      : { value };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Return one change; of what was changed, only the fields that differ. */
export function changeOf(raw: unknown): Change {
  const { kind, name, before, after } = fieldsOf(raw);
  const [old, young] = [fieldsOf(before), fieldsOf(after)];
  const how = before == null ? 'made' : after == null ? 'gone' : 'changed';
  const names = [...new Set([...Object.keys(old), ...Object.keys(young)])];
  const fields = names
    .filter((field) => !isSame(old[field], young[field]))
    .filter((field) => (old[field] ?? young[field]) != null)
    .map((field) => ({ field, before: old[field], after: young[field] }));
  return { kind: String(kind ?? ''), name: String(name ?? ''), how, fields };
}

/** Read the details of a line; what is no JSON is shown as it is. */
export function detailsOf(extra: string | null): EventDetails {
  let read: Fields = {};
  try {
    read = fieldsOf(parseJson(extra ?? '{}'));
  } catch {
    read = { extra };
  }
  const { status, address, method, credential, changes, more_changes, ...rest } = read;
  return {
    status: typeof status === 'number' ? status : null,
    address: typeof address === 'string' ? address : '',
    method: typeof method === 'string' ? method : '',
    credential: typeof credential === 'string' ? credential : '',
    changes: Array.isArray(changes) ? changes.map(changeOf) : [],
    more: typeof more_changes === 'number' ? more_changes : 0,
    rest: Object.fromEntries(Object.entries(rest).filter(([, value]) => !isSame(value, {}))),
  };
}

export interface Gist {
  kind: string;
  name: string;
  how: Change['how'];
  /** What of it changed, while that is little. */
  fields: FieldChange[];
}
const GIST_MAX = 3;

/** Say in short what changed: a few fields, each as the first thing had it; of much, only what it happened to. */
export function gistOf({ changes }: EventDetails): Gist | null {
  const [first] = changes;
  if (first === undefined) return null;
  const { kind, name, how } = first;
  if (first.fields.length > GIST_MAX) return { kind, name, how, fields: [] };
  const fields = new Map<string, FieldChange>();
  for (const one of changes.flatMap((change) => change.fields)) {
    if (!fields.has(one.field)) fields.set(one.field, one);
  }
  // What was done comes before why.
  const note = fields.get('note');
  const others = [...fields.values()].filter((one) => one !== note);
  return { kind, name, how, fields: [...others, ...(note ? [note] : [])].slice(0, GIST_MAX) };
}

/** Show a value in a line. */
export function shownValue(value: unknown): string {
  return typeof value === 'string' ? value : value == null ? '–' : JSON.stringify(value);
}

/** Return a moment that a person typed (`2026-11-29T08:00`), meant in UTC, as the server takes it. */
export function momentOf(typed: string | undefined): string | undefined {
  if (!typed) return undefined;
  const at = new Date(/([zZ]|[+-]\d\d:?\d\d)$/.test(typed) ? typed : `${typed}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
