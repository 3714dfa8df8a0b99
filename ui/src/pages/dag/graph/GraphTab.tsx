/** The graph of a DAG, with the states of a run: groups fold, the path that decided its length stands out. */
import '@xyflow/react/dist/style.css';
import { Button, Select, Switch, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Background, Controls, ReactFlow, ReactFlowProvider, useStore } from '@xyflow/react';
import { type MouseEvent, type RefObject, useCallback, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useLastLook } from '@/api/lastLook';
import { dagQuery } from '@/api/queries';
import { useZone } from '@/app/preferences';
import { Begin, GraphMap } from '@/components/graph/Begin';
import graphClasses from '@/components/graph/Graph.module.css';
import { Turn, useDirection } from '@/components/graph/Turn';
import { usePlaces } from '@/components/graph/usePlaces';
import { Ways } from '@/components/graph/Ways';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { said } from '@/i18n';
import { isFinished, lookOf } from '@/lib/states';
import { showLength, showMoment } from '@/lib/time';
import { AssetsShown } from '@/pages/dag/graph/AssetsShown';
import { around, assetsOf, firstOf, foldedBut } from '@/pages/dag/graph/around';
import { Centre } from '@/pages/dag/graph/Centre';
import { DownloadMenu } from '@/pages/dag/graph/DownloadMenu';
import { NODE_TYPES, type ShownNode } from '@/pages/dag/graph/GraphNodes';
import { MovingPicture } from '@/pages/dag/graph/MovingPicture';
import { criticalPath, endsOf, graphOf } from '@/pages/dag/graph/model';
import { type Choice, Neighbours, sideOf } from '@/pages/dag/graph/Neighbours';
import { type Asset, besideOf, nodesOf, waysOf } from '@/pages/dag/graph/shown';
import { dagAssetsQuery, timelineQuery } from '@/pages/dag/queries';
import { useGridWith } from '@/pages/dag/useGridWith';
import classes from './Graph.module.css';

const route = getRouteApi('/dags/$dagId');
const RUNS = 90;
const FOLD_FROM = 120;
const EDGES_MAX = 4000;
/** So many assets are shown at first. */
const ASSETS_MAX = 60;
const NOTHING: ReadonlySet<string> = new Set();
const NO_ASSETS: Asset[] = [];
const NO_EDGES: never[] = [];
/** Of more nodes only those in sight are in the page: moving it makes and removes them. */
const MOUNTED_MAX = 2000;
/** Below this scale words cannot be read: nodes show their states only. */
const FAR = 0.35;
/** From so many nodes on, a picture is moved in their place, and the map draws them as plainly as can be. */
const LARGE = 150;

/** Tells the picture when it is seen from far. */
function Far({ of }: { of: RefObject<HTMLElement | null> }) {
  const isFar = useStore(({ transform }) => transform[2] < FAR);
  useEffect(() => {
    of.current?.toggleAttribute('data-far', isFar);
  }, [of, isFar]);
  return null;
}

