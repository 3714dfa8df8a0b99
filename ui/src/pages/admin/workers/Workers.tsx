/** Who works: components, hosts with what they run, queues with what waits, and what is stuck. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { healthQuery } from '@/api/queries';
import { useNow } from '@/app/preferences';
import { Moment } from '@/components/Moment';
import { Said } from '@/components/Said';
import { StateSign } from '@/components/State';
import { lengthBetween, showLength } from '@/lib/time';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Bar } from '../shared/Bar';
import { Listing, Part, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { queueLoads, runningOn, waitingLong } from './load';
import { ATTEMPTS_MAX, attemptsQuery, liveComponentsQuery, warningsQuery } from './queries';
import classes from './Workers.module.css';

type Attempt = Schema['TaskInstanceResponse'];
const PATIENCE_MS = 60_000;
const STUCK_SHOWN = 20;

function Life({ status, isDraining = false }: { status: string | null; isDraining?: boolean }) {
  const { t } = useTranslation('manage');
  if (isDraining && status === 'healthy') {
    return (
      <span className={classes.life}>
        <StateSign state="deferred" />
        {t('workers.draining')}
      </span>
    );
  }
  return (
    <span className={classes.life}>
      <StateSign state={status === 'healthy' ? 'success' : 'failed'} />
      {t(status === 'healthy' ? 'workers.alive' : 'workers.silent')}
    </span>
  );
}

function Health() {
  const { t } = useTranslation('manage');
  const { data } = useQuery(healthQuery);
  if (data === undefined) return null;
  const parts = Object.entries(data).filter(([, part]) => part.status != null);
  return (
    <ul className={classes.health} aria-label={t('workers.health')}>
      {parts.map(([name, part]) => {
        const beat = Object.entries(part).find(([key]) => key.endsWith('_heartbeat'))?.[1];
        return (
          <li key={name} className="card" data-bad={part.status !== 'healthy' || undefined}>
            <strong>{t(`workers.parts.${name}`, { defaultValue: name })}</strong>
            <Life status={part.status} />
            {typeof beat === 'string' && (
              <span className="dim">
                <Moment at={beat} relative />
              </span>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function AttemptRows({ attempts, isWaiting = false }: { attempts: Attempt[]; isWaiting?: boolean }) {
  const { t } = useTranslation('manage');
  const now = useNow();
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">{t('dag')}</th>
          <th scope="col">{t('task')}</th>
          <th scope="col" className={shared.wide}>
            {t('run')}
          </th>
          <th scope="col">{t(isWaiting ? 'workers.waits' : 'workers.runs')}</th>
          <th scope="col" className={shared.wide}>
            {t('pool')}
          </th>
          <th scope="col" className={shared.wide}>
            {t('queue')}
          </th>
          <th scope="col" className={shared.wide}>
            PID
          </th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((one) => (
          <tr key={one.id}>
            <td className={shared.any}>
              <Link to="/dags/$dagId" params={{ dagId: one.dag_id }}>
                {one.dag_display_name}
              </Link>
            </td>
            <td className={shared.any}>
              <Link
                to="/dags/$dagId/runs/$runId"
                params={{ dagId: one.dag_id, runId: one.dag_run_id }}
                search={{ task: one.task_id, map: one.map_index >= 0 ? one.map_index : undefined }}
              >
                {one.task_display_name}
                {one.map_index >= 0 && <span className="num"> [{one.map_index}]</span>}
              </Link>
              {one.try_number > 1 && (
                <span className="dim"> {t('workers.try', { number: one.try_number })}</span>
              )}
            </td>
            <td className={`mono ${shared.wide} ${shared.any}`}>{one.dag_run_id}</td>
            <td className="num nowrap">
              {showLength(lengthBetween(isWaiting ? one.queued_when : one.start_date, null, now))}
            </td>
            <td className={shared.wide}>{one.pool}</td>
            <td className={shared.wide}>{one.queue}</td>
            <td className={`mono ${shared.wide}`}>{one.pid ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Have a host given nothing new, or let it work again. */
