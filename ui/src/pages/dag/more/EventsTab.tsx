/** What people and the system did with a DAG, with one of its runs, with one of its tasks. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { Lines } from '@/pages/admin/audit/Lines';
import { More, useCount } from '@/pages/dag/more/More';
import { dagEventsQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const PAGE = 50;
const route = getRouteApi('/dags/$dagId');

export function EventsTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const { run, task, item } = route.useSearch();
  const navigate = route.useNavigate();
  const limit = useCount(PAGE);
  const { data: found, error, refetch } = useQuery(dagEventsQuery(dagId, limit, { run, task }));
  const narrowed = Object.entries({ run, task }).filter(([, value]) => value !== undefined);
  return (
    <>
      {narrowed.length > 0 && (
        <div className={classes.tools}>
          {narrowed.map(([name, value]) => (
            <Button
              key={name}
              size="compact-sm"
              variant="light"
              rightSection="×"
              title={t('events.wider')}
              onClick={() =>
                void navigate({ search: (before) => ({ ...before, [name]: undefined, item: undefined }) })
              }
            >
              {t(`events.${name}`)}: <span className="mono">&nbsp;{value}</span>
            </Button>
          ))}
        </div>
      )}
      {error && <Failure error={error} again={() => void refetch()} />}
      {!error && found === undefined && <Loading />}
      {found?.event_logs.length === 0 && (
        <Empty title={t(narrowed.length > 0 ? 'events.noneSuch' : 'events.none')}>
          {t(narrowed.length > 0 ? 'events.noneSuchHint' : 'events.noneHint')}
        </Empty>
      )}
      {found !== undefined && found.event_logs.length > 0 && (
        <div className={`card ${classes.scroll}`}>
          <Lines
            within="dag"
            lines={found.event_logs}
            opened={item}
            open={(next) =>
              void navigate({ search: (before) => ({ ...before, item: next }), resetScroll: false })
            }
          />
          <More shown={found.event_logs.length} total={found.total_entries} step={PAGE} />
        </div>
      )}
    </>
  );
}
