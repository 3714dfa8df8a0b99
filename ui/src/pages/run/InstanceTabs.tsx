/** What is known of a task instance: rendered templates, links, details. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { Empty } from '@/components/Waiting';
import { Json } from './Json';
import { type Instance, linksQuery, type Place } from './queries';
import classes from './Run.module.css';

export function Rendered({ fields }: { fields: Record<string, unknown> }) {
  const { t } = useTranslation('run');
  const names = Object.keys(fields);
  if (names.length === 0) return <Empty title={t('rendered.none')}>{t('rendered.noneHint')}</Empty>;
  return names.map((name) => (
    <details key={name} className={classes.entry} open>
      <summary>
        <span className="mono">{name}</span>
      </summary>
      <Json value={fields[name]} label={name} />
    </details>
  ));
}

/** Whether an address may be followed: scripts and the like are not. */
export function isWeb(address: string): boolean {
  try {
    return ['http:', 'https:'].includes(new URL(address).protocol);
  } catch {
    return false;
  }
}

export function Links({ place, tryNumber }: { place: Place; tryNumber: number }) {
  const { t } = useTranslation('run');
  const { data: found } = useQuery(linksQuery(place, tryNumber));
  const links = Object.entries(found?.extra_links ?? {});
  if (links.length === 0) return null;
  return (
    <section className={classes.links}>
      <h3>{t('links.title')}</h3>
      <ul>
        {links.map(([name, address]) => (
          <li key={name}>
            {address !== null && isWeb(address) ? (
              <a href={address} target="_blank" rel="noopener noreferrer">
                {name} ↗
              </a>
            ) : (
              <span className="dim">
                {name} {address !== null && <span className="mono">{address}</span>}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Details({ instance }: { instance: Instance }) {
  const { t } = useTranslation('run');
  const words = {
    task: instance.task_id,
    operator: instance.operator_name,
    pool: `${instance.pool} · ${instance.pool_slots}`,
    queue: instance.queue,
    priority: instance.priority_weight,
    executor: instance.executor,
    user: instance.unixname,
    version: instance.dag_version && (
      <Link
        to="/dags/$dagId"
        params={{ dagId: instance.dag_id }}
        search={{ tab: 'code', version: instance.dag_version.version_number }}
      >
        v{instance.dag_version.version_number} · {t('detail.code')}
      </Link>
    ),
    id: instance.id,
  };
  const moments = {
    scheduled: instance.scheduled_when,
    queued: instance.queued_when,
    start: instance.start_date,
    end: instance.end_date,
  };
  return (
    <table className="plain">
      <tbody>
        {Object.entries(words).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{t(`detail.${name}`)}</th>
            <td className="mono">{value ?? '–'}</td>
          </tr>
        ))}
        {Object.entries(moments).map(([name, at]) => (
          <tr key={name}>
            <th scope="row">{t(`detail.${name}`)}</th>
            <td>
              <Moment at={at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
