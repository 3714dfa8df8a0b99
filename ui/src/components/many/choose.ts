/** Which rows of a list are chosen: one by one, from here to there, all. Pure. */

/** Most rows that are acted on at once. */
export const CHOSEN_MAX = 500;

/** The chosen rows by key, as they were when last seen. */
export type Kept<T> = ReadonlyMap<string, T>;
export type KeyOf<T> = (row: T) => string;

/** Return the choice with some rows put in or taken out. */
export function withRows<T>(before: Kept<T>, rows: readonly T[], keyOf: KeyOf<T>, isOn: boolean): Kept<T> {
  const after = new Map(before);
  for (const row of rows) {
    const key = keyOf(row);
    if (!isOn) after.delete(key);
    else if (after.size < CHOSEN_MAX || after.has(key)) after.set(key, row);
  }
  return after;
}

/** Return the rows from one to another, both included, whichever comes first; without the one, only the other. */
export function between<T>(rows: readonly T[], keyOf: KeyOf<T>, from: string | null, to: string): T[] {
  const end = rows.findIndex((row) => keyOf(row) === to);
  const begin = rows.findIndex((row) => keyOf(row) === from);
  if (end < 0) return [];
  return begin < 0 ? rows.slice(end, end + 1) : rows.slice(Math.min(begin, end), Math.max(begin, end) + 1);
}

/** Return whether all of some rows are chosen, some of them, or none. */
export function extent<T>(kept: Kept<T>, rows: readonly T[], keyOf: KeyOf<T>): 'none' | 'some' | 'all' {
  const count = rows.filter((row) => kept.has(keyOf(row))).length;
  if (count === 0) return 'none';
  return count === rows.length ? 'all' : 'some';
}

/** Return the chosen rows as they are now, those of the list in its order; and how many are not in the list. */
export function asShown<T>(kept: Kept<T>, shown: readonly T[], keyOf: KeyOf<T>): { rows: T[]; away: number } {
  const here = shown.filter((row) => kept.has(keyOf(row)));
  const seen = new Set(here.map(keyOf));
  const others = [...kept].flatMap(([key, row]) => (seen.has(key) ? [] : [row]));
  return { rows: [...here, ...others], away: others.length };
}
