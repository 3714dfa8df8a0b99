/** The tries of a run as bars on lines: the task that began first stands at the top. */
import type { Schema } from '@/api/client';

export interface Bar {
  mapIndex: number;
  mapLabel: string | null;
  tryNumber: number;
  state: string;
  /** Milliseconds; a try that has not begun has no `started`. */
  queued: number | null;
  started: number | null;
  ended: number;
}

export interface Gantt {
  start: number;
  end: number;
  lines: { taskId: string; bars: Bar[] }[];
}

const ms = (at: string | null) => (at === null ? null : Date.parse(at));

/** What a try came to: one that ended in an error has failed, whatever its task does next. */
export function cameTo(one: Pick<Schema['TimelineTry'], 'state' | 'end_date' | 'exit'>): string {
  if (one.end_date === null || !['running', 'restarting', 'up_for_retry', 'queued'].includes(one.state)) {
    return one.state;
  }
  const kind = (one.exit as { kind?: unknown } | null)?.kind;
  return kind === undefined ? one.state : 'failed';
}

export function ganttOf(tries: readonly Schema['TimelineTry'][], now: number): Gantt {
  const lines = new Map<string, Bar[]>();
  let [start, end] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const one of tries) {
    const queued = ms(one.queued_at);
    const started = ms(one.start_date);
    const begun = queued ?? started;
    if (begun === null) continue;
    const ended = Math.max(ms(one.end_date) ?? now, started ?? begun);
    start = Math.min(start, begun, started ?? begun);
    end = Math.max(end, ended);
    const bars = lines.get(one.task_id) ?? [];
    // A try that ended is listed as it was while it ran, and the latest once more as its task is now.
    const twin = bars.find((bar) => bar.mapIndex === one.map_index && bar.tryNumber === one.try_number);
    const state = cameTo(one);
    if (twin !== undefined) {
      if (state === 'failed') twin.state = state;
      continue;
    }
    bars.push({
      mapIndex: one.map_index,
      mapLabel: one.map_label,
      tryNumber: one.try_number,
      state,
      queued: queued === null || (started !== null && queued > started) ? null : queued,
      started,
      ended,
    });
    lines.set(one.task_id, bars);
  }
  const firstOf = (bars: Bar[]) => Math.min(...bars.map((bar) => bar.started ?? bar.queued ?? bar.ended));
  return {
    start: lines.size === 0 ? 0 : start,
    end: lines.size === 0 ? 0 : end,
    lines: [...lines]
      .map(([taskId, bars]) => ({ taskId, bars }))
      .sort((a, b) => firstOf(a.bars) - firstOf(b.bars)),
  };
}
