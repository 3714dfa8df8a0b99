/** What somebody marked, what runs now, what failed and where, and what comes next. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import {
  componentsQuery,
  importErrorsQuery,
  questionsCountQuery,
  recentRunsQuery,
  runsQuery,
  upcomingQuery,
} from '@/api/queries';
import { useNow, useZone } from '@/app/preferences';
import { Moment } from '@/components/Moment';
import { Page } from '@/components/Page';
import { StateSign, StateWord } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { said } from '@/i18n';
import { lengthBetween, showLength, showMoment } from '@/lib/time';
import { Favourites, NoFavourites } from './Favourites';
import classes from './Home.module.css';
import { BIN_MS, type Bin, binsOf, isSlow, soonestOf } from './load';
import { Panel } from './Panel';
import { failuresQuery, queuedQuery, WAITING_MAX } from './queries';

const HOURS = 12;
const RUNS_SHOWN = 30;
const NEXT_SHOWN = 12;
const CAUSES_SHOWN = 12;
const PATIENCE_MS = 60_000;
const PICTURE = { width: 720, height: 96, foot: 18 };
const LABEL_EVERY = 8;

/** What waits for a worker for longer than it should. */
function Stuck() {
  const { t } = useTranslation();
  const now = useNow();
  const { data } = useQuery(queuedQuery);
  const late = (data?.task_instances ?? []).filter(
    (one) => one.queued_when !== null && now - new Date(one.queued_when).getTime() > PATIENCE_MS,
  );
  if (late.length === 0) return null;
  return (
    <p className={classes.questions}>
      <StateSign state="queued" />{' '}
      <Link to="/admin/$section" params={{ section: 'workers' }}>
        {late.length < WAITING_MAX
          ? t('home.stuck', { count: late.length })
          : t('home.stuckMany', { count: late.length })}
      </Link>
    </p>
  );
}

