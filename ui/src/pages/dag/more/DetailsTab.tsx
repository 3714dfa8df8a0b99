/** What a DAG means and why it does what it does; its limits and parameters. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { Moment } from '@/components/Moment';
import { Said } from '@/components/Said';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { showLength } from '@/lib/time';
import { detailsQuery, explainDagQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

function Why({ reasons }: { reasons: Schema['ReasonResponse'][] }) {
  return (
    <ul className={classes.why}>
      {reasons.map((one, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: reasons have no names
        <li key={at}>
          <Said text={one.reason} />
          {one.because.length > 0 && <Why reasons={one.because} />}
        </li>
      ))}
    </ul>
  );
}

interface Param {
  value?: unknown;
  description?: string | null;
  schema?: { type?: string | string[]; title?: string; enum?: unknown[] };
}

function Params({ params }: { params: Record<string, Param> }) {
  const { t } = useTranslation('dag');
  return (
    <table className="plain">
      <thead>
        <tr>
          <th>{t('details.param')}</th>
          <th>{t('details.default')}</th>
          <th>{t('details.kind')}</th>
          <th>{t('details.meaning')}</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(params).map(([name, { value, description, schema }]) => (
          <tr key={name}>
            <td className="mono">{name}</td>
            <td className="mono">{JSON.stringify(value ?? null)}</td>
            <td className="mono">
              {schema?.enum?.map((one) => JSON.stringify(one)).join(' | ') ??
                [schema?.type].flat().join(' | ')}
            </td>
            <td>{description ?? schema?.title ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function DetailsTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const { data: dag, error } = useQuery(detailsQuery(dagId));
  const explained = useQuery(explainDagQuery(dagId));
  // Of what went wrong later the page tells above.
  if (dag === undefined) return error ? <Failure error={error} /> : <Loading />;
  const params = (dag.params ?? {}) as Record<string, Param>;
  const yesNo = (value: boolean | null | undefined) => t(value ? 'details.yes' : 'details.no');
  const facts: [string, React.ReactNode][] = [
    [
      'id',
      <span key="id" className="mono">
        {dag.dag_id}
      </span>,
    ],
    [
      'file',
      <span key="file" className="mono">
        {dag.relative_fileloc ?? dag.fileloc}
      </span>,
    ],
    [
      'bundle',
      dag.bundle_name && (
        <span key="bundle" className="mono">
          {[dag.bundle_name, dag.bundle_version].filter(Boolean).join(' @ ')}
        </span>
      ),
    ],
    ['version', dag.latest_dag_version?.version_number],
    ['read', <Moment key="read" at={dag.last_parsed_time} />],
    ['readLength', dag.last_parse_duration == null ? null : showLength(dag.last_parse_duration * 1000)],
    ['start', <Moment key="start" at={dag.start_date} zone={dag.timezone} />],
    ['end', dag.end_date && <Moment key="end" at={dag.end_date} zone={dag.timezone} />],
    ['timezone', dag.timezone],
    ['catchup', yesNo(dag.catchup)],
    ['native', yesNo(dag.render_template_as_native_obj)],
    ['runTypes', dag.allowed_run_types?.map((one) => t(`runTypes.${one}`)).join(', ')],
    [
      'searchPath',
      dag.template_search_path && (
        <span key="path" className="mono">
          {dag.template_search_path.join(', ')}
        </span>
      ),
    ],
    [
      'assets',
      dag.asset_expression && (
        <code key="assets" className="mono">
          {JSON.stringify(dag.asset_expression)}
        </code>
      ),
    ],
    [
      'defaults',
      dag.default_args && Object.keys(dag.default_args).length > 0 && (
        <code key="defaults" className="mono">
          {JSON.stringify(dag.default_args)}
        </code>
      ),
    ],
  ];
  const limits: [string, React.ReactNode][] = [
    ['activeRuns', t('details.of', { count: dag.active_runs_count ?? 0, max: dag.max_active_runs ?? '∞' })],
    ['activeTasks', dag.max_active_tasks],
    [
      'failures',
      dag.max_consecutive_failed_dag_runs === 0 ? t('details.noLimit') : dag.max_consecutive_failed_dag_runs,
    ],
    ['timeout', dag.dag_run_timeout ?? t('details.noLimit')],
    ['taskLimits', yesNo(dag.has_task_concurrency_limits)],
  ];
  const pairs = (entries: [string, React.ReactNode][]) => (
    <dl className={classes.pairs}>
      {entries
        .filter(([, value]) => value != null && value !== '')
        .map(([name, value]) => (
          <div key={name} style={{ display: 'contents' }}>
            <dt>{t(`details.${name}`)}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
    </dl>
  );
  return (
    <div className={classes.sections}>
      <section className={`card ${classes.section}`}>
        <h2>{t('details.why')}</h2>
        {explained.error && <Failure error={explained.error} />}
        {explained.data && <Why reasons={[explained.data]} />}
      </section>
      <section className={`card ${classes.section}`}>
        <h2>{t('details.limits')}</h2>
        {pairs(limits)}
      </section>
      <section className={`card ${classes.section}`}>
        <h2>{t('details.facts')}</h2>
        {pairs(facts)}
      </section>
      <section className={`card ${classes.section}`}>
        <h2>{t('details.params')}</h2>
        {Object.keys(params).length === 0 ? (
          <Empty title={t('details.noParams')}>{t('details.noParamsHint')}</Empty>
        ) : (
          <Params params={params} />
        )}
      </section>
    </div>
  );
}