function Drain({ host }: { host: Schema['HostResponse'] }) {
  const { t } = useTranslation('manage');
  const steer = useAct(
    (is_draining: boolean) =>
      data(
        client.PATCH('/api/windward/v1/hosts/{host_id}', {
          params: { path: { host_id: host.host_id } },
          body: { is_draining },
        }),
      ),
    ['components'],
    (isDraining) => t(isDraining ? 'workers.drained' : 'workers.undrained', { host: host.hostname }),
  );
  return (
    <div className={classes.drain}>
      <Button
        size="compact-xs"
        variant="default"
        loading={steer.isBusy}
        onClick={() => void steer.run(!host.is_draining)}
      >
        {t(host.is_draining ? 'workers.undrain' : 'workers.drain')}
      </Button>
      <span className="dim">{t(host.is_draining ? 'workers.drainingHint' : 'workers.drainHint')}</span>
      {steer.error && (
        <span role="alert">
          <Said text={steer.error.message} />
        </span>
      )}
    </div>
  );
}

function Hosts({ hosts, attempts }: { hosts: Schema['HostResponse'][]; attempts: Attempt[] }) {
  const { t } = useTranslation('manage');
  const [{ item }, change] = useFilters();
  const mayDrain = useMay()('job:edit');
  return (
    <table className="plain">
      <thead>
        <tr>
          <th scope="col">{t('workers.host')}</th>
          <th scope="col">{t('workers.kind')}</th>
          <th scope="col">{t('workers.life')}</th>
          <th scope="col">{t('workers.slots')}</th>
          <th scope="col" className={shared.wide}>
            {t('workers.queues')}
          </th>
          <th scope="col" className={shared.wide}>
            {t('workers.lastSign')}
          </th>
          <th scope="col" className={shared.wide}>
            PID
          </th>
        </tr>
      </thead>
      <tbody>
        {hosts.map((host) => {
          const isWorker = host.kind === 'worker';
          const running = isWorker ? runningOn(host.hostname, attempts) : [];
          const isOpen = item === host.host_id;
          const used = t('workers.used', { running: running.length, slots: host.capacity });
          return [
            <tr key={host.host_id}>
              <td className={shared.any}>
                {isWorker ? (
                  <button
                    type="button"
                    className={classes.opener}
                    aria-expanded={isOpen}
                    onClick={() => change({ item: isOpen ? undefined : host.host_id })}
                  >
                    <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span> {host.hostname}
                  </button>
                ) : (
                  <span className={classes.noOpener}>{host.hostname}</span>
                )}
              </td>
              <td>{t(`workers.kinds.${host.kind}`, { defaultValue: host.kind })}</td>
              <td>
                <Life status={host.status} isDraining={host.is_draining} />
              </td>
              <td>
                {isWorker ? (
                  <div className={classes.slots}>
                    <Bar
                      label={used}
                      total={host.capacity}
                      pieces={[{ name: 'running', count: running.length, colour: 'running' }]}
                    />
                    <span className="num nowrap">
                      {running.length} / {host.capacity}
                    </span>
                  </div>
                ) : (
                  <span className="num dim">{t('workers.upTo', { count: host.capacity })}</span>
                )}
              </td>
              <td className={`mono ${shared.wide}`}>{host.queues.join(', ')}</td>
              <td className={shared.wide}>
                <Moment at={host.latest_heartbeat} relative />
              </td>
              <td className={`mono ${shared.wide}`}>{host.pid}</td>
            </tr>,
            isOpen && (
              <tr key={`${host.host_id} attempts`} className={classes.inside}>
                <td colSpan={7}>
                  {mayDrain && <Drain host={host} />}
                  {running.length === 0 ? (
                    <div className="dim">{t('workers.idle')}</div>
                  ) : (
                    <AttemptRows attempts={running} />
                  )}
                </td>
              </tr>
            ),
          ];
        })}
      </tbody>
    </table>
  );
}