export function GraphTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const scheme = useComputedColorScheme('light');
  const { grid, run, runs, error, isPending, refetch } = useGridWith(dagId, search.run, search.count ?? RUNS);
  const { data: timeline } = useQuery({
    ...timelineQuery(dagId, run?.dag_run_id ?? '', run?.end_date === null),
    enabled: run !== undefined,
  });
  useLastLook(`${dagId}\n${run?.dag_run_id}`, run?.end_date === null, [['timeline', dagId, run?.dag_run_id]]);
  const canvas = useRef<HTMLElement>(null);
  const direction = useDirection(search.dir);
  const withPath = search.path !== 'off';
  const askedAssets = useQuery(dagAssetsQuery(dagId));
  // Whoever may not read assets sees the tasks only.
  const assets = askedAssets.data ?? (askedAssets.error ? NO_ASSETS : undefined);
  const { data: dag } = useQuery(dagQuery(dagId));
  const schedule = said(dag?.timetable_description ?? '');
  const withAssets = search.assets !== 'off';
  const most = search.assets === 'all' ? Number.POSITIVE_INFINITY : ASSETS_MAX;
  const beside = useMemo(
    () => (withAssets ? firstOf(assets ?? [], most, search.asset).map((one) => besideOf(one, dagId)) : []),
    [assets, withAssets, most, search.asset, dagId],
  );
  const put = (
    change: {
      dir?: string | undefined;
      path?: string | undefined;
      assets?: string | undefined;
      asset?: string | undefined;
      run?: string | undefined;
      fold?: string | undefined;
    } & Choice,
  ) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const all = grid?.tasks;
  const groups = grid?.groups;
  const side = sideOf(search);
  const isDirect = search.depth === 'direct';
  const tasks = useMemo(() => {
    if (all === undefined || search.around === undefined || side === null) return all;
    const some = around(all, search.around, side, isDirect);
    return some.size === 0 ? all : all.filter((task) => some.has(task.task_id));
  }, [all, search.around, side, isDirect]);
  const folded = useMemo(() => {
    if (search.fold !== undefined) return new Set(search.fold.split(',').filter(Boolean));
    return (tasks?.length ?? 0) > FOLD_FROM ? new Set(groups?.map((group) => group.group_id)) : NOTHING;
  }, [search.fold, tasks, groups]);
  const fold = useCallback(
    (next: Iterable<string>) =>
      void navigate({
        search: (before) => ({ ...before, fold: [...next].join(',') || ',' }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const graph = useMemo(
    () =>
      assets === undefined
        ? { nodes: [], edges: [] }
        : graphOf(tasks ?? [], groups ?? [], folded, assetsOf(beside, tasks ?? []), schedule),
    [tasks, groups, folded, assets, beside, schedule],
  );
  const key = useMemo(
    () =>
      JSON.stringify([
        dagId,
        direction,
        graph.nodes.map(({ id, parent, label }) => [id, parent, label]),
        graph.edges.map((e) => [e.from, e.to, e.label]),
      ]),
    [dagId, direction, graph],
  );
  const isTooMuch = graph.edges.length > EDGES_MAX;
  const { places, failure } = usePlaces(key, graph, direction, isTooMuch);

  const path = useMemo(() => {
    if (all === undefined || timeline === undefined || run === undefined) return [];
    return criticalPath(all, endsOf(timeline.tries, Date.now()));
  }, [all, timeline, run]);
  const critical = useMemo(() => new Set(withPath ? path : []), [path, withPath]);
  const toggle = useCallback(
    (id: string) => {
      const next = new Set(folded);
      if (!next.delete(id)) next.add(id);
      fold(next);
    },
    [folded, fold],
  );
  const find = (taskId: string | null) => {
    if (taskId === null) return put({ around: undefined, side: undefined, depth: undefined });
    const left = foldedBut(all ?? [], groups ?? [], folded, taskId);
    put({
      around: taskId,
      asset: undefined,
      ...(left.size < folded.size && { fold: [...left].join(',') || ',' }),
    });
  };
  const follow = (event: MouseEvent) => {
    const { task } = (event.target as HTMLElement).dataset;
    if (task === undefined || run === undefined) return;
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    void navigate({
      to: '/dags/$dagId/runs/$runId',
      params: { dagId, runId: run.dag_run_id },
      search: { task },
    });
  };
  const found =
    graph.nodes.find((node) =>
      search.asset === undefined
        ? node.kind === 'task' && node.tasks[0] === search.around
        : node.kind === 'asset' && node.id.split(':')[1] === search.asset,
    )?.id ?? null;
  const nodes = useMemo(
    () =>
      places === null || grid === undefined
        ? []
        : nodesOf({ dagId, graph, places, grid, run, assets: assets ?? NO_ASSETS, critical, toggle, t }).map(
            (node) => (node.id === found ? { ...node, className: classes.found ?? '' } : node),
          ),
    [dagId, graph, places, grid, run, assets, critical, toggle, found, t],
  );
  const ways = useMemo(
    () => (places === null ? [] : waysOf(graph, places, withPath ? path : [])),
    [graph, places, path, withPath],
  );
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
          data={runs.toReversed().map((one) => ({
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
        <Turn direction={direction} turn={(dir) => put({ dir })} />
        <DownloadMenu
          nodes={nodes}
          ways={ways}
          of={canvas}
          title={[dagId, run?.dag_run_id].filter(Boolean).join(' · ')}
          name={[dagId, run?.dag_run_id].filter(Boolean).join('.')}
        />
        <Neighbours
          tasks={(all ?? []).filter((task) => !task.is_gone)}
          search={search}
          find={find}
          put={put}
        />
        {withAssets && (assets?.length ?? 0) > ASSETS_MAX && (
          <AssetsShown
            assets={assets ?? []}
            shown={beside.length}
            isWhole={search.assets === 'all'}
            found={search.asset}
            find={(asset) => put({ asset })}
            showAll={(isAll) => put({ assets: isAll ? 'all' : undefined })}
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
        (isPending || places === null) && failure === null && error === null && <Loading />
      )}
      {nodes.length > 0 && !isTooMuch && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
        <section
          ref={canvas}
          className={`card ${graphClasses.canvas}`}
          aria-label={t('tabs.graph')}
          onClick={follow}
        >
          <ReactFlowProvider key={key}>
            <ReactFlow
              nodes={nodes}
              edges={NO_EDGES}
              nodeTypes={NODE_TYPES}
              colorMode={scheme}
              minZoom={0.05}
              nodesDraggable={false}
              nodesConnectable={false}
              nodesFocusable={false}
              edgesFocusable={false}
              elementsSelectable={false}
              onlyRenderVisibleElements={nodes.length > MOUNTED_MAX}
              proOptions={{ hideAttribution: true }}
            >
              <Ways ways={ways} />
              <Far of={canvas} />
              <Centre id={side === null || search.asset !== undefined ? found : null} nodes={nodes} />
              {nodes.length > LARGE && <MovingPicture nodes={nodes} ways={ways} of={canvas} far={FAR} />}
              <Background gap={24} size={1} />
              <Controls showInteractive={false} aria-label={t('graph.controls')} />
              <Begin nodes={nodes} chosen={found} direction={direction} />
              <GraphMap
                nodes={nodes}
                nodeBorderRadius={nodes.length > LARGE ? 0 : 5}
                nodeColor={(node) => `var(--state-${lookOf((node as ShownNode).data.state).colour})`}
              />
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
