/** The list of a run's tasks: groups that fold, filters, and what each line says. Pure. */
import type { GridGroup, GridTask, Instance, Lines } from './queries';

export interface TaskLine {
  kind: 'task';
  id: string;
  label: string;
  depth: number;
  state: string;
  isMapped: boolean;
  /** Of a mapped task: how many instances are in each state. */
  counts: Record<string, number> | null;
  instance: Instance | undefined;
}

export interface GroupLine {
  kind: 'group';
  id: string;
  label: string;
  depth: number;
  isFolded: boolean;
  counts: Record<string, number>;
  /** Of the tasks in it, and in groups of it, that the filter shows. */
  taskIds: ReadonlySet<string>;
}

export type Line = TaskLine | GroupLine;

export interface LineFilter {
  q?: string | undefined;
  state?: string | undefined;
}

function stateOf(lines: Lines, position: number): string {
  const number = lines.column?.states[position] ?? -1;
  return number < 0 ? 'none' : (lines.stateNames[number] ?? 'none');
}

/** Return how many tasks (of mapped ones: instances) are in each state. */
export function stateCounts(lines: Lines): Record<string, number> {
  const counts: Record<string, number> = {};
  lines.tasks.forEach((task, position) => {
    if ((lines.column?.states[position] ?? -1) < 0) return;
    const mapped = lines.column?.mapped[task.task_id];
    for (const [state, count] of mapped ? Object.entries(mapped) : [[stateOf(lines, position), 1] as const]) {
      counts[state] = (counts[state] ?? 0) + count;
    }
  });
  return counts;
}

/** Return the lines to show. A filter unfolds: what it finds is seen. */
export function linesOf(
  lines: Lines,
  instances: ReadonlyMap<string, Instance>,
  folded: ReadonlySet<string>,
  filter: LineFilter,
): Line[] {
  const isFiltered = Boolean(filter.q || filter.state);
  const words = (filter.q ?? '').toLowerCase();
  const groups = new Map(lines.groups.map((group) => [group.group_id, group]));
  const above = (id: string | null): GridGroup[] => {
    const chain: GridGroup[] = [];
    for (
      let group = id === null ? undefined : groups.get(id);
      group;
      group = groups.get(group.parent_id ?? '')
    ) {
      chain.unshift(group);
      if (chain.length > groups.size) break;
    }
    return chain;
  };
  const shown = lines.tasks.flatMap((task, position) => {
    // Of an earlier version of the DAG: this run has no such task.
    if ((lines.column?.states[position] ?? -1) < 0) return [];
    const line = taskLine(lines, task, position, instances);
    const states = line.counts ? Object.keys(line.counts) : [line.state];
    if (filter.state && !states.includes(filter.state)) return [];
    if (words && !`${task.task_id}\n${task.label}`.toLowerCase().includes(words)) return [];
    return [{ line, chain: above(task.group_id) }];
  });
  const tree = new Map<string, { counts: Record<string, number>; taskIds: Set<string> }>();
  for (const { line, chain } of shown) {
    for (const group of chain) {
      const kept = tree.get(group.group_id) ?? { counts: {}, taskIds: new Set() };
      kept.taskIds.add(line.id);
      for (const [state, count] of Object.entries(line.counts ?? { [line.state]: 1 })) {
        kept.counts[state] = (kept.counts[state] ?? 0) + count;
      }
      tree.set(group.group_id, kept);
    }
  }
  // Tasks of a group stand together, at the place of the first of them.
  const children = new Map<string, (GridGroup | TaskLine)[]>();
  const put = (parent: string, child: GridGroup | TaskLine) => {
    const list = children.get(parent);
    if (list) list.push(child);
    else children.set(parent, [child]);
  };
  const seen = new Set<string>();
  for (const { line, chain } of shown) {
    let parent = '';
    for (const group of chain) {
      if (!seen.has(group.group_id)) {
        seen.add(group.group_id);
        put(parent, group);
      }
      parent = group.group_id;
    }
    put(parent, { ...line, depth: chain.length });
  }
  const result: Line[] = [];
  const walk = (parent: string, depth: number) => {
    for (const child of children.get(parent) ?? []) {
      if (!('group_id' in child)) {
        result.push(child);
        continue;
      }
      const isFolded = !isFiltered && folded.has(child.group_id);
      result.push({
        kind: 'group',
        id: child.group_id,
        label: child.label,
        depth,
        isFolded,
        counts: tree.get(child.group_id)?.counts ?? {},
        taskIds: tree.get(child.group_id)?.taskIds ?? new Set(),
      });
      if (!isFolded) walk(child.group_id, depth + 1);
    }
  };
  walk('', 0);
  return result;
}

function taskLine(
  lines: Lines,
  task: GridTask,
  position: number,
  instances: ReadonlyMap<string, Instance>,
): TaskLine {
  const counts = lines.column?.mapped[task.task_id] ?? null;
  return {
    kind: 'task',
    id: task.task_id,
    label: task.label,
    depth: 0,
    state: stateOf(lines, position),
    isMapped: counts !== null || (task.is_mapped && !instances.has(task.task_id)),
    counts,
    instance: instances.get(task.task_id),
  };
}

/** Return states and counts, what needs attention first. */
const RANK = [
  'failed',
  'upstream_failed',
  'up_for_retry',
  'running',
  'awaiting_input',
  'deferred',
  'queued',
  'scheduled',
];
export function ranked(counts: Record<string, number>): [string, number][] {
  const rank = (state: string) => (RANK.indexOf(state) + RANK.length + 1) % (RANK.length + 1);
  return Object.entries(counts).sort(
    ([left], [right]) => rank(left) - rank(right) || left.localeCompare(right),
  );
}
