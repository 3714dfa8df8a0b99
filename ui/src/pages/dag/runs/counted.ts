/** What days and hours of a calendar have in common: their words, their sums, and the span of their runs. */
import { useTranslation } from 'react-i18next';
import { showMoment } from '@/lib/time';
import { beginOf, HOURS } from './hours';

/** Returns the clock of a moment in a zone: `2026-11-29T08:15`. */
export const wallOf = (zone: string) => (at: number) =>
  showMoment(new Date(at), zone, false).slice(0, 16).replace(' ', 'T');

/** Return the span of a day, or of an hour of it, as lists of runs take it: days where they are days of UTC. */
export function spanOf(date: string, hour: number | null, zone: string): { from: string; to: string } {
  if (hour === null && zone === 'UTC') return { from: date, to: date };
  const wall = wallOf(zone);
  const end = beginOf(date, hour === null ? HOURS : hour + 1, wall);
  return {
    from: new Date(beginOf(date, hour ?? 0, wall)).toISOString(),
    // A list takes what is at its end, too.
    to: new Date(end - 1).toISOString(),
  };
}

export function sumOf(cells: readonly { counts: Record<string, number> }[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { counts } of cells)
    for (const [state, count] of Object.entries(counts)) sums[state] = (sums[state] ?? 0) + count;
  return sums;
}

/** Return the words of an outcome. */
export function useWord(): (state: string) => string {
  const { t } = useTranslation('dag');
  return (state) =>
    state === 'planned' || state === 'mixed' ? t(`calendar.${state}`) : t(`common:states.${state}`);
}

/** Return how many runs came to what, in words. */
export function useWords(): (counts: Record<string, number>) => string {
  const { t } = useTranslation('dag');
  const wordOf = useWord();
  return (counts) =>
    Object.entries(counts)
      .map(([state, count]) => `${count} ${wordOf(state)}`)
      .join(', ') || t('calendar.none');
}
