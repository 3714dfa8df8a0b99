/** A year as weeks of days, each with what its runs came to. */

export interface DayCell {
  /** `2026-11-29`, in the zone of the viewer. */
  date: string;
  /** Week of the year that the picture has as columns, and day of the week from Monday. */
  week: number;
  weekday: number;
  counts: Record<string, number>;
}

const DAY_MS = 86_400_000;

/** The days of a year, in order, without what they hold. */
export function daysOf(year: number): DayCell[] {
  const days: DayCell[] = [];
  const first = Date.UTC(year, 0, 1);
  const offset = (new Date(first).getUTCDay() + 6) % 7;
  for (let at = first; at < Date.UTC(year + 1, 0, 1); at += DAY_MS) {
    const place = Math.round((at - first) / DAY_MS) + offset;
    days.push({
      date: new Date(at).toISOString().slice(0, 10),
      week: Math.floor(place / 7),
      weekday: place % 7,
      counts: {},
    });
  }
  return days;
}

/** Sum up runs by day and state. `dayOf` tells the day of a moment in the viewer's zone. */
export function yearOf(
  year: number,
  counts: readonly { at: string; state: string; count: number }[],
  dayOf: (at: string) => string,
): DayCell[] {
  const days = daysOf(year);
  const byDate = new Map(days.map((day) => [day.date, day]));
  for (const { at, state, count } of counts) {
    const day = byDate.get(dayOf(at));
    if (day !== undefined) day.counts[state] = (day.counts[state] ?? 0) + count;
  }
  return days;
}

/** What a day came to: the worst of its runs; `mixed` when some failed and others did not. */
export function outcomeOf(counts: Record<string, number>): string | null {
  const failed = counts.failed ?? 0;
  if (failed > 0) return (counts.success ?? 0) > 0 ? 'mixed' : 'failed';
  if ((counts.running ?? 0) > 0) return 'running';
  if ((counts.success ?? 0) > 0) return 'success';
  if ((counts.queued ?? 0) > 0) return 'queued';
  return (counts.planned ?? 0) > 0 ? 'planned' : null;
}

/** Whether a zone differs from UTC by whole hours, in winter and in summer. */
export function hasWholeHours(zone: string, year: number): boolean {
  const minute = new Intl.DateTimeFormat('en', { timeZone: zone, minute: 'numeric' });
  return [0, 6].every((month) => Number(minute.format(Date.UTC(year, month, 1))) === 0);
}