function Queues({ hosts, attempts }: { hosts: Schema['HostResponse'][]; attempts: Attempt[] }) {
  const { t } = useTranslation('manage');
  return (
    <div className={`card ${shared.listing}`}>
      <table className="plain">
        <thead>
          <tr>
            <th scope="col">{t('queue')}</th>
            <th scope="col">{t('workers.hosts')}</th>
            <th scope="col">{t('workers.slots')}</th>
            <th scope="col">{t('common:states.running')}</th>
            <th scope="col">{t('common:states.queued')}</th>
            <th scope="col">{t('workers.oldest')}</th>
          </tr>
        </thead>
        <tbody>
          {queueLoads(hosts, attempts).map((load) => (
            <tr key={load.queue}>
              <td className="mono">{load.queue}</td>
              <td className="num">
                {load.hosts > 0 ? (
                  load.hosts
                ) : (
                  <span className={classes.life}>
                    <StateSign state="failed" /> {t('workers.unserved')}
                  </span>
                )}
              </td>
              <td className="num">{load.slots}</td>
              <td className="num">{load.running}</td>
              <td className="num">{load.queued}</td>
              <td>
                <Moment at={load.oldest} relative />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Stuck({ attempts }: { attempts: Attempt[] }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const now = useNow();
  const { data: warned } = useQuery({ ...warningsQuery, enabled: may('warning:read') });
  const stuck = waitingLong(attempts, now, PATIENCE_MS);
  const warnings = warned?.dag_warnings ?? [];
  return (
    <Part title={t('workers.stuck')} aside={<span className="dim">{t('workers.stuckHint')}</span>}>
      <div className={`card ${shared.listing}`}>
        {stuck.length === 0 && warnings.length === 0 && (
          <div className={classes.quiet}>
            <StateSign state="success" /> {t('workers.noneStuck')}
          </div>
        )}
        {stuck.length > 0 && <AttemptRows attempts={stuck.slice(0, STUCK_SHOWN)} isWaiting />}
        {stuck.length > STUCK_SHOWN && (
          <div className={`dim ${classes.more}`}>
            {t('workers.more', { count: stuck.length - STUCK_SHOWN })}
          </div>
        )}
        {warnings.map((one) => (
          <div key={`${one.dag_id} ${one.warning_type}`} className={classes.warning}>
            <StateSign state="up_for_retry" />
            <Link to="/dags/$dagId" params={{ dagId: one.dag_id }}>
              {one.dag_display_name}
            </Link>
            <span className={shared.any}>
              <Said text={one.message} />
            </span>
          </div>
        ))}
        {warned !== undefined && warned.total_entries > warnings.length && (
          <div className={`dim ${classes.more}`}>
            {t('workers.more', { count: warned.total_entries - warnings.length })}
          </div>
        )}
      </div>
    </Part>
  );
}

export default function Workers() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const asked = useQuery(liveComponentsQuery);
  const { data: found } = useQuery({ ...attemptsQuery, enabled: may('task_instance:read') });
  const attempts = found?.task_instances ?? [];
  const hosts = [...(asked.data?.hosts ?? [])].sort((a, b) => b.kind.localeCompare(a.kind));
  const components = asked.data?.components ?? [];
  const total = found?.total_entries ?? 0;
  return (
    <SectionPage section="workers">
      <Health />
      <Part
        title={t('workers.hosts')}
        aside={
          total > ATTEMPTS_MAX && (
            <span className="dim">{t('workers.partly', { shown: ATTEMPTS_MAX, total })}</span>
          )
        }
      >
        <Listing
          asked={asked}
          count={hosts.length}
          empty={t('workers.none')}
          emptyHint={t('workers.noneHint')}
        >
          <Hosts hosts={hosts} attempts={attempts} />
        </Listing>
      </Part>
      {asked.data && (
        <>
          <Part title={t('workers.queues')}>
            <Queues hosts={hosts} attempts={attempts} />
          </Part>
          <Stuck attempts={attempts} />
          <Part title={t('workers.components')}>
            <div className={`card ${shared.listing}`}>
              <table className="plain">
                <thead>
                  <tr>
                    <th scope="col">{t('workers.kind')}</th>
                    <th scope="col">{t('workers.life')}</th>
                    <th scope="col">{t('workers.host')}</th>
                    <th scope="col" className={shared.wide}>
                      PID
                    </th>
                    <th scope="col" className={shared.wide}>
                      {t('workers.since')}
                    </th>
                    <th scope="col">{t('workers.lastSign')}</th>
                  </tr>
                </thead>
                <tbody>
                  {components.map((one) => (
                    <tr key={`${one.kind} ${one.name}`}>
                      <td>{t(`workers.kinds.${one.kind}`, { defaultValue: one.kind })}</td>
                      <td>
                        <Life status={one.status} />
                      </td>
                      <td className={shared.any}>{one.hostname}</td>
                      <td className={`mono ${shared.wide}`}>{one.pid}</td>
                      <td className={shared.wide}>
                        <Moment at={one.started_at} />
                      </td>
                      <td>
                        <Moment at={one.latest_heartbeat} relative />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          </Part>
        </>
      )}
    </SectionPage>
  );
}
