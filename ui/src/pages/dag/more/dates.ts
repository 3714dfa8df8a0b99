/** What the date of a backfill came to. Pure. */

/** In the order of a bar: what is over, what goes on, what is to come or never comes. */
export const KINDS = ['success', 'failed', 'skipped', 'running', 'queued', 'waiting', 'dropped'] as const;
export type Kind = (typeof KINDS)[number];

interface Dated {
  state: string;
  run_state: string | null;
}

/**
 * Return what a date came to: as its run stands, when it has one that is the backfill's.
 * What waits when the backfill is over, as it was cancelled, is dropped.
 */
export function kindOf({ state, run_state }: Dated, isOver: boolean): Kind {
  if (state === 'waiting' && isOver) return 'dropped';
  if (state === 'waiting' || state === 'skipped') return state;
  return KINDS.find((kind) => kind === run_state) ?? 'skipped';
}
