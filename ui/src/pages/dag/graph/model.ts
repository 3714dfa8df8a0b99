/** A graph of what is shown: groups are containers or, folded, one node; and what of a run took longest. */
import type { Schema } from '@/api/client';
import type { Group, Task } from '@/pages/dag/grid/model';

export interface Node {
  id: string;
  /** `when` stands for a schedule that waits for more than one asset. */
  kind: 'task' | 'group' | 'asset' | 'when';
  label: string;
  /** The group that contains it, when that is open. */
  parent: string | null;
  /** A folded group has no parts in the graph. */
  isFolded: boolean;
  /** Tasks that it stands for. */
  tasks: string[];
}

export interface Edge {
  from: string;
  to: string;
  /** The dependencies that it stands for; none when it leads to or from an asset. */
  of: [string, string][];
  /** What is written on it. */
  label: string;
}

/** An asset beside the tasks of a DAG: what it is to each of them. */
export interface AssetBeside {
  id: number;
  name: string;
  isSchedule: boolean;
  writers: string[];
  readers: string[];
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
}

/** In the graph a group and a task may have one name. */
export const groupNode = (id: string) => `group:${id}`;
export const taskNode = (id: string) => `task:${id}`;
export const assetNode = (id: number) => `asset:${id}`;
const WHEN = 'when:';

/** Return the nodes and edges that are to be seen. */
export function graphOf(
  tasks: readonly Task[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
  assets: readonly AssetBeside[] = [],
  schedule = '',
): Graph {
  const byId = new Map(groups.map((group) => [group.group_id, group]));
  const chain = (id: string | null): Group[] => {
    const up: Group[] = [];
    for (let at = id; at !== null && up.length <= groups.length; ) {
      const group = byId.get(at);
      if (group === undefined) break;
      up.unshift(group);
      at = group.parent_id;
    }
    return up;
  };
  const nodes = new Map<string, Node>();
  const standsFor = new Map<string, string>();
  for (const task of tasks) {
    if (task.is_gone) continue;
    let parent: string | null = null;
    let isHidden = false;
    for (const group of chain(task.group_id)) {
      const id = groupNode(group.group_id);
      const isFolded = folded.has(group.group_id);
      const node = nodes.get(id) ?? { id, kind: 'group', label: group.label, parent, isFolded, tasks: [] };
      node.tasks.push(task.task_id);
      nodes.set(id, node);
      parent = id;
      if (isFolded) {
        standsFor.set(task.task_id, id);
        isHidden = true;
        break;
      }
    }
    if (isHidden) continue;
    const id = taskNode(task.task_id);
    nodes.set(id, { id, kind: 'task', label: task.label, parent, isFolded: false, tasks: [task.task_id] });
    standsFor.set(task.task_id, id);
  }
  const edges = new Map<string, Edge>();
  for (const task of tasks) {
    const to = standsFor.get(task.task_id);
    for (const before of to === undefined ? [] : task.upstream) {
      const from = standsFor.get(before);
      if (from === undefined || to === undefined || from === to) continue;
      const key = `${from}\n${to}`;
      const edge = edges.get(key) ?? { from, to, of: [], label: '' };
      edge.of.push([before, task.task_id]);
      const label = task.labels?.[before];
      if (label !== undefined && edge.label === '') edge.label = label;
      edges.set(key, edge);
    }
  }
  placeAssets(nodes, edges, tasks, standsFor, assets, schedule);
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Add assets: what is written stands behind its tasks, what is read or waited for before them. */
function placeAssets(
  nodes: Map<string, Node>,
  edges: Map<string, Edge>,
  tasks: readonly Task[],
  standsFor: ReadonlyMap<string, string>,
  assets: readonly AssetBeside[],
  schedule: string,
): void {
  const add = (id: string, kind: Node['kind'], label: string) =>
    nodes.set(id, { id, kind, label, parent: null, isFolded: false, tasks: [] });
  const join = (from: string | undefined, to: string | undefined) => {
    if (from !== undefined && to !== undefined) edges.set(`${from}\n${to}`, { from, to, of: [], label: '' });
  };
  const waitedFor = assets.filter((one) => one.isSchedule);
  const roots = new Set(
    tasks.filter((one) => !one.is_gone && one.upstream.length === 0).map((one) => standsFor.get(one.task_id)),
  );
  const isJoined = waitedFor.length > 1;
  if (isJoined) add(WHEN, 'when', schedule);
  for (const one of assets) {
    // What is waited for and written stands twice: an edge back would turn the whole graph around.
    const before = assetNode(one.id);
    if (one.isSchedule || one.readers.length > 0) add(before, 'asset', one.name);
    if (one.isSchedule) {
      if (isJoined) join(before, WHEN);
      else for (const root of roots) join(before, root);
    }
    for (const reader of one.readers) join(before, standsFor.get(reader));
    if (one.writers.length === 0) continue;
    const after = nodes.has(before) ? `${before}:after` : before;
    add(after, 'asset', one.name);
    for (const writer of one.writers) join(standsFor.get(writer), after);
  }
  if (isJoined) for (const root of roots) join(WHEN, root);
}

/** When the last try of each task ended, in milliseconds; what runs ends now. */
export function endsOf(tries: readonly Schema['TimelineTry'][], now: number): Map<string, number> {
  const ends = new Map<string, number>();
  for (const one of tries) {
    if (one.start_date === null) continue;
    const end = one.end_date === null ? now : Date.parse(one.end_date);
    ends.set(one.task_id, Math.max(ends.get(one.task_id) ?? 0, end));
  }
  return ends;
}

/**
 * Return the chain of tasks that decided when the run ended: from the task that ended last, always back to the
 * upstream task that ended last. The first task stands first. One that took no time, because there was nothing to run,
 * ended when the last before it did.
 */
export function criticalPath(tasks: readonly Task[], ends: ReadonlyMap<string, number>): string[] {
  const byId = new Map(tasks.map((task) => [task.task_id, task]));
  const known = new Map(ends);
  for (const task of tasks) {
    if (known.has(task.task_id)) continue;
    const before = task.upstream.flatMap((id) => known.get(id) ?? []);
    if (before.length > 0) known.set(task.task_id, Math.max(...before));
  }
  const latest = (ids: Iterable<string>): string | null => {
    let found: string | null = null;
    for (const id of ids) {
      const end = known.get(id);
      if (end !== undefined && (found === null || end > (known.get(found) ?? 0))) found = id;
    }
    return found;
  };
  const path: string[] = [];
  const seen = new Set<string>();
  let at = latest([...ends.keys()].filter((id) => byId.has(id)));
  while (at !== null && !seen.has(at)) {
    seen.add(at);
    path.unshift(at);
    at = latest(byId.get(at)?.upstream ?? []);
  }
  return path;
}
