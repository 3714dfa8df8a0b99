/** One task instance: its attempts, and what is known of the one that is looked at. */
import { Tabs } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { EndedOf } from '@/components/Said';
import { StateSign, StateWord } from '@/components/State';
import { useInSight } from '@/components/useInSight';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { needWords } from '@/i18n';
import { isFinished } from '@/lib/states';
import { lengthBetween, showLength } from '@/lib/time';
import { MadeEvents } from './AssetEvents';
import { Attempts } from './Attempts';
import { noteInstance } from './actions';
import { InstanceActions } from './InstanceActions';
import { Details, Links, Rendered } from './InstanceTabs';
import { Note } from './Note';
import { attemptsQuery, type Exit, instanceQuery, type Place, reasonQuery } from './queries';
import classes from './Run.module.css';
import { Fact } from './RunFacts';
import { showBytes } from './sizes';
import { TaskState } from './TaskState';
import { Why } from './Why';
import { XComs } from './XComs';

const LogView = lazy(async () => ({ default: (await import('./log/LogView')).LogView }));
const Asked = lazy(async () => {
  await needWords('manage');
  return { default: (await import('./Asked')).Asked };
});
const InstanceEvents = lazy(async () => {
  await needWords('manage');
  return { default: (await import('./InstanceEvents')).InstanceEvents };
});
const TABS = ['log', 'why', 'attempts', 'xcom', 'rendered', 'details', 'events'] as const;
const route = getRouteApi('/dags/$dagId/runs/$runId');

interface Props {
  place: Place;
  label: string;
  isMapped: boolean;
  isLive: boolean;
}

