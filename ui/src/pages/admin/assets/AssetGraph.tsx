/** All assets as a graph: which DAGs write them, and which wait for them or read them. */
import '@xyflow/react/dist/style.css';
import { Button, Switch, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import {
  Background,
  Controls,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
} from '@xyflow/react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { recentRunsQuery } from '@/api/queries';
import { useNow } from '@/app/preferences';
import { AssetSign } from '@/components/graph/AssetSign';
import { Begin, GraphMap } from '@/components/graph/Begin';
import graphClasses from '@/components/graph/Graph.module.css';
import { Turn, useDirection } from '@/components/graph/Turn';
import { usePlaces } from '@/components/graph/usePlaces';
import { type Way, Ways } from '@/components/graph/Ways';
import { StateSign } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { lookOf } from '@/lib/states';
import { showDistance } from '@/lib/time';
import { Filter, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Assets.module.css';
import { around, assetNode, flowOf } from './graph';
import { allAssetsQuery } from './queries';

const NODES_MAX = 600;
const DAGS_WITH_STATE_MAX = 200;

interface Shown extends Record<string, unknown> {
  label: string;
  under: string;
  item: string;
  isChosen: boolean;
  state: string | null;
}

function AssetBox({ data }: NodeProps<Node<Shown>>) {
  return (
    <div className={graphClasses.asset} data-chosen={data.isChosen}>
      <Handle type="target" position={Position.Left} className={graphClasses.handle} isConnectable={false} />
      <div className={graphClasses.line}>
        <AssetSign />
        <Link
          to="/admin/$section"
          params={{ section: 'assets' }}
          search={{ item: data.item }}
          className={`cut nopan ${graphClasses.name}`}
          title={data.label}
        >
          {data.label}
        </Link>
      </div>
      <div className={`cut ${graphClasses.under}`}>{data.under}</div>
      <Handle type="source" position={Position.Right} className={graphClasses.handle} isConnectable={false} />
    </div>
  );
}

function DagBox({ data }: NodeProps<Node<Shown>>) {
  return (
    <div className={classes.dag} style={{ borderLeftColor: `var(--state-${lookOf(data.state).colour})` }}>
      <Handle type="target" position={Position.Left} className={graphClasses.handle} isConnectable={false} />
      <div className={graphClasses.line}>
        {data.state !== null && <StateSign state={data.state} />}
        <Link
          to="/dags/$dagId"
          params={{ dagId: data.item }}
          search={{ tab: 'graph' }}
          className={`cut nopan ${graphClasses.name}`}
          title={data.label}
        >
          {data.label}
        </Link>
      </div>
      <div className={`cut ${graphClasses.under}`}>{data.under}</div>
      <Handle type="source" position={Position.Right} className={graphClasses.handle} isConnectable={false} />
    </div>
  );
}
/** On the map, what was chosen stands out, and DAGs have their state. */
const colourOf = ({ type, data }: Node) =>
  data.isChosen
    ? 'var(--ww-accent)'
    : type === 'dag' && data.state !== null
      ? `var(--state-${lookOf(String(data.state)).colour})`
      : 'var(--state-queued)';
const NODE_TYPES = { asset: AssetBox, dag: DagBox };

export function AssetGraph() {
  const { t, i18n } = useTranslation('manage');
  const [search, change] = useFilters();
  const scheme = useComputedColorScheme('light');
  const direction = useDirection(search.dir);
  const now = useNow();
  const asked = useQuery(allAssetsQuery);
  const assets = asked.data?.assets;
  const withReaders = search.state !== 'schedules';
  const flow = useMemo(() => {
    const wanted = (search.q ?? '').toLowerCase();
    const some = (assets ?? []).filter((one) => `${one.name} ${one.uri}`.toLowerCase().includes(wanted));
    const all = flowOf(withReaders ? some : some.map((one) => ({ ...one, consuming_tasks: [] })));
    return search.item === undefined ? all : around(all, assetNode(Number(search.item)));
  }, [assets, search.q, search.item, withReaders]);
  const key = useMemo(
    () =>
      JSON.stringify([
        'assets',
        direction,
        flow.nodes.map(({ id }) => id),
        flow.edges.map((e) => [e.from, e.to]),
      ]),
    [flow, direction],
  );
  const isTooMuch = flow.nodes.length > NODES_MAX;
  const { places, failure } = usePlaces(key, flow, direction, isTooMuch);
  const dags = flow.nodes.filter((one) => one.kind === 'dag').map((one) => one.label);
  const { data: recent } = useQuery({
    ...recentRunsQuery(dags.slice(0, DAGS_WITH_STATE_MAX)),
    enabled: dags.length > 0 && !isTooMuch,
  });
  const byId = useMemo(() => new Map((assets ?? []).map((one) => [assetNode(one.id), one])), [assets]);
  const nodes = flow.nodes.flatMap((one): Node<Shown>[] => {
    const place = places?.nodes.get(one.id);
    if (place === undefined) return [];
    const asset = byId.get(one.id);
    const run = asset === undefined ? recent?.[one.label]?.[0] : undefined;
    const at = asset === undefined ? run?.run_after : asset.last_asset_event?.timestamp;
    return [
      {
        id: one.id,
        type: one.kind,
        position: { x: place.x, y: place.y },
        width: place.width,
        height: place.height,
        data: {
          label: one.label,
          item: asset === undefined ? one.label : String(asset.id),
          under: at == null ? t('assets.never') : showDistance(at, now, i18n.language),
          isChosen: asset !== undefined && search.item === String(asset.id),
          state: run?.state ?? null,
        },
      },
    ];
  });
  const ways = flow.edges.flatMap(({ from, to, label, isRead }): Way[] => {
    const route = places?.routes.get(`${from}>${to}`);
    return route === undefined
      ? []
      : [{ key: `${from}>${to}`, route, label, look: isRead ? 'asset' : 'plain' }];
  });
  const chosen = search.item === undefined ? undefined : byId.get(assetNode(Number(search.item)));
  return (
    <>
      <div className={shared.filters}>
        <Filter name="q" label={t('byName')} />
        <Switch
          size="xs"
          label={t('assets.readers')}
          checked={withReaders}
          onChange={(event) => change({ state: event.currentTarget.checked ? undefined : 'schedules' })}
        />
        <Turn direction={direction} turn={(dir) => change({ dir, item: search.item })} />
        {search.item !== undefined && (
          <Button size="compact-xs" variant="default" onClick={() => change({ item: undefined })}>
            {t('assets.around', { name: chosen?.name ?? search.item })} ✕
          </Button>
        )}
        <span className="dim num">
          {assets && t('assets.graphOf', { assets: flow.nodes.length - dags.length, dags: dags.length })}
        </span>
        {asked.data && !asked.data.isWhole && <span className="dim">{t('assets.notAll')}</span>}
      </div>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      {failure && <Failure error={failure} />}
      {isTooMuch && <Empty title={t('assets.tooMuch')}>{t('assets.tooMuchHint')}</Empty>}
      {assets !== undefined && flow.nodes.length === 0 && (
        <div className="card">
          <Empty title={t('assets.none')}>{t('assets.noneHint')}</Empty>
        </div>
      )}
      {(asked.isPending || (places === null && flow.nodes.length > 0)) &&
        !isTooMuch &&
        failure === null &&
        asked.error === null && <Loading />}
      {nodes.length > 0 && !isTooMuch && (
        <section className={`card ${graphClasses.canvas}`} aria-label={t('assets.tab.graph')}>
          <ReactFlowProvider key={key}>
            <ReactFlow
              nodes={nodes}
              nodeTypes={NODE_TYPES}
              colorMode={scheme}
              minZoom={0.05}
              nodesDraggable={false}
              nodesConnectable={false}
              nodesFocusable={false}
              elementsSelectable={false}
              onlyRenderVisibleElements={nodes.length > 300}
              proOptions={{ hideAttribution: true }}
            >
              <Background gap={24} size={1} />
              <Ways ways={ways} />
              <Controls showInteractive={false} aria-label={t('assets.controls')} />
              <Begin
                nodes={nodes}
                chosen={search.item === undefined ? null : assetNode(Number(search.item))}
                direction={direction}
              />
              <GraphMap nodes={nodes} nodeColor={colourOf} nodeBorderRadius={8} />
            </ReactFlow>
          </ReactFlowProvider>
        </section>
      )}
      <p className="dim">{t('assets.graphHint')}</p>
    </>
  );
}
