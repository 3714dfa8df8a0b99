/** What is before and after a task, as far as one wants to see it. Pure. */
import type { AssetBeside } from '@/pages/dag/graph/model';
import type { Group, Task } from '@/pages/dag/grid/model';

export const SIDES = ['both', 'up', 'down'] as const;
export type Side = (typeof SIDES)[number];

/** Return a task and the tasks before or after it: all of them, or those that are next to it. */
export function around(tasks: readonly Task[], of: string, side: Side, isDirect: boolean): Set<string> {
  const up = new Map(tasks.map((task) => [task.task_id, task.upstream]));
  if (!up.has(of)) return new Set();
  const down = new Map<string, string[]>();
  for (const task of tasks)
    for (const before of task.upstream) down.set(before, [...(down.get(before) ?? []), task.task_id]);
  const found = new Set([of]);
  for (const next of [...(side === 'down' ? [] : [up]), ...(side === 'up' ? [] : [down])]) {
    const seen = new Set([of]);
    for (const one of seen) {
      for (const other of next.get(one) ?? []) {
        found.add(other);
        if (!isDirect) seen.add(other);
      }
    }
  }
  return found;
}

/** Return the assets that some tasks of a DAG read, write or, when they begin it, wait for. */
export function assetsOf(assets: readonly AssetBeside[], some: readonly Task[]): AssetBeside[] {
  const ids = new Set(some.map((task) => task.task_id));
  const isBegun = some.some((task) => task.upstream.length === 0);
  return assets.flatMap((one) => {
    const writers = one.writers.filter((id) => ids.has(id));
    const readers = one.readers.filter((id) => ids.has(id));
    const isSchedule = one.isSchedule && isBegun;
    return isSchedule || writers.length + readers.length > 0
      ? [{ ...one, isSchedule, writers, readers }]
      : [];
  });
}

/** Return the first of some assets, and the one that is looked for wherever it is. */
export function firstOf<T extends { id: number }>(
  assets: readonly T[],
  most: number,
  wanted: string | undefined,
): T[] {
  return assets.filter((one, place) => place < most || String(one.id) === wanted);
}

/** Return which groups stay folded when a task is to be seen: those that it is not in. */
export function foldedBut(
  tasks: readonly Task[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
  of: string,
): Set<string> {
  const parents = new Map(groups.map((group) => [group.group_id, group.parent_id]));
  const left = new Set(folded);
  let at = tasks.find((task) => task.task_id === of)?.group_id ?? null;
  for (let steps = 0; at !== null && steps <= groups.length; steps += 1) {
    left.delete(at);
    at = parents.get(at) ?? null;
  }
  return left;
}
