/** What is due in the coming hours, put together for a picture. Pure. */

export interface Due {
  run_after: string;
  tasks: number;
}

export interface Bin {
  from: number;
  tasks: number;
  runs: number;
}

export const BIN_MS = 15 * 60_000;

/** Count runs and their tasks by quarter of an hour, from the quarter that `now` lies in. */
export function binsOf(due: Due[], now: number, hours: number): Bin[] {
  const first = Math.floor(now / BIN_MS) * BIN_MS;
  const bins = Array.from({ length: Math.ceil((hours * 3_600_000) / BIN_MS) }, (_, number) => ({
    from: first + number * BIN_MS,
    tasks: 0,
    runs: 0,
  }));
  for (const run of due) {
    const bin = bins[Math.floor((new Date(run.run_after).getTime() - first) / BIN_MS)];
    if (bin !== undefined) {
      bin.tasks += run.tasks;
      bin.runs += 1;
    }
  }
  return bins;
}

export interface Coming {
  dag_id: string;
  run_after: string;
}

export interface Soonest<R> {
  run: R;
  /** How many more of the DAG's runs are due. */
  more: number;
}

/** Return each DAG once, with its next run. `due` is in order. */
export function soonestOf<R extends Coming>(due: R[]): Soonest<R>[] {
  const found = new Map<string, Soonest<R>>();
  for (const run of due) {
    const known = found.get(run.dag_id);
    if (known === undefined) found.set(run.dag_id, { run, more: 0 });
    else known.more += 1;
  }
  return [...found.values()];
}

export interface Lasting {
  state: string;
  start_date: string | null;
  end_date: string | null;
}

const SLOW_FACTOR = 2;
const SLOW_MS_MIN = 60_000;
const ENOUGH_RUNS = 3;

/** Whether a run has lasted twice as long as any of its DAG's last successful ones, and more than a minute. */
export function isSlow(start: string | null, before: Lasting[], now: number): boolean {
  if (start === null) return false;
  const lengths = before
    .filter((run) => run.state === 'success' && run.start_date !== null && run.end_date !== null)
    .map((run) => new Date(run.end_date ?? 0).getTime() - new Date(run.start_date ?? 0).getTime());
  if (lengths.length < ENOUGH_RUNS) return false;
  return now - new Date(start).getTime() > Math.max(SLOW_MS_MIN, SLOW_FACTOR * Math.max(...lengths));
}
