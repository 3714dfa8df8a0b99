/** Tasks as a DAG declares them: found by a part of what they are. Pure. */
import type { Schema } from '@/api/client';

export type Task = Schema['TaskResponse'];

const DAY_S = 86_400;
const [SECOND_MS, MILLISECOND_US] = [1_000, 1_000];

/** Return the tasks that have some words in their name, operator, rule, pool or queue. */
export function tasksFound(tasks: readonly Task[], words: string): readonly Task[] {
  const wanted = words.trim().toLowerCase();
  if (wanted === '') return tasks;
  return tasks.filter((task) =>
    [task.task_id, task.task_display_name, task.operator_name, task.trigger_rule, task.pool, task.queue].some(
      (text) => text?.toLowerCase().includes(wanted),
    ),
  );
}

/** Return milliseconds, or null where no length is given. */
export function lengthOf(delta: Schema['TimeDelta'] | null | undefined): number | null {
  if (delta == null) return null;
  return (delta.days * DAY_S + delta.seconds) * SECOND_MS + delta.microseconds / MILLISECOND_US;
}
