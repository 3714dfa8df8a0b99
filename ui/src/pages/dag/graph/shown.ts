/** What stands in the graph of a DAG and looks how: nodes with the states of a run, and the ways between them. Pure. */
import type { TFunction } from 'i18next';
import type { Schema } from '@/api/client';
import type { Places } from '@/components/graph/layout';
import type { Way, WayLook } from '@/components/graph/Ways';
import type { ShownNode } from '@/pages/dag/graph/GraphNodes';
import { type AssetBeside, assetNode, type Graph } from '@/pages/dag/graph/model';
import { type Column, countsAt, type Grid, linesOf, worstOf } from '@/pages/dag/grid/model';

export type Asset = Schema['AssetResponse'];
const NOTHING: ReadonlySet<string> = new Set();
const NOTHING_SHOWN = {
  runId: null,
  state: null,
  counts: [],
  isFolded: false,
  isCritical: false,
  toggle: null,
  under: '',
};

export function besideOf(asset: Asset, dagId: string): AssetBeside {
  const here = (uses: { dag_id: string; task_id: string }[]) =>
    uses.filter((one) => one.dag_id === dagId).map((one) => one.task_id);
  return {
    id: asset.id,
    name: asset.name,
    isSchedule: asset.scheduled_dags.some((one) => one.dag_id === dagId),
    writers: here(asset.producing_tasks),
    readers: here(asset.consuming_tasks),
  };
}

/** Say which other DAGs write an asset that stands before the tasks, or wait for one that stands behind them. */
function others(asset: Asset, dagId: string, node: string): string {
  const beside = besideOf(asset, dagId);
  const isBefore = node === assetNode(asset.id) && (beside.isSchedule || beside.readers.length > 0);
  const uses = isBefore ? asset.producing_tasks : [...asset.scheduled_dags, ...asset.consuming_tasks];
  const dags = [...new Set(uses.map((one) => one.dag_id))].filter((id) => id !== dagId);
  return dags.length === 0 ? asset.uri : `${isBefore ? '← ' : '→ '}${dags.join(', ')}`;
}

export interface Scene {
  dagId: string;
  graph: Graph;
  places: Places;
  grid: Grid;
  run: Column | undefined;
  assets: readonly Asset[];
  critical: ReadonlySet<string>;
  toggle: (group: string) => void;
  t: TFunction<'dag'>;
}

export function nodesOf({
  dagId,
  graph,
  places,
  grid,
  run,
  assets,
  critical,
  toggle,
  t,
}: Scene): ShownNode[] {
  const { tasks } = grid;
  const lines = new Map(linesOf(tasks, [], NOTHING).map((line) => [line.id, line]));
  const stateOf = (taskId: string): string | null => {
    const place = lines.get(taskId)?.places[0];
    const number = place === undefined ? undefined : run?.states[place];
    return number === undefined || number < 0 ? null : (grid.stateNames[number] ?? null);
  };
  const nodes: ShownNode[] = [];
  const operators = new Map(tasks.map((task) => [task.task_id, task]));
  for (const node of graph.nodes) {
    const place = places.nodes.get(node.id);
    if (place === undefined) continue;
    if (node.kind === 'asset' || node.kind === 'when') {
      const asset = assets.find((one) => node.id.split(':')[1] === String(one.id));
      nodes.push({
        id: node.id,
        type: 'asset',
        position: { x: place.x, y: place.y },
        width: place.width,
        height: place.height,
        data: {
          ...NOTHING_SHOWN,
          id: node.id,
          dagId,
          label: node.label,
          under: asset === undefined ? t('graph.when') : others(asset, dagId, node.id),
          assetId: asset === undefined ? null : String(asset.id),
        },
      });
      continue;
    }
    const isGroup = node.kind === 'group';
    const id = isGroup ? node.id.slice('group:'.length) : (node.tasks[0] ?? '');
    const states = node.tasks.map(stateOf).filter((state) => state !== null);
    const task = operators.get(id);
    const line = lines.get(id);
    let counts: [string, number][] = [];
    if (node.isFolded && run !== undefined) {
      const found = new Map<string, number>();
      for (const state of states) found.set(state, (found.get(state) ?? 0) + 1);
      counts = [...found];
    } else if (!isGroup && run !== undefined && line !== undefined) counts = countsAt(line, run) ?? [];
    const marks = [
      task?.is_mapped && '[ ]',
      task?.is_setup && t('graph.setup'),
      task?.is_teardown && t('graph.teardown'),
    ];
    nodes.push({
      id: node.id,
      type: isGroup && !node.isFolded ? 'container' : 'task',
      position: { x: place.x, y: place.y },
      width: place.width,
      height: place.height,
      ...(node.parent === null ? {} : { parentId: node.parent }),
      zIndex: isGroup && !node.isFolded ? 0 : 1,
      data: {
        id,
        dagId,
        runId: run?.dag_run_id ?? null,
        label: node.label,
        state: worstOf(states),
        under: isGroup
          ? t('grid.tasks', { count: node.tasks.length })
          : [task?.operator, ...marks].filter(Boolean).join(' · '),
        counts,
        isFolded: node.isFolded,
        isCritical: node.tasks.some((one) => critical.has(one)),
        toggle: isGroup ? toggle : null,
        assetId: null,
      },
    });
  }
  return nodes;
}

/** The ways of the graph; those of the path that decided how long the run took stand out. */
export function waysOf(graph: Graph, places: Places, path: readonly string[]): Way[] {
  const steps = new Set(path.slice(1).map((to, at) => `${path[at]}\n${to}`));
  return graph.edges.flatMap(({ from, to, of, label }) => {
    const route = places.routes.get(`${from}>${to}`);
    if (route === undefined) return [];
    const isCritical = of.some(([a, b]) => steps.has(`${a}\n${b}`));
    const look: WayLook = isCritical ? 'critical' : of.length === 0 ? 'asset' : 'plain';
    return [{ key: `${from}>${to}`, route, label, look }];
  });
}
