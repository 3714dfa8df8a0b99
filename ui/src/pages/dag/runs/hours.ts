/** Hours of a week or of a month, each with what its runs came to; and when they begin in a zone. Pure. */

export const SPANS = ['month', 'week'] as const;
export type Span = (typeof SPANS)[number];

export interface HourCell {
  /** `2026-11-29`, in the zone of the viewer. */
  date: string;
  hour: number;
  counts: Record<string, number>;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const HOURS = 24;

const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10);
const numberOf = (date: string) => Date.parse(`${date}T00:00:00Z`);

/** Whether a text of the address is a day that there is. */
export function isDate(text: string | undefined): text is string {
  if (text === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  return !Number.isNaN(numberOf(text)) && dateOf(numberOf(text)) === text;
}

/** Return the days of the week, from Monday, or of the month that a day is in. */
export function daysAround(date: string, span: Span): string[] {
  const at = numberOf(date);
  const day = new Date(at);
  if (span === 'week') {
    const monday = at - ((day.getUTCDay() + 6) % 7) * DAY_MS;
    return Array.from({ length: 7 }, (_, number) => dateOf(monday + number * DAY_MS));
  }
  const first = Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 1);
  const count = Math.round((Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1) - first) / DAY_MS);
  return Array.from({ length: count }, (_, number) => dateOf(first + number * DAY_MS));
}

/** Return a day of the week or month that is so many further on. */
export function further(date: string, span: Span, by: number): string {
  if (span === 'week') return dateOf(numberOf(date) + by * 7 * DAY_MS);
  const day = new Date(numberOf(date));
  return dateOf(Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + by, 1));
}

/** Return the moment at which an hour of a day begins in a zone. `wall` tells the day and the hour of a moment there. */
export function beginOf(date: string, hour: number, wall: (at: number) => string): number {
  const wanted = numberOf(date) + hour * HOUR_MS;
  const offsetAt = (at: number) => Date.parse(`${wall(at)}:00Z`) - Math.floor(at / 60_000) * 60_000;
  // By the offset before and that behind: an hour that comes twice begins the first time, and one that is left
  // out when it would.
  const guessAt = (near: number) => wanted - offsetAt(near);
  const [first, second] = [guessAt(wanted - DAY_MS), guessAt(wanted + DAY_MS)];
  if (first === second || first + offsetAt(first) === wanted) return first;
  return second + offsetAt(second) === wanted ? second : first;
}

/** Sum up runs by day, hour and state. `wall` tells the clock of a moment in the viewer's zone: `2026-11-29T08:15`. */
export function hoursOf(
  days: readonly string[],
  counts: readonly { at: string; state: string; count: number }[],
  wall: (at: number) => string,
): HourCell[][] {
  const cells = days.map((date) =>
    Array.from({ length: HOURS }, (_, hour): HourCell => ({ date, hour, counts: {} })),
  );
  const places = new Map(days.map((date, at) => [date, at]));
  for (const { at, state, count } of counts) {
    const clock = wall(Date.parse(at));
    const cell = cells[places.get(clock.slice(0, 10)) ?? -1]?.[Number(clock.slice(11, 13))];
    if (cell !== undefined) cell.counts[state] = (cell.counts[state] ?? 0) + count;
  }
  return cells;
}
