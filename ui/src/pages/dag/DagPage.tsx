/** The page of a DAG: what it is, when it runs, and its views. */
import { ActionIcon, Button, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useNow, useZone } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { Page } from '@/components/Page';
import { StateSign } from '@/components/State';
import { useInSight } from '@/components/useInSight';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { needWords, said } from '@/i18n';
import { showDistance, showMoment } from '@/lib/time';
import { GridTab } from '@/pages/dag/grid/GridTab';
import { Markdown } from '@/pages/dag/Markdown';
import { webAddress } from '@/pages/dag/markdown';
import { detailsQuery } from '@/pages/dag/queries';
import { TriggerDialog } from '@/pages/dag/TriggerDialog';
import { usePause } from '@/pages/dags/pause';
import classes from './Dag.module.css';
import { DagMenu } from './DagMenu';

const route = getRouteApi('/dags/$dagId');
const RunsTab = lazy(() => import('@/pages/dag/runs/RunsTab').then((found) => ({ default: found.RunsTab })));
const GraphTab = lazy(() =>
  import('@/pages/dag/graph/GraphTab').then((found) => ({ default: found.GraphTab })),
);
const CodeTab = lazy(() => import('@/pages/dag/code/CodeTab').then((found) => ({ default: found.CodeTab })));
const DetailsTab = lazy(() =>
  import('@/pages/dag/more/DetailsTab').then((found) => ({ default: found.DetailsTab })),
);
const BackfillsTab = lazy(() =>
  import('@/pages/dag/more/BackfillsTab').then((found) => ({ default: found.BackfillsTab })),
);
const DurationsTab = lazy(() =>
  import('@/pages/dag/runs/DurationsTab').then((found) => ({ default: found.DurationsTab })),
);
const TasksTab = lazy(() =>
  import('@/pages/dag/more/TasksTab').then((found) => ({ default: found.TasksTab })),
);
const CalendarTab = lazy(() =>
  import('@/pages/dag/runs/CalendarTab').then((found) => ({ default: found.CalendarTab })),
);
const EventsTab = lazy(async () => {
  await needWords('manage');
  return { default: (await import('@/pages/dag/more/EventsTab')).EventsTab };
});
const RecoveryTab = lazy(() =>
  import('@/pages/dag/more/RecoveryTab').then((found) => ({ default: found.RecoveryTab })),
);
const TABS = [
  'grid',
  'graph',
  'runs',
  'tasks',
  'durations',
  'calendar',
  'code',
  'details',
  'events',
  'backfills',
  'recovery',
] as const;
type Tab = (typeof TABS)[number];

type Details = Schema['DAGDetailsResponse'];

/** Whether this browser knows a zone: what does not is left out rather than shown wrongly. */
function isZone(zone: string | null | undefined): zone is string {
  if (!zone) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

function Star({ dag }: { dag: Details }) {
  const { t } = useTranslation('dag');
  const queries = useQueryClient();
  const change = useMutation({
    mutationFn: (isFavourite: boolean) => {
      const params = { params: { path: { dag_id: dag.dag_id } } };
      return data<unknown>(
        isFavourite
          ? client.POST('/api/v2/dags/{dag_id}/favorite', params)
          : client.POST('/api/v2/dags/{dag_id}/unfavorite', params),
      );
    },
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['dag', dag.dag_id] }),
        queries.invalidateQueries({ queryKey: ['dags'] }),
      ]),
  });
  const isFavourite = change.isPending ? change.variables : (dag.is_favorite ?? false);
  const label = t('head.favourite');
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      className={classes.star}
      aria-pressed={isFavourite}
      aria-label={label}
      title={label}
      onClick={() => change.mutate(!isFavourite)}
    >
      {isFavourite ? '★' : '☆'}
    </ActionIcon>
  );
}

