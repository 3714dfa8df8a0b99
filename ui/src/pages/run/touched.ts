/** What a change would touch: instances while they are few, and always how many of which task. Pure. */
import type { Instance } from './queries';

/** Of so many, each is named; of more, tasks are counted. */
export const NAMED_MAX = 200;

export type Named = Pick<Instance, 'dag_id' | 'dag_run_id' | 'task_id' | 'map_index' | 'state'> & {
  note?: string | null;
};

/** A task: in how many runs it is touched, and how many of its instances by the state that they have now. */
export interface TaskCount {
  dag_id: string;
  task_id: string;
  runs: number;
  states: Record<string, number>;
}

export interface Touched {
  total: number;
  runs: number;
  tasks: TaskCount[];
  /** Null when they are too many to be named. */
  instances: Named[] | null;
}

export const NOTHING_TOUCHED: Touched = { total: 0, runs: 0, tasks: [], instances: [] };
export const keyOf = (one: Named) => [one.dag_id, one.dag_run_id, one.task_id, one.map_index].join('\n');

/** Return what some instances are, each once. */
export function countOf(found: readonly Named[]): Touched {
  const instances = [...new Map(found.map((one) => [keyOf(one), one])).values()];
  const tasks = new Map<string, TaskCount & { of: Set<string> }>();
  for (const { dag_id, dag_run_id, task_id, state } of instances) {
    const key = `${dag_id}\n${task_id}`;
    const task = tasks.get(key) ?? { dag_id, task_id, runs: 0, states: {}, of: new Set<string>() };
    const name = state ?? 'none';
    task.states[name] = (task.states[name] ?? 0) + 1;
    task.of.add(dag_run_id);
    tasks.set(key, task);
  }
  return {
    total: instances.length,
    runs: new Set(instances.map((one) => `${one.dag_id}\n${one.dag_run_id}`)).size,
    tasks: [...tasks.values()].map(({ of, ...task }) => ({ ...task, runs: of.size })),
    instances: instances.length > NAMED_MAX ? null : instances,
  };
}

/** Whether single instances can be left out: they are named, and all of one run. */
export function isChoosable(found: Touched, dagId: string): boolean {
  return (
    found.instances !== null &&
    found.total > 1 &&
    found.runs === 1 &&
    found.tasks.every((one) => one.dag_id === dagId)
  );
}

/** Return how many instances are known to have a note, of those that get one. */
export const notedOf = (found: Touched | undefined, gets: (one: Named) => boolean = () => true): number =>
  (found?.instances ?? []).filter((one) => one.note && gets(one)).length;

/** Return the instances that are not left out, as they are asked for: a task, or one of its mapped instances. */
export function keptOf(found: Touched, left: ReadonlySet<string>): (string | [string, number])[] {
  return (found.instances ?? [])
    .filter((one) => !left.has(keyOf(one)))
    .map((one) => (one.map_index < 0 ? one.task_id : [one.task_id, one.map_index]));
}

/** Return counts of different runs as one. */
export function sumOf(parts: readonly Touched[]): Touched {
  const tasks = new Map<string, TaskCount>();
  for (const part of parts) {
    for (const one of part.tasks) {
      const key = `${one.dag_id}\n${one.task_id}`;
      const known = tasks.get(key) ?? { ...one, runs: 0, states: {} };
      const states = { ...known.states };
      for (const [state, count] of Object.entries(one.states)) states[state] = (states[state] ?? 0) + count;
      tasks.set(key, { ...known, runs: known.runs + one.runs, states });
    }
  }
  return {
    total: parts.reduce((sum, one) => sum + one.total, 0),
    runs: parts.reduce((sum, one) => sum + one.runs, 0),
    tasks: [...tasks.values()],
    instances: null,
  };
}
