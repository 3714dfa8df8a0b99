/** States of runs and task instances: each has a colour of a colour-blind-safe set and a shape of its own. */

export type Shape =
  | 'disc'
  | 'ring'
  | 'cross'
  | 'arrow'
  | 'pause'
  | 'dots'
  | 'clock'
  | 'dash'
  | 'hand'
  | 'turn';

export interface StateLook {
  /** Name of the CSS variable, without `--state-`. */
  colour: string;
  shape: Shape;
}

const LOOKS: Record<string, StateLook> = {
  success: { colour: 'success', shape: 'disc' },
  failed: { colour: 'failed', shape: 'cross' },
  upstream_failed: { colour: 'upstream', shape: 'cross' },
  running: { colour: 'running', shape: 'arrow' },
  restarting: { colour: 'running', shape: 'turn' },
  queued: { colour: 'queued', shape: 'dots' },
  scheduled: { colour: 'queued', shape: 'ring' },
  up_for_retry: { colour: 'retry', shape: 'turn' },
  up_for_reschedule: { colour: 'waiting', shape: 'clock' },
  deferred: { colour: 'waiting', shape: 'pause' },
  awaiting_input: { colour: 'waiting', shape: 'hand' },
  skipped: { colour: 'skipped', shape: 'dash' },
  removed: { colour: 'none', shape: 'dash' },
};
const NONE: StateLook = { colour: 'none', shape: 'ring' };

export const RUN_STATES = ['running', 'queued', 'success', 'failed'] as const;
export const TASK_STATES = Object.keys(LOOKS);

/** Return how a state looks; a state that is not known looks like none. */
export function lookOf(state: string | null | undefined): StateLook {
  return (state != null && Object.hasOwn(LOOKS, state) && LOOKS[state]) || NONE;
}

/** Whether nothing more happens to it by itself. */
export function isFinished(state: string | null | undefined): boolean {
  return ['success', 'failed', 'upstream_failed', 'skipped', 'removed'].includes(state ?? '');
}
