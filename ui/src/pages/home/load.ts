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

export interface Failed {
  dag_id: string;
  task_id: string;
  dag_run_id: string;
  map_index: number;
  try_number: number;
  end_date: string | null;
}

export interface Cause {
  dag_id: string;
  task_id: string;
  times: number;
  newest: Failed;
}

/** Put failures of one task together, those that came last first. */
export function causesOf(failed: Failed[]): Cause[] {
  const causes = new Map<string, Cause>();
  for (const one of failed) {
    const key = `${one.dag_id}\n${one.task_id}`;
    const cause = causes.get(key);
    if (cause === undefined)
      causes.set(key, { dag_id: one.dag_id, task_id: one.task_id, times: 1, newest: one });
    else {
      cause.times += 1;
      if ((one.end_date ?? '') > (cause.newest.end_date ?? '')) cause.newest = one;
    }
  }
  return [...causes.values()].sort((a, b) =>
    (b.newest.end_date ?? '').localeCompare(a.newest.end_date ?? ''),
  );
}