function Running() {
  const { t } = useTranslation();
  const now = useNow();
  const { data, error, isPending } = useQuery(runsQuery('~', RUNS_SHOWN, { state: ['running', 'queued'] }));
  const dagIds = [...new Set((data?.dag_runs ?? []).map((run) => run.dag_id))].sort();
  const { data: before } = useQuery({ ...recentRunsQuery(dagIds), enabled: dagIds.length > 0 });
  return (
    <Panel title={t('home.running')} note={data && data.dag_runs.length > 0 ? data.total_entries : ''}>
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      {data?.dag_runs.length === 0 && (
        <Empty title={t('home.nothingRuns')}>{t('home.nothingRunsHint')}</Empty>
      )}
      {data && data.dag_runs.length > 0 && (
        <table className="plain">
          <tbody>
            {data.dag_runs.map((run) => (
              <tr key={`${run.dag_id}/${run.dag_run_id}`}>
                <td>
                  <StateWord state={run.state} />
                </td>
                <td className={classes.grow}>
                  <Link to="/dags/$dagId" params={{ dagId: run.dag_id }}>
                    {run.dag_display_name}
                  </Link>
                  <div className="cut">
                    <Link
                      to="/dags/$dagId/runs/$runId"
                      params={{ dagId: run.dag_id, runId: run.dag_run_id }}
                      className="mono dim"
                    >
                      {run.dag_run_id}
                    </Link>
                  </div>
                </td>
                <td className="num nowrap">
                  {showLength(lengthBetween(run.start_date, null, now))}
                  {run.state === 'running' && isSlow(run.start_date, before?.[run.dag_id] ?? [], now) && (
                    <div className={classes.slow}>{t('home.slow')}</div>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Failed() {
  const { t } = useTranslation();
  const { data, error, isPending } = useQuery(failuresQuery);
  const causes = (data?.causes ?? []).slice(0, CAUSES_SHOWN);
  return (
    <Panel title={t('home.failed')} note={causes.length > 0 ? data?.total_failures : ''}>
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      {data && causes.length === 0 && <Empty title={t('home.nothingFailed')} />}
      {causes.length > 0 && (
        <table className={`plain ${classes.causes}`}>
          <tbody>
            {causes.map((cause) => (
              <tr key={`${cause.dag_id}/${cause.task_id}/${cause.reason}`}>
                <td>
                  <StateSign state="failed" />
                </td>
                <td className={classes.grow}>
                  <Link
                    to="/dags/$dagId/runs/$runId"
                    params={{ dagId: cause.dag_id, runId: cause.dag_run_id }}
                    search={{ task: cause.task_id, map: cause.map_index, try: cause.try_number }}
                  >
                    {cause.dag_id} <span className="dim">·</span>{' '}
                    <span className="mono">{cause.task_id}</span>
                  </Link>
                  <div className="cut dim" title={said(cause.reason)}>
                    {said(cause.reason)}
                  </div>
                </td>
                <td className="num nowrap">
                  {cause.count > 1 ? t('home.times', { count: cause.count }) : ''}
                </td>
                <td>
                  <Moment at={cause.end_date} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </Panel>
  );
}

function Load({ bins, slots }: { bins: Bin[]; slots: number }) {
  const { t } = useTranslation();
  const [zone] = useZone();
  const { width, height, foot } = PICTURE;
  const most = Math.max(slots, 1, ...bins.map((bin) => bin.tasks));
  const step = width / bins.length;
  const tall = height - foot;
  const line = tall - (slots / most) * (tall - 8);
  return (
    <svg
      viewBox={`0 0 ${width} ${height}`}
      className={classes.load}
      role="img"
      aria-label={t('home.load', { slots })}
      preserveAspectRatio="none"
    >
      {bins.map((bin, number) => {
        const size = (bin.tasks / most) * (tall - 8);
        return (
          <g key={bin.from}>
            <rect
              x={number * step + 1}
              y={tall - size}
              width={Math.max(1, step - 2)}
              height={size}
              fill="var(--ww-accent)"
              opacity={bin.tasks > slots ? 1 : 0.6}
            >
              <title>{`${showMoment(new Date(bin.from), zone, false)}: ${bin.runs} / ${bin.tasks}`}</title>
            </rect>
            {number % LABEL_EVERY === 0 && (
              <text x={number * step + 2} y={height - 4} className={classes.tick}>
                {showMoment(new Date(bin.from), zone, false).slice(11, 16)}
              </text>
            )}
          </g>
        );
      })}
      <line x1="0" x2={width} y1={line} y2={line} className={classes.slots} />
      <line x1="0" x2={width} y1={tall} y2={tall} className={classes.axis} />
    </svg>
  );
}

function Next({ slots }: { slots: number }) {
  const { t } = useTranslation();
  const now = useNow();
  const { data, error, isPending } = useQuery(upcomingQuery(HOURS));
  const runs = data?.runs ?? [];
  const next = soonestOf(runs);
  const minute = Math.floor(now / BIN_MS) * BIN_MS;
  return (
    <Panel title={t('home.next')} note={t('home.hours', { count: HOURS })}>
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      {data && runs.length === 0 && <Empty title={t('home.nothingNext')}>{t('home.nothingNextHint')}</Empty>}
      {runs.length > 0 && (
        <>
          <Load bins={binsOf(runs, minute, HOURS)} slots={slots} />
          {data?.is_whole === false && (
            <p className={`dim ${classes.broken}`}>{t('home.partly', { count: runs.length })}</p>
          )}
          <table className="plain">
            <tbody>
              {next.slice(0, NEXT_SHOWN).map(({ run, more }) => (
                <tr key={run.dag_id}>
                  <td className="nowrap">
                    <Moment at={run.run_after} zone={run.timezone} relative />
                  </td>
                  <td className={classes.grow}>
                    <Link to="/dags/$dagId" params={{ dagId: run.dag_id }}>
                      {run.dag_display_name}
                    </Link>{' '}
                    <span className="dim">{said(run.schedule)}</span>
                    {more > 0 && <span className="dim num"> · {t('home.more', { count: more })}</span>}
                  </td>
                  <td className={`num nowrap dim ${classes.moment}`}>
                    <Moment at={run.run_after} zone={run.timezone} withSeconds={false} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </Panel>
  );
}

function Parts() {
  const { t } = useTranslation();
  const { data, error } = useQuery(componentsQuery);
  const { data: broken } = useQuery(importErrorsQuery);
  return (
    <Panel title={t('home.parts')}>
      {error && <Failure error={error} />}
      {broken && broken.total_entries > 0 && (
        <p className={classes.broken}>
          <StateSign state="failed" />{' '}
          <Link to="/admin/$section" params={{ section: 'import-errors' }}>
            {t('home.importErrors', { count: broken.total_entries })}
          </Link>
        </p>
      )}
      <table className="plain">
        <tbody>
          {(data?.components ?? []).map((part) => (
            <tr key={`${part.kind}/${part.name}`}>
              <td>
                <StateSign state={part.status === 'healthy' ? 'success' : 'failed'} />
              </td>
              <td className={classes.grow}>
                {part.kind} <span className="dim mono">{part.hostname}</span>
              </td>
              <td>
                <Moment at={part.latest_heartbeat} relative />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

export function Home() {
  const { t } = useTranslation();
  const { data } = useQuery(componentsQuery);
  const { data: questions } = useQuery(questionsCountQuery);
  const slots = (data?.hosts ?? []).reduce((sum, host) => sum + host.capacity, 0);
  return (
    <Page title={t('home.title')} name={t('home.title')}>
      {questions !== undefined && questions > 0 && (
        <p className={classes.questions}>
          <StateSign state="awaiting_input" />{' '}
          <Link to="/admin/$section" params={{ section: 'inbox' }}>
            {t('home.questions', { count: questions })}
          </Link>
        </p>
      )}
      <Stuck />
      <div className={classes.panels}>
        <Favourites />
        <Running />
        <div className={classes.column}>
          <Failed />
          <Next slots={slots} />
          <Parts />
        </div>
      </div>
      <NoFavourites />
    </Page>
  );
}
