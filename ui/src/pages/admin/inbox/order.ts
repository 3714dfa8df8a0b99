/** The order of questions. Pure. */
import type { Schema } from '@/api/client';

type Question = Schema['HITLDetail'];

const SECOND_CHARS = '2026-03-01T00:00:00'.length;

/** Return the newest first; what one DAG asked in the same second stands by run, task and map index. */
export function inOrder(questions: readonly Question[]): Question[] {
  const second = ({ created_at }: Question) => created_at.slice(0, SECOND_CHARS);
  return [...questions].sort((one, other) => {
    const [a, b] = [one.task_instance, other.task_instance];
    return (
      second(other).localeCompare(second(one)) ||
      a.dag_id.localeCompare(b.dag_id) ||
      a.dag_run_id.localeCompare(b.dag_run_id) ||
      a.task_id.localeCompare(b.task_id) ||
      a.map_index - b.map_index
    );
  });
}
