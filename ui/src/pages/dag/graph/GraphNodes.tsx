/** What stands in a graph: tasks, groups, assets, and the ways between them. */
import { defaultStringifySearch, Link } from '@tanstack/react-router';
import type { Node, NodeProps } from '@xyflow/react';
import type { CSSProperties } from 'react';
import { useTranslation } from 'react-i18next';
import { AssetSign } from '@/components/graph/AssetSign';
import graph from '@/components/graph/Graph.module.css';
import { StateSign } from '@/components/State';
import { lookOf } from '@/lib/states';
import classes from './Graph.module.css';

export interface Shown extends Record<string, unknown> {
  id: string;
  dagId: string;
  runId: string | null;
  label: string;
  state: string | null;
  under: string;
  counts: [string, number][];
  isFolded: boolean;
  isCritical: boolean;
  toggle: ((id: string) => void) | null;
  assetId: string | null;
}
export type ShownNode = Node<Shown>;

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
      style={{ '--state': `var(--state-${lookOf(data.state).colour})` } as CSSProperties}
    >
      <div className={graph.line}>
        {data.state !== null && <StateSign state={data.state} />}
        {data.toggle !== null ? (
          <button
            type="button"
            className={`cut nopan ${classes.fold}`}
            onClick={() => data.toggle?.(data.id)}
            title={data.id}
          >
            ▸ {data.label}
          </button>
        ) : data.runId === null ? (
          <span className="cut" title={data.id}>
            {data.label}
          </span>
        ) : (
          <a
            href={`/dags/${encodeURIComponent(data.dagId)}/runs/${encodeURIComponent(data.runId)}${defaultStringifySearch({ task: data.id })}`}
            data-task={data.id}
            className={`cut nopan ${graph.name}`}
            title={`${data.id}: ${word}`}
          >
            {data.label}
          </a>
        )}
      </div>
      <div className={`cut ${graph.under}`}>
        {data.counts.length > 0 ? <Counts counts={data.counts} /> : data.under}
      </div>
    </div>
  );
}

function GroupNode({ data }: NodeProps<ShownNode>) {
  return (
    <div className={classes.group}>
      <button
        type="button"
        className={`cut nopan ${classes.groupHead}`}
        onClick={() => data.toggle?.(data.id)}
        title={data.id}
      >
        ▾ {data.state !== null && <StateSign state={data.state} size={10} />} {data.label}{' '}
        <span className="dim">{data.under}</span>
      </button>
    </div>
  );
}

function AssetNode({ data }: NodeProps<ShownNode>) {
  return (
    <div className={graph.asset}>
      <div className={graph.line}>
        <AssetSign />
        {data.assetId === null ? (
          <span className="cut" title={data.label}>
            {data.label}
          </span>
        ) : (
          <Link
            to="/admin/$section"
            params={{ section: 'assets' }}
            search={{ item: data.assetId }}
            className={`cut nopan ${graph.name}`}
            title={data.label}
          >
            {data.label}
          </Link>
        )}
      </div>
      <div className={`cut ${graph.under}`} title={data.under}>
        {data.under}
      </div>
    </div>
  );
}

export const NODE_TYPES = { task: TaskNode, container: GroupNode, asset: AssetNode };
