/** A graph of what is shown: groups are containers or, folded, one node; and what of a run took longest. */
import type { Schema } from '@/api/client';
import type { Group, Task } from '@/pages/dag/grid/model';

export interface Node {
  id: string;
  kind: 'task' | 'group';
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
  /** The dependencies that it stands for. */
  of: [string, string][];
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
}

/** In the graph a group and a task may have one name. */
export const groupNode = (id: string) => `group:${id}`;
export const taskNode = (id: string) => `task:${id}`;

/** Return the nodes and edges that are to be seen. */
export function graphOf(
  tasks: readonly Task[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
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
      const edge = edges.get(key) ?? { from, to, of: [] };
      edge.of.push([before, task.task_id]);
      edges.set(key, edge);
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
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
 * upstream task that ended last. The first task stands first.
 */
export function criticalPath(tasks: readonly Task[], ends: ReadonlyMap<string, number>): string[] {
  const byId = new Map(tasks.map((task) => [task.task_id, task]));
  const latest = (ids: Iterable<string>): string | null => {
    let found: string | null = null;
    for (const id of ids) {
      const end = ends.get(id);
      if (end !== undefined && (found === null || end > (ends.get(found) ?? 0))) found = id;
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
