/** The attempts of an instance beside each other: when each waited and ran, where, how it ended, what it took. */
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useNow } from '@/app/preferences';
import { Moment } from '@/components/Moment';
import { EndedOf } from '@/components/Said';
import { StateWord } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { lookOf } from '@/lib/states';
import { lengthBetween, showLength } from '@/lib/time';
import { cameTo } from '@/pages/dag/runs/gantt';
import type { Exit } from './queries';
import classes from './Run.module.css';
import { showBytes } from './sizes';

interface Props {
  asked: UseQueryResult<Schema['AttemptCollectionResponse']>;
  most: number;
  chosen: number;
}

export function Attempts({ asked, most, chosen }: Props) {
  const { t } = useTranslation('run');
  const now = useNow();
  const failure = asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return failure ?? <Loading />;
  const { attempts, is_whole } = asked.data;
  if (attempts.length === 0) return <Empty title={t('attempts.none')}>{t('attempts.noneHint')}</Empty>;
  const longest = Math.max(1, ...attempts.map((one) => wholeOf(one, now)));
  return (
    <div className={classes.scroll}>
      {failure}
      <table className={`plain ${classes.attempts}`}>
        <thead>
          <tr>
            {['try', 'state', 'start', 'time', 'host', 'took'].map((name) => (
              <th key={name} scope="col">
                {t(`attempts.${name}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {attempts.map((one) => {
            const exit = one.exit as Exit | null;
            const waited = Math.max(
              0,
              lengthBetween(one.queued_at, one.start_date ?? one.end_date, now) ?? 0,
            );
            const ran = lengthBetween(one.start_date, one.end_date, now);
            return [
              <tr key={one.try_number} data-chosen={one.try_number === chosen}>
                <td className="num nowrap">
                  <Link
                    from="/dags/$dagId/runs/$runId"
                    to="."
                    resetScroll={false}
                    search={(before) => ({ ...before, try: one.try_number, tab: undefined })}
                    title={t('attempts.log')}
                  >
                    {one.try_number} / {most}
                  </Link>
                </td>
                <td>
                  <StateWord state={one.state} />
                </td>
                <td>
                  <Moment at={one.start_date} />
                </td>
                <td className={classes.attemptTime}>
                  <span
                    className={classes.attemptBar}
                    role="img"
                    aria-label={t('attempts.split', {
                      waited: showLength(waited),
                      ran: showLength(ran ?? 0),
                    })}
                    title={t('attempts.split', { waited: showLength(waited), ran: showLength(ran ?? 0) })}
                  >
                    <span data-part="waited" style={{ width: `${(100 * waited) / longest}%` }} />
                    <span
                      data-part="ran"
                      style={{
                        width: `${(100 * (ran ?? 0)) / longest}%`,
                        background: `var(--state-${lookOf(cameTo(one)).colour})`,
                      }}
                    />
                  </span>
                  <span className="num">{ran === null ? '–' : showLength(ran)}</span>
                </td>
                <td className="mono nowrap">
                  {one.hostname ?? '–'}
                  {exit?.pid != null && <span className="dim"> · {exit.pid}</span>}
                </td>
                <td className="num nowrap">
                  {exit?.cpu_s == null ? '–' : showLength(exit.cpu_s * 1000)}
                  {exit?.peak_rss_bytes != null && ` · ${showBytes(exit.peak_rss_bytes)}`}
                </td>
              </tr>,
              exit !== null && exit.kind !== 'ok' && (
                <tr key={`${one.try_number} end`} data-chosen={one.try_number === chosen}>
                  <td />
                  <td colSpan={5} className={classes.attemptEnd}>
                    <Ending exit={exit} />
                  </td>
                </tr>
              ),
            ];
          })}
        </tbody>
      </table>
      {!is_whole && <p className="dim">{t('attempts.notAll', { count: attempts.length })}</p>}
    </div>
  );
}

const wholeOf = (one: Schema['AttemptResponse'], now: number) =>
  Math.max(0, lengthBetween(one.queued_at ?? one.start_date, one.end_date, now) ?? 0);

/** How a process ended, in words and numbers. */
export function Ending({ exit }: { exit: Exit }) {
  const { t } = useTranslation('run');
  return (
    <>
      <span>{t(`exit.${exit.kind}`, { defaultValue: exit.kind })}</span>
      {exit.exit_code != null && exit.exit_code !== 0 && (
        <span className="num"> · {t('exit.code', { code: exit.exit_code })}</span>
      )}
      {exit.signal != null && (
        <span className="num"> · {t('exit.signalNumber', { signal: exit.signal })}</span>
      )}
      {(exit.error_type || exit.message) && (
        <div className="dim">
          <EndedOf type={exit.error_type} message={exit.message} />
        </div>
      )}
    </>
  );
}
