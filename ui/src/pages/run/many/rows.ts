/** The rows that can be chosen in lists of runs and of task instances, and what names them. Pure. */

export interface RunRow {
  dag_id: string;
  dag_run_id: string;
  state: string | null;
  note?: string | null;
}

export interface TaskRow {
  dag_id: string;
  dag_run_id: string;
  task_id: string;
  /** Null stands for all instances of a mapped task. */
  map_index: number | null;
  state: string | null;
  note?: string | null;
}

export const runKey = (row: Pick<RunRow, 'dag_id' | 'dag_run_id'>) => `${row.dag_id}.${row.dag_run_id}`;
export const taskKey = (row: Pick<TaskRow, 'dag_id' | 'dag_run_id' | 'task_id' | 'map_index'>) =>
  `${runKey(row)}.${row.task_id}${row.map_index === null ? '' : `[${row.map_index}]`}`;
