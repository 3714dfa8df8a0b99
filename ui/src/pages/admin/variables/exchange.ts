/** Variables as a file: an object of keys and values, as Airflow writes it. */
import { parseJson } from '@/lib/json';
import { isMasked, isPartlyMasked } from '../shared/secrets';

export interface Entry {
  key: string;
  value: unknown;
  description: string | null;
}

interface Shown {
  key: string;
  value: string;
  description: string | null;
}

function plain(text: string): unknown {
  try {
    const read: unknown = parseJson(text);
    return typeof read === 'object' && read !== null ? read : text;
  } catch {
    return text;
  }
}

/** Return the file, and the keys that are left out because they hold what is masked. */
export function exported(variables: Shown[]): { text: string; leftOut: string[] } {
  const isSecret = (one: Shown) => isMasked(one.value) || isPartlyMasked(one.value);
  const entries = variables
    .filter((one) => !isSecret(one))
    .map((one) => [
      one.key,
      one.description === null || one.description === ''
        ? plain(one.value)
        : { value: plain(one.value), description: one.description },
    ]);
  return {
    text: `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`,
    leftOut: variables.filter(isSecret).map((one) => one.key),
  };
}

/** Read such a file. Throws an `Error` that says what is wrong with it. */
export function imported(text: string): Entry[] {
  const read: unknown = parseJson(text);
  if (typeof read !== 'object' || read === null || Array.isArray(read)) {
    throw new Error('{…}');
  }
  return Object.entries(read).map(([key, value]) => {
    const isDescribed =
      typeof value === 'object' &&
      value !== null &&
      'value' in value &&
      Object.keys(value).every((name) => name === 'value' || name === 'description');
    if (!isDescribed) return { key, value, description: null };
    const { value: inner, description } = value as { value: unknown; description?: unknown };
    return { key, value: inner, description: typeof description === 'string' ? description : null };
  });
}
