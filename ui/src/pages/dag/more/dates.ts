/** What the date of a backfill came to. Pure. */

/** In the order of a bar: what is over, what goes on, what is to come. */
export const KINDS = ['success', 'failed', 'skipped', 'running', 'queued', 'waiting'] as const;
export type Kind = (typeof KINDS)[number];

interface Dated {
  state: string;
  run_state: string | null;
}

/** Return what a date came to: as its run stands, when it has one that is the backfill's. */
export function kindOf({ state, run_state }: Dated): Kind {
  if (state === 'waiting' || state === 'skipped') return state;
  return KINDS.find((kind) => kind === run_state) ?? 'skipped';
}
