/** What an instance keeps from one try to the next; nothing is shown where it keeps nothing. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { Json } from './Json';
import { type Place, taskStateQuery } from './queries';
import classes from './Run.module.css';

export function TaskState({ place, isLive }: { place: Place; isLive: boolean }) {
  const { t } = useTranslation('run');
  const { data: found } = useQuery(taskStateQuery(place, isLive));
  if (found === undefined || found.task_state_store.length === 0) return null;
  return (
    <section className={classes.events}>
      <h2>{t('state.title')}</h2>
      {found.task_state_store.map((one) => (
        <details key={one.key} className={classes.entry} open={found.task_state_store.length === 1}>
          <summary>
            <span className="mono">{one.key}</span>
            <span className="dim">
              <Moment at={one.updated_at} />
              {one.expires_at !== null && (
                <>
                  {' · '}
                  {t('state.until')} <Moment at={one.expires_at} />
                </>
              )}
            </span>
          </summary>
          <Json value={one.value} label={one.key} />
        </details>
      ))}
      {found.total_entries > found.task_state_store.length && (
        <p className="dim">
          {t('xcom.more', { count: found.total_entries - found.task_state_store.length })}
        </p>
      )}
    </section>
  );
}
