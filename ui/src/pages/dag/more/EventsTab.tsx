/** What people and the system did with a DAG. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { More, useCount } from '@/pages/dag/more/More';
import { dagEventsQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const PAGE = 50;

export function EventsTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const limit = useCount(PAGE);
  const { data: found, error, isPending, refetch } = useQuery(dagEventsQuery(dagId, limit));
  if (error) return <Failure error={error} again={() => void refetch()} />;
  if (isPending) return <Loading />;
  if (found.event_logs.length === 0) return <Empty title={t('events.none')}>{t('events.noneHint')}</Empty>;
  return (
    <div className={`card ${classes.scroll}`}>
      <table className="plain">
        <thead>
          <tr>
            {['when', 'what', 'who', 'run', 'task', 'extra'].map((name) => (
              <th key={name}>{t(`events.${name}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.event_logs.map((one) => (
            <tr key={one.event_log_id}>
              <td>
                <Moment at={one.when} />
              </td>
              <td className="mono nowrap">{one.event}</td>
              <td>{one.owner ?? '–'}</td>
              <td className="mono">
                {one.run_id && (
                  <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId: one.run_id }}>
                    {one.run_id}
                  </Link>
                )}
              </td>
              <td className="mono">
                {one.task_id}
                {one.map_index !== null && one.map_index >= 0 && `[${one.map_index}]`}
              </td>
              <td className={`mono cut ${classes.extra}`} title={one.extra ?? undefined}>
                {one.extra}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More shown={found.event_logs.length} total={found.total_entries} step={PAGE} />
    </div>
  );
}
