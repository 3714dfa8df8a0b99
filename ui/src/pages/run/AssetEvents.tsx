/** Events of assets that made a run, and those that its tasks made. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { Moment } from '@/components/Moment';
import { StateWord } from '@/components/State';
import { EVENTS_SHOWN, madeEventsQuery, type Place, type Run, upstreamEventsQuery } from './queries';
import classes from './Run.module.css';

type Event = Schema['AssetEventResponse'];

function Asset({ event }: { event: Event }) {
  return (
    <Link to="/admin/$section" params={{ section: 'assets' }} search={{ item: String(event.asset_id) }}>
      {event.name ?? event.uri ?? event.asset_id}
    </Link>
  );
}

interface Props {
  title: string;
  events: Event[];
  total: number;
  isMade: boolean;
}

function Events({ title, events, total, isMade }: Props) {
  const { t } = useTranslation('run');
  if (events.length === 0) return null;
  return (
    <section className={classes.events}>
      <h2>{title}</h2>
      <div className={classes.scroll}>
        <table className="plain">
          <tbody>
            {events.slice(0, EVENTS_SHOWN).map((event) => (
              <tr key={`${event.id} ${event.timestamp} ${event.source_map_index}`}>
                <td>
                  <Asset event={event} />
                </td>
                <td>
                  {event.source_dag_id === null || event.source_run_id === null ? (
                    <span className="dim">{t('assets.byHand')}</span>
                  ) : (
                    <Link
                      to="/dags/$dagId/runs/$runId"
                      params={{ dagId: event.source_dag_id, runId: event.source_run_id }}
                      search={{ task: event.source_task_id ?? undefined }}
                    >
                      {isMade ? '' : `${event.source_dag_id} / `}
                      <span className="mono">{event.source_task_id}</span>
                      {event.source_map_index >= 0 && ` [${event.source_map_index}]`}
                    </Link>
                  )}
                </td>
                <td>
                  <Moment at={event.timestamp} />
                </td>
                <td>
                  {isMade &&
                    event.created_dagruns.map((one) => (
                      <div key={`${one.dag_id} ${one.run_id}`}>
                        →{' '}
                        <Link to="/dags/$dagId/runs/$runId" params={{ dagId: one.dag_id, runId: one.run_id }}>
                          {one.dag_id}
                        </Link>{' '}
                        <StateWord state={one.state} />
                      </div>
                    ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {total > EVENTS_SHOWN && <p className="dim">{t('assets.more', { count: total - EVENTS_SHOWN })}</p>}
    </section>
  );
}

/** Events that one instance made. */
export function MadeEvents({ place, isLive }: { place: Place; isLive: boolean }) {
  const { t } = useTranslation('run');
  const { data: made } = useQuery(madeEventsQuery(place.dagId, place.runId, isLive, place));
  return (
    <Events
      title={t('assets.made')}
      events={made?.asset_events ?? []}
      total={made?.total_entries ?? 0}
      isMade
    />
  );
}

export function AssetEvents({ run, isLive }: { run: Run; isLive: boolean }) {
  const { t } = useTranslation('run');
  const { data: before } = useQuery(upstreamEventsQuery(run.dag_id, run.dag_run_id));
  const { data: made } = useQuery(madeEventsQuery(run.dag_id, run.dag_run_id, isLive));
  return (
    <>
      <Events
        title={t('assets.before')}
        events={before?.asset_events ?? []}
        total={before?.asset_events.length ?? 0}
        isMade={false}
      />
      <Events
        title={t('assets.made')}
        events={made?.asset_events ?? []}
        total={made?.total_entries ?? 0}
        isMade
      />
    </>
  );
}