function NextRun({ dag }: { dag: Details }) {
  const { t, i18n } = useTranslation('dag');
  const now = useNow();
  const [zone] = useZone();
  const at = dag.next_dagrun_run_after;
  if (dag.is_paused) return <span className="dim">{t('head.paused')}</span>;
  if (at == null) return <span className="dim">{t('head.noNext')}</span>;
  const zones = [...new Set(['UTC', ...(isZone(dag.timezone) ? [dag.timezone] : []), zone])];
  return (
    <>
      <div>{showDistance(at, now, i18n.language)}</div>
      <div className={`num dim ${classes.zones}`}>
        {zones.map((one) => (
          <time key={one} dateTime={at} title={one} className="nowrap">
            {showMoment(at, one, false)}
          </time>
        ))}
      </div>
    </>
  );
}

function Facts({ dag }: { dag: Details }) {
  const { t } = useTranslation('dag');
  const links = dag.owner_links ?? {};
  return (
    <dl className={classes.facts}>
      <div className={classes.fact}>
        <dt>{t('head.schedule')}</dt>
        <dd>
          {dag.timetable_summary == null || dag.timetable_summary === 'None' ? (
            t('head.byHand')
          ) : (
            <>
              <div>{said(dag.timetable_description ?? dag.timetable_summary)}</div>
              {dag.timetable_description && (
                <div className="dim">
                  <span className="mono">{dag.timetable_summary}</span> · {dag.timezone ?? 'UTC'}
                </div>
              )}
            </>
          )}
        </dd>
      </div>
      <div className={classes.fact}>
        <dt>{t('head.next')}</dt>
        <dd>
          <NextRun dag={dag} />
        </dd>
      </div>
      <div className={classes.fact}>
        <dt>{t('head.owner')}</dt>
        <dd>
          {dag.owners.map((owner, number) => {
            const href = webAddress(links[owner] ?? '');
            return (
              <span key={owner}>
                {number > 0 && ', '}
                {href === null ? (
                  <Link to="/dags" search={{ owner }}>
                    {owner}
                  </Link>
                ) : (
                  <a href={href} rel="noopener noreferrer" target="_blank">
                    {owner}
                  </a>
                )}
              </span>
            );
          })}
        </dd>
      </div>
      {dag.tags.length > 0 && (
        <div className={classes.fact}>
          <dt>{t('head.tags')}</dt>
          <dd className={classes.tags}>
            {dag.tags.map((tag) => (
              <Link key={tag.name} to="/dags" search={{ tag: tag.name }} className={classes.tag}>
                {tag.name}
              </Link>
            ))}
          </dd>
        </div>
      )}
      <div className={classes.fact}>
        <dt>{t('head.nowRuns')}</dt>
        <dd className="num">
          <Link from="/dags/$dagId" to="." search={{ tab: 'runs', state: 'running' }}>
            {t('details.of', { count: dag.active_runs_count ?? 0, max: dag.max_active_runs ?? '∞' })}
          </Link>
        </dd>
      </div>
      {dag.latest_dag_version && (
        <div className={classes.fact}>
          <dt>{t('head.version')}</dt>
          <dd>
            <Link from="/dags/$dagId" to="." search={{ tab: 'code' }}>
              v{dag.latest_dag_version.version_number}
            </Link>
          </dd>
        </div>
      )}
      {dag.has_import_errors && (
        <div className={classes.fact}>
          <dt>{t('head.file')}</dt>
          <dd>
            <Link to="/admin/$section" params={{ section: 'import-errors' }}>
              <StateSign state="failed" /> {t('head.broken')}
            </Link>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Tabs({ tab, mayTo }: { tab: Tab; mayTo: (permission: string) => boolean }) {
  const { t } = useTranslation('dag');
  const tabs = TABS.filter((one) => one !== 'events' || mayTo('audit_log:read'));
  const row = useInSight(tab, tabs.length);
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
    const next = all[(all.indexOf(document.activeElement as HTMLElement) + step + all.length) % all.length];
    event.preventDefault();
    next?.focus();
    next?.click();
  };
  return (
    <div ref={row} role="tablist" className={classes.tabs} onKeyDown={onKeyDown}>
      {tabs.map((one) => (
        <Link
          key={one}
          role="tab"
          from="/dags/$dagId"
          to="/dags/$dagId"
          search={(before) => ({ tab: one === 'grid' ? undefined : one, run: before.run, task: before.task })}
          aria-selected={one === tab}
          tabIndex={one === tab ? 0 : -1}
          className={classes.tab}
        >
          {t(`tabs.${one}`)}
        </Link>
      ))}
    </div>
  );
}

export function DagPage() {
  const { t } = useTranslation('dag');
  const { dagId } = route.useParams();
  const search = route.useSearch();
  const { data: dag, error, isPending, refetch } = useQuery(detailsQuery(dagId));
  const [isTriggering, setTriggering] = useState(false);
  const pause = usePause();
  const tab: Tab = TABS.find((one) => one === search.tab) ?? 'grid';
  const isPaused = pause.isPending ? pause.variables.isPaused : (dag?.is_paused ?? false);
  const name = dag?.dag_display_name ?? dagId;
  const mayTo = useMayTo(dag ?? { dag_id: dagId });
  const trigger = mayTo('run:create') ? () => setTriggering(true) : null;
  return (
    <Page
      name={name}
      crumbs={[{ label: t('common:nav.dags'), to: '/dags' }]}
      title={
        <span className={classes.name}>
          {name}
          {dag && <Star dag={dag} />}
        </span>
      }
      actions={
        dag && (
          <>
            <Switch
              size="sm"
              checked={!isPaused}
              disabled={!mayTo('dag:edit')}
              label={t(isPaused ? 'head.isPaused' : 'head.isActive')}
              onChange={() => pause.mutate({ dagId, isPaused: !isPaused })}
              style={{ alignSelf: 'center' }}
            />
            {trigger && (
              <Button size="xs" onClick={trigger}>
                {t('head.trigger')}
              </Button>
            )}
            <DagMenu dag={dag} />
          </>
        )
      }
    >
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {dag && (
        <>
          {dag.is_stale && <Empty title={t('head.stale')}>{t('head.staleHint')}</Empty>}
          {(dag.description || dag.doc_md) && (
            <div className={classes.about}>
              {dag.description && <span className="dim">{dag.description}</span>}
              {dag.doc_md && (
                <details>
                  <summary>{t('head.doc')}</summary>
                  <div className="card">
                    <Markdown text={dag.doc_md} />
                  </div>
                </details>
              )}
            </div>
          )}
          <Facts dag={dag} />
        </>
      )}
      {(dag !== undefined || error === null) && (
        <>
          <Tabs tab={tab} mayTo={mayTo} />
          <div role="tabpanel" aria-label={t(`tabs.${tab}`)}>
            <Suspense fallback={<Loading />} key={`${dagId}\n${tab}`}>
              {tab === 'grid' && <GridTab dagId={dagId} trigger={trigger} />}
              {tab === 'graph' && <GraphTab dagId={dagId} />}
              {tab === 'tasks' && <TasksTab dagId={dagId} />}
              {tab === 'durations' && <DurationsTab dagId={dagId} />}
              {tab === 'calendar' && <CalendarTab dagId={dagId} />}
              {tab === 'events' && <EventsTab dagId={dagId} />}
              {tab === 'recovery' && <RecoveryTab dagId={dagId} />}
              {tab === 'code' && <CodeTab dagId={dagId} />}
              {tab === 'details' && <DetailsTab dagId={dagId} />}
              {tab === 'backfills' && <BackfillsTab dagId={dagId} mayTo={mayTo} />}
              {tab === 'runs' && <RunsTab dagId={dagId} trigger={trigger} />}
            </Suspense>
          </div>
        </>
      )}
      {isTriggering && <TriggerDialog dagId={dagId} close={() => setTriggering(false)} />}
    </Page>
  );
}
