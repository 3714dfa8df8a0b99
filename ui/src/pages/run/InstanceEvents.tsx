/** What people did with one task of one run. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { Lines } from '@/pages/admin/audit/Lines';
import { dagEventsQuery } from '@/pages/dag/queries';
import type { Place } from './queries';
import classes from './Run.module.css';

const SHOWN_MAX = 100;
const route = getRouteApi('/dags/$dagId/runs/$runId');

export function InstanceEvents({ place }: { place: Place }) {
  const { t } = useTranslation('run');
  const { item } = route.useSearch();
  const navigate = route.useNavigate();
  const { dagId, runId: run, taskId: task } = place;
  const { data: found, error, refetch } = useQuery(dagEventsQuery(dagId, SHOWN_MAX, { run, task }));
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (found === undefined) return failure ?? <Loading />;
  const lines = found.event_logs;
  return (
    <>
      {failure}
      <nav className={classes.wider} aria-label={t('events.wider')}>
        <Link to="/dags/$dagId" params={{ dagId }} search={{ tab: 'events', task }}>
          {t('events.allRuns')}
        </Link>
        <Link to="/dags/$dagId" params={{ dagId }} search={{ tab: 'events', run }}>
          {t('events.wholeRun')}
        </Link>
      </nav>
      {lines.length === 0 ? (
        <Empty title={t('events.none')}>{t('events.noneHint')}</Empty>
      ) : (
        <div className={`card ${classes.lines}`}>
          <Lines
            within="task"
            lines={lines}
            opened={item}
            open={(next) =>
              void navigate({ search: (before) => ({ ...before, item: next }), resetScroll: false })
            }
          />
        </div>
      )}
      {found.total_entries > lines.length && (
        <p className="dim num">{t('events.more', { count: found.total_entries - lines.length })}</p>
      )}
    </>
  );
}
