/** The extra of a connection as fields: its text stays the truth, and what no field is for stays in it. Pure. */
import { numberOf, parseJson } from '@/lib/json';
import { MASK } from '../shared/secrets';

export type Extra = Readonly<Record<string, unknown>>;

/** Return what a text of extras holds; null when it is no JSON object. */
export function extraOf(text: string): Extra | null {
  if (text.trim() === '') return {};
  try {
    const found: unknown = parseJson(text);
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as Extra) : null;
  } catch {
    return null;
  }
}

/** Return the text with another value for a key; with `undefined` the key goes. */
export function withExtra(text: string, key: string, value: unknown): string {
  const { [key]: _, ...others } = extraOf(text) ?? {};
  const after = value === undefined ? others : { ...extraOf(text), [key]: value };
  return Object.keys(after).length === 0 ? '' : JSON.stringify(after, null, 2);
}

/** A value as a field shows it: what is secret is not shown. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null || value === MASK) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

/** What a person typed, as the value of a kind; `undefined` when nothing is left. */
export function typedValue(typed: string, kind: string): unknown {
  if (typed === '') return undefined;
  if (kind === 'boolean') return typed === 'true';
  if (kind === 'integer' || kind === 'number')
    return Number.isFinite(Number(typed)) ? numberOf(typed) : typed;
  if (kind !== 'json') return typed;
  try {
    const found: unknown = parseJson(typed);
    return typeof found === 'object' && found !== null ? found : typed;
  } catch {
    return typed;
  }
}
