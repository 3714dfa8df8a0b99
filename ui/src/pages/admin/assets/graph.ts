/** Which DAGs write and read which assets, as a graph. Pure. */
import type { Drawn } from '@/components/graph/layout';

interface Use {
  dag_id: string;
}
export interface Used {
  id: number;
  name: string;
  scheduled_dags: readonly Use[];
  producing_tasks: readonly Use[];
  consuming_tasks: readonly Use[];
}

export interface Flow extends Drawn {
  nodes: {
    id: string;
    kind: 'asset' | 'dag';
    label: string;
    parent: null;
    isFolded: false;
  }[];
  /** `isRead`: a task reads the asset, and no run waits for it. */
  edges: { from: string; to: string; label: string; isRead: boolean }[];
}

export const assetNode = (id: number) => `asset:${id}`;
export const dagNode = (id: string) => `dag:${id}`;

/** Return the graph of some assets. */
export function flowOf(assets: readonly Used[]): Flow {
  const nodes = new Map<string, Flow['nodes'][number]>();
  const edges = new Map<string, Flow['edges'][number]>();
  const add = (id: string, kind: 'asset' | 'dag', label: string) =>
    nodes.set(id, { id, kind, label, parent: null, isFolded: false });
  const join = (from: string, to: string, isRead: boolean) => {
    const known = edges.get(`${from}\n${to}`);
    edges.set(`${from}\n${to}`, { from, to, label: '', isRead: isRead && (known?.isRead ?? true) });
  };
  for (const asset of assets) {
    const at = assetNode(asset.id);
    add(at, 'asset', asset.name);
    const uses: [readonly Use[], (dag: string) => void][] = [
      [asset.producing_tasks, (dag) => join(dag, at, false)],
      [asset.scheduled_dags, (dag) => join(at, dag, false)],
      [asset.consuming_tasks, (dag) => join(at, dag, true)],
    ];
    for (const [of, link] of uses) {
      for (const { dag_id } of of) {
        add(dagNode(dag_id), 'dag', dag_id);
        link(dagNode(dag_id));
      }
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

/** Return the part of a graph that hangs together with a node. */
export function around(flow: Flow, node: string): Flow {
  const beside = new Map<string, string[]>();
  for (const { from, to } of flow.edges) {
    beside.set(from, [...(beside.get(from) ?? []), to]);
    beside.set(to, [...(beside.get(to) ?? []), from]);
  }
  const found = new Set([node]);
  for (const one of found) for (const next of beside.get(one) ?? []) found.add(next);
  return {
    nodes: flow.nodes.filter(({ id }) => found.has(id)),
    edges: flow.edges.filter(({ from }) => found.has(from)),
  };
}