export function InstancePane({ place, label, isMapped, isLive }: Props) {
  const { t } = useTranslation('run');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: one, error, refetch } = useQuery(instanceQuery(place, isLive));
  const askedAttempts = useQuery(attemptsQuery(place, isLive));
  const mayTo = useMayTo({ dag_id: place.dagId });
  const tab = TABS.find((name) => name === search.tab) ?? 'log';
  const tabs = TABS.filter((name) => name !== 'events' || mayTo('audit_log:read'));
  const row = useInSight(tab, tabs.length);
  // What was typed here, and what was read of a log, outlive a question that got no answer.
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (!one) return failure ?? <Loading />;
  const attempts = askedAttempts.data?.attempts ?? [];
  const tryNumber = search.try ?? Math.max(one.try_number, 0);
  const attempt = attempts.find((other) => other.try_number === tryNumber);
  return (
    <div className={classes.pane}>
      {failure}
      <div className={classes.paneHead}>
        <div className={classes.paneTitle}>
          <Link
            from="/dags/$dagId/runs/$runId"
            to="."
            resetScroll={false}
            search={(before) => ({
              ...before,
              task: isMapped ? before.task : undefined,
              map: undefined,
              try: undefined,
            })}
            className={isMapped ? undefined : classes.back}
          >
            ← {isMapped ? t('pane.allMapped') : t('pane.back')}
          </Link>
          <h2 title={place.taskId}>
            {label}
            {place.mapIndex >= 0 && (
              <span className="num"> [{one.rendered_map_index ?? place.mapIndex}]</span>
            )}
          </h2>
          <StateWord state={one.state} />
        </div>
        <InstanceActions target={place} state={one.state} />
      </div>
      {attempts.length > 1 && (
        <nav className={classes.tries} aria-label={t('fact.tries')}>
          {attempts.map((other) => (
            <Link
              key={other.try_number}
              from="/dags/$dagId/runs/$runId"
              to="."
              resetScroll={false}
              search={(before) => ({ ...before, try: other.try_number })}
              data-chosen={other.try_number === tryNumber}
              aria-current={other.try_number === tryNumber || undefined}
            >
              <StateSign state={other.state} size={10} /> {t('pane.try', { number: other.try_number })}
            </Link>
          ))}
        </nav>
      )}
      <div className={classes.factsRow}>
        <AttemptFacts
          start={attempt === undefined ? one.start_date : attempt.start_date}
          end={attempt === undefined ? one.end_date : attempt.end_date}
          queued={attempt === undefined ? one.queued_when : attempt.queued_at}
          host={attempt === undefined ? one.hostname : attempt.hostname}
          pid={one.pid}
          tries={`${tryNumber} / ${one.max_tries + 1}`}
          exit={(attempt?.exit ?? null) as Exit | null}
        />
        <Note
          note={one.note}
          mayWrite={mayTo('task_instance:edit')}
          save={(note) => noteInstance(place.dagId, place.runId, place.taskId, place.mapIndex, note)}
        />
      </div>
      {one.state === 'awaiting_input' && (
        <Suspense>
          <Asked place={place} />
        </Suspense>
      )}
      <Tabs
        value={tab}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, tab: value === 'log' ? undefined : (value ?? undefined) }),
            resetScroll: false,
          })
        }
        keepMounted={false}
        classNames={{ root: classes.tabs ?? '', list: classes.tabList ?? '', panel: classes.panel ?? '' }}
      >
        <Tabs.List ref={row}>
          {tabs.map((name) => (
            <Tabs.Tab key={name} value={name}>
              {t(`tab.${name}`)}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="log">
          {tryNumber < 1 ? (
            <Empty title={t('log.notBegun')}>{t('log.notBegunHint')}</Empty>
          ) : (
            <Suspense fallback={<Loading />}>
              <LogView
                key={tryNumber}
                place={place}
                tryNumber={tryNumber}
                isOver={tryNumber < one.try_number || isFinished(one.state)}
              />
            </Suspense>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="why">
          <WhyTask place={place} isLive={isLive} />
        </Tabs.Panel>
        <Tabs.Panel value="attempts">
          <Attempts asked={askedAttempts} most={one.max_tries + 1} chosen={tryNumber} />
        </Tabs.Panel>
        <Tabs.Panel value="xcom">
          <XComs place={place} isLive={isLive} />
          <TaskState place={place} isLive={isLive} />
        </Tabs.Panel>
        <Tabs.Panel value="rendered">
          <Rendered fields={one.rendered_fields ?? {}} />
        </Tabs.Panel>
        <Tabs.Panel value="details">
          <Links place={place} tryNumber={tryNumber} />
          <Details instance={one} />
          <MadeEvents place={place} isLive={isLive} />
        </Tabs.Panel>
        <Tabs.Panel value="events">
          <Suspense fallback={<Loading />}>
            <InstanceEvents place={place} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
    </div>
  );
}

function WhyTask({ place, isLive }: { place: Place; isLive: boolean }) {
  const { data: reason, error } = useQuery(reasonQuery(place, isLive));
  return (
    <>
      {error && <Failure error={error} />}
      {reason ? <Why reason={reason} /> : error === null && <Loading />}
    </>
  );
}

interface FactsProps {
  start: string | null;
  end: string | null;
  queued: string | null;
  host: string | null;
  pid: number | null;
  tries: string;
  exit: Exit | null;
}

/** When and where an attempt waited and ran, and how it ended. */
export function AttemptFacts({ start, end, queued, host, pid, tries, exit }: FactsProps) {
  const { t } = useTranslation('run');
  const now = useNow();
  const waited = lengthBetween(queued, start ?? end, now);
  return (
    <>
      {exit !== null && exit.kind !== 'ok' && (
        <div className={classes.exit}>
          <strong>{t(`exit.${exit.kind}`, { defaultValue: exit.kind })}</strong>
          {exit.exit_code !== undefined && (
            <span className="num">{t('exit.code', { code: exit.exit_code })}</span>
          )}
          {exit.signal !== undefined && (
            <span className="num">{t('exit.signalNumber', { signal: exit.signal })}</span>
          )}
          {(exit.error_type || exit.message) && (
            <span>
              <EndedOf type={exit.error_type} message={exit.message} />
            </span>
          )}
        </div>
      )}
      <dl className={classes.facts}>
        <Fact name={t('fact.try')}>
          <span className="num">{tries}</span>
        </Fact>
        {start !== null && (
          <>
            <Fact name={t('fact.start')}>
              <Moment at={start} />
            </Fact>
            <Fact name={t('fact.length')}>
              <span className="num">{showLength(lengthBetween(start, end, now))}</span>
            </Fact>
          </>
        )}
        {waited !== null && (
          <Fact name={t('fact.waited')}>
            <span className="num">{showLength(Math.max(0, waited))}</span>
          </Fact>
        )}
        {host && (
          <Fact name={t('fact.host')}>
            <span className="mono">
              {host}
              {(exit?.pid ?? pid) != null && <span className="dim"> · {exit?.pid ?? pid}</span>}
            </span>
          </Fact>
        )}
        {exit?.cpu_s !== undefined && (
          <Fact name={t('fact.cpu')}>
            <span className="num">{showLength(exit.cpu_s * 1000)}</span>
          </Fact>
        )}
        {exit?.peak_rss_bytes !== undefined && (
          <Fact name={t('fact.memory')}>
            <span className="num">{showBytes(exit.peak_rss_bytes)}</span>
          </Fact>
        )}
      </dl>
    </>
  );
}
