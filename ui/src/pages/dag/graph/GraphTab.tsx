/** The graph of a DAG, with the states of a run: groups fold, the path that decided its length stands out. */
import '@xyflow/react/dist/style.css';
import { Button, Select, Switch, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import {
  Background,
  Controls,
  type Edge,
  Handle,
  MarkerType,
  MiniMap,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
} from '@xyflow/react';
import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { StateSign } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { isFinished, lookOf } from '@/lib/states';
import { showLength, showMoment } from '@/lib/time';
import { type Places, placesOf } from '@/pages/dag/graph/layout';
import { criticalPath, endsOf, graphOf } from '@/pages/dag/graph/model';
import { countsAt, linesOf, worstOf } from '@/pages/dag/grid/model';
import { gridQuery, timelineQuery } from '@/pages/dag/queries';
import classes from './Graph.module.css';

const route = getRouteApi('/dags/$dagId');
const RUNS = 90;
const FOLD_FROM = 120;
const EDGES_MAX = 4000;
const NOTHING: ReadonlySet<string> = new Set();

interface Shown extends Record<string, unknown> {
  id: string;
  dagId: string;
  runId: string | null;
  label: string;
  state: string | null;
  under: string;
  counts: [string, number][];
  isFolded: boolean;
  isCritical: boolean;
  toggle: (() => void) | null;
}
type ShownNode = Node<Shown>;

function Counts({ counts }: { counts: [string, number][] }) {
  const { t } = useTranslation('dag');
  return (
    <span className={`num ${classes.counts}`}>
      {counts.map(([state, count]) => (
        <span key={state} title={t(`common:states.${state}`, { defaultValue: state })}>
          <StateSign state={state} size={9} />
          {count}
        </span>
      ))}
    </span>
  );
}

function TaskNode({ data }: NodeProps<ShownNode>) {
  const { t } = useTranslation('dag');
  const word = data.state === null ? t('grid.absent') : t(`common:states.${data.state}`);
  return (
    <div
      className={classes.task}
      data-critical={data.isCritical}
      style={{ borderLeftColor: `var(--state-${lookOf(data.state).colour})` }}
    >
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <div className={classes.line}>
        {data.state !== null && <StateSign state={data.state} />}
        {data.toggle !== null ? (
          <button type="button" className={`cut nopan ${classes.fold}`} onClick={data.toggle} title={data.id}>
            ▸ {data.label}
          </button>
        ) : data.runId === null ? (
          <span className="cut" title={data.id}>
            {data.label}
          </span>
        ) : (
          <Link
            to="/dags/$dagId/runs/$runId"
            params={{ dagId: data.dagId, runId: data.runId }}
            search={{ task: data.id }}
            className={`cut nopan ${classes.name}`}
            title={`${data.id}: ${word}`}
          >
            {data.label}
          </Link>
        )}
      </div>
      <div className={`cut ${classes.under}`}>
        {data.counts.length > 0 ? <Counts counts={data.counts} /> : data.under}
      </div>
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </div>
  );
}

function GroupNode({ data }: NodeProps<ShownNode>) {
  return (
    <div className={classes.group}>
      <Handle type="target" position={Position.Left} className={classes.handle} isConnectable={false} />
      <button
        type="button"
        className={`cut nopan ${classes.groupHead}`}
        onClick={data.toggle ?? undefined}
        title={data.id}
      >
        ▾ {data.state !== null && <StateSign state={data.state} size={10} />} {data.label}{' '}
        <span className="dim">{data.under}</span>
      </button>
      <Handle type="source" position={Position.Right} className={classes.handle} isConnectable={false} />
    </div>
  );
}

const NODE_TYPES = { task: TaskNode, container: GroupNode };

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
  const [withPath, setWithPath] = useState(true);
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
  const graph = useMemo(() => graphOf(tasks ?? [], groups ?? [], folded), [tasks, groups, folded]);
  const key = useMemo(
    () =>
      JSON.stringify([
        dagId,
        graph.nodes.map(({ id, parent }) => [id, parent]),
        graph.edges.map((e) => [e.from, e.to]),
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
      const place = placed.places.get(node.id);
      if (place === undefined) continue;
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
        },
      });
    }
  }
  const steps = new Set(path.slice(1).map((to, at) => `${path[at]}\n${to}`));
  const edges: Edge[] =
    placed?.key !== key
      ? []
      : graph.edges.map(({ from, to, of }) => {
          const isCritical = withPath && of.some(([a, b]) => steps.has(`${a}\n${b}`));
          const colour = isCritical ? 'var(--ww-accent)' : 'var(--state-queued)';
          return {
            id: `${from}>${to}`,
            source: from,
            target: to,
            focusable: false,
            zIndex: isCritical ? 3 : 2,
            style: { stroke: colour, strokeWidth: isCritical ? 2.5 : 1, opacity: isCritical ? 1 : 0.7 },
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
          onChange={(value) =>
            void navigate({
              search: (before) => ({ ...before, run: value ?? undefined }),
              resetScroll: false,
            })
          }
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
          onChange={(event) => setWithPath(event.currentTarget.checked)}
        />
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
        <section className={`card ${classes.canvas}`} aria-label={t('tabs.graph')}>
          <ReactFlowProvider key={key}>
            <ReactFlow
              nodes={nodes}
              edges={edges}
              nodeTypes={NODE_TYPES}
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
