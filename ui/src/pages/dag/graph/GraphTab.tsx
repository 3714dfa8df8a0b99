/** The graph of a DAG, with the states of a run: groups fold, the path that decided its length stands out. */
import '@xyflow/react/dist/style.css';
import { Button, Select, Switch, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import {
  Background,
  Controls,
  type Edge,
  MarkerType,
  MiniMap,
  ReactFlow,
  ReactFlowProvider,
} from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { dagQuery } from '@/api/queries';
import { useZone } from '@/app/preferences';
import graphClasses from '@/components/graph/Graph.module.css';
import { type Places, placesOf } from '@/components/graph/layout';
import { EDGE_TYPES, type Routed } from '@/components/graph/Routed';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { isFinished, lookOf } from '@/lib/states';
import { showLength, showMoment } from '@/lib/time';
import { NODE_TYPES, type ShownNode } from '@/pages/dag/graph/GraphNodes';
import { type AssetBeside, assetNode, criticalPath, endsOf, graphOf } from '@/pages/dag/graph/model';
import { countsAt, linesOf, worstOf } from '@/pages/dag/grid/model';
import { dagAssetsQuery, gridQuery, timelineQuery } from '@/pages/dag/queries';
import classes from './Graph.module.css';

const route = getRouteApi('/dags/$dagId');
const RUNS = 90;
const FOLD_FROM = 120;
const EDGES_MAX = 4000;
const ASSETS_MAX = 60;
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
const NO_ASSETS: Asset[] = [];
type Asset = Schema['AssetResponse'];

function besideOf(asset: Asset, dagId: string): AssetBeside {
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

export function GraphTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const scheme = useComputedColorScheme('light');
  const { data: grid, error, isPending, refetch } = useQuery(gridQuery(dagId, search.count ?? RUNS));
  const run = grid?.runs.find((one) => one.dag_run_id === search.run) ?? grid?.runs.at(-1);
  const { data: timeline } = useQuery({
    ...timelineQuery(dagId, run?.dag_run_id ?? '', run?.end_date === null),
    enabled: run !== undefined,
  });
  const withPath = search.path !== 'off';
  const askedAssets = useQuery(dagAssetsQuery(dagId));
  // Whoever may not read assets sees the tasks only.
  const assets = askedAssets.data ?? (askedAssets.error ? NO_ASSETS : undefined);
  const { data: dag } = useQuery(dagQuery(dagId));
  const schedule = dag?.timetable_description ?? '';
  const withAssets = search.assets !== 'off';
  const beside = useMemo(
    () => (withAssets ? (assets ?? []).slice(0, ASSETS_MAX).map((one) => besideOf(one, dagId)) : []),
    [assets, withAssets, dagId],
  );
  const put = (change: {
    path?: string | undefined;
    assets?: string | undefined;
    run?: string | undefined;
  }) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const tasks = grid?.tasks;
  const groups = grid?.groups;
  const folded = useMemo(() => {
    if (search.fold !== undefined) return new Set(search.fold.split(',').filter(Boolean));
    return (tasks?.length ?? 0) > FOLD_FROM ? new Set(groups?.map((group) => group.group_id)) : NOTHING;
  }, [search.fold, tasks, groups]);
  const fold = (next: Iterable<string>) =>
    void navigate({
      search: (before) => ({ ...before, fold: [...next].join(',') || ',' }),
      replace: true,
      resetScroll: false,
    });
  const graph = useMemo(
    () =>
      assets === undefined
        ? { nodes: [], edges: [] }
        : graphOf(tasks ?? [], groups ?? [], folded, beside, schedule),
    [tasks, groups, folded, assets, beside, schedule],
  );
  const key = useMemo(
    () =>
      JSON.stringify([
        dagId,
        graph.nodes.map(({ id, parent, label }) => [id, parent, label]),
        graph.edges.map((e) => [e.from, e.to, e.label]),
      ]),
    [dagId, graph],
  );
  const isTooMuch = graph.edges.length > EDGES_MAX;
  const [placed, setPlaced] = useState<{ key: string; places: Places } | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    let isWanted = true;
    if (graph.nodes.length === 0 || graph.edges.length > EDGES_MAX) return;
    placesOf(key, graph).then(
      (places) => isWanted && setPlaced({ key, places }),
      (reason) => isWanted && setFailure(reason instanceof Error ? reason : new Error(String(reason))),
    );
    return () => {
      isWanted = false;
    };
  }, [key, graph]);

  const path = useMemo(() => {
    if (tasks === undefined || timeline === undefined || run === undefined) return [];
    return criticalPath(tasks, endsOf(timeline.tries, Date.now()));
  }, [tasks, timeline, run]);
  const critical = useMemo(() => new Set(withPath ? path : []), [path, withPath]);
  const lines = useMemo(
    () => new Map(linesOf(tasks ?? [], [], NOTHING).map((line) => [line.id, line])),
    [tasks],
  );
  const toggle = (id: string) => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    fold(next);
  };
  const stateOf = (taskId: string): string | null => {
    const place = lines.get(taskId)?.places[0];
    const number = place === undefined ? undefined : run?.states[place];
    return number === undefined || number < 0 ? null : (grid?.stateNames[number] ?? null);
  };
  const nodes: ShownNode[] = [];
  if (placed?.key === key) {
    const operators = new Map(tasks?.map((task) => [task.task_id, task]));
    for (const node of graph.nodes) {
      const place = placed.places.nodes.get(node.id);
      if (place === undefined) continue;
      if (node.kind === 'asset' || node.kind === 'when') {
        const asset = assets?.find((one) => node.id.split(':')[1] === String(one.id));
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
          toggle: isGroup ? () => toggle(id) : null,
          assetId: null,
        },
      });
    }
  }
  const steps = new Set(path.slice(1).map((to, at) => `${path[at]}\n${to}`));
  const edges: Edge<Routed>[] =
    placed?.key !== key
      ? []
      : graph.edges.flatMap(({ from, to, of, label }) => {
          const route = placed.places.routes.get(`${from}>${to}`);
          if (route === undefined) return [];
          const isAsset = of.length === 0;
          const isCritical = withPath && of.some(([a, b]) => steps.has(`${a}\n${b}`));
          const colour = isCritical ? 'var(--ww-accent)' : 'var(--state-queued)';
          return {
            id: `${from}>${to}`,
            type: 'routed',
            data: { route, label },
            source: from,
            target: to,
            focusable: false,
            zIndex: isCritical ? 3 : 2,
            style: {
              stroke: colour,
              strokeWidth: isCritical ? 2.5 : 1,
              opacity: isCritical ? 1 : 0.8,
              ...(isAsset ? { strokeDasharray: '4 3' } : {}),
            },
            markerEnd: {
              type: MarkerType.ArrowClosed,
              color: colour,
              width: 12,
              height: 12,
              markerUnits: 'userSpaceOnUse',
            },
          };
        });
  const length =
    timeline === undefined || path.length === 0
      ? null
      : Math.max(
          0,
          ...timeline.tries.map((one) => (one.end_date === null ? Date.now() : Date.parse(one.end_date))),
        ) -
        Math.min(
          ...timeline.tries.flatMap((one) => (one.start_date === null ? [] : [Date.parse(one.start_date)])),
        );
  return (
    <div>
      <div className={classes.tools}>
        <Select
          size="xs"
          w={340}
          searchable
          allowDeselect={false}
          aria-label={t('graph.run')}
          placeholder={t('grid.noRuns')}
          data={(grid?.runs ?? []).toReversed().map((one) => ({
            value: one.dag_run_id,
            label: `${showMoment(one.run_after, zone, false)} · ${t(`common:states.${one.state}`)}`,
          }))}
          value={run?.dag_run_id ?? null}
          onChange={(value) => put({ run: value ?? undefined })}
        />
        {(groups?.length ?? 0) > 0 && (
          <Button.Group>
            <Button
              size="xs"
              variant="default"
              onClick={() => fold(groups?.map((group) => group.group_id) ?? [])}
            >
              {t('grid.foldAll')}
            </Button>
            <Button size="xs" variant="default" disabled={folded.size === 0} onClick={() => fold([])}>
              {t('grid.unfoldAll')}
            </Button>
          </Button.Group>
        )}
        <Switch
          size="xs"
          checked={withPath}
          label={t('graph.path')}
          onChange={(event) => put({ path: event.currentTarget.checked ? undefined : 'off' })}
        />
        {(assets?.length ?? 0) > 0 && (
          <Switch
            size="xs"
            checked={withAssets}
            label={t('graph.assets')}
            onChange={(event) => put({ assets: event.currentTarget.checked ? undefined : 'off' })}
          />
        )}
        {withPath && length !== null && Number.isFinite(length) && (
          <span className="dim num">
            {t('graph.pathIs', { count: path.length, length: showLength(length) })}
          </span>
        )}
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {failure && <Failure error={failure} />}
      {isTooMuch ? (
        <Empty title={t('graph.tooMuch', { count: graph.edges.length })}>{t('graph.tooMuchHint')}</Empty>
      ) : (
        (isPending || placed?.key !== key) && failure === null && error === null && <Loading />
      )}
      {nodes.length > 0 && !isTooMuch && (
        <section className={`card ${graphClasses.canvas}`} aria-label={t('tabs.graph')}>
          <ReactFlowProvider key={key}>
            <ReactFlow
              nodes={nodes}
              edges={edges}
              nodeTypes={NODE_TYPES}
              edgeTypes={EDGE_TYPES}
              colorMode={scheme}
              fitView
              fitViewOptions={{ minZoom: 0.4, maxZoom: 1.1, padding: 0.08 }}
              minZoom={0.05}
              nodesDraggable={false}
              nodesConnectable={false}
              nodesFocusable={false}
              edgesFocusable={false}
              elementsSelectable={false}
              onlyRenderVisibleElements={nodes.length > 300}
              proOptions={{ hideAttribution: true }}
            >
              <Background gap={24} size={1} />
              <Controls showInteractive={false} aria-label={t('graph.controls')} />
              {nodes.length > 30 && (
                <MiniMap
                  pannable
                  ariaLabel={t('graph.map')}
                  nodeColor={(node) => `var(--state-${lookOf((node as ShownNode).data.state).colour})`}
                />
              )}
            </ReactFlow>
          </ReactFlowProvider>
        </section>
      )}
      {run !== undefined && !isFinished(run.state) && (
        <p className={`dim ${classes.live}`}>{t('graph.live')}</p>
      )}
    </div>
  );
}
