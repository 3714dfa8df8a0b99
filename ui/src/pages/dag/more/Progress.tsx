/** How far a backfill is: a bar of all its dates, and each date as a sign that leads to its run. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useZone } from '@/app/preferences';
import { StateSign } from '@/components/State';
import { Failure } from '@/components/Waiting';
import { said } from '@/i18n';
import { showMoment } from '@/lib/time';
import { KINDS, kindOf } from '@/pages/dag/more/dates';
import { datesQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const SIGNS_MAX = 120;

/** What a backfill does, or came to: one that was cancelled before all its runs were made is done in part only. */
export function Standing({ backfill }: { backfill: Schema['BackfillResponse'] }) {
  const { t } = useTranslation('dag');
  const isOver = backfill.completed_at !== null;
  const { data: found } = useQuery(datesQuery(backfill.dag_id, backfill.id, !isOver));
  const isPart = isOver && found?.dates.some((one) => kindOf(one, isOver) === 'dropped') === true;
  const [state, word] = isPart
    ? ['skipped', 'partlyDone']
    : isOver
      ? ['success', 'done']
      : backfill.is_paused
        ? ['deferred', 'isPaused']
        : ['running', 'goesOn'];
  return (
    <>
      <StateSign state={state} /> {t(`backfills.${word}`)}
    </>
  );
}

export function Progress({ backfill }: { backfill: Schema['BackfillResponse'] }) {
  const { t } = useTranslation('dag');
  const isOver = backfill.completed_at !== null;
  const { data: found, error } = useQuery(datesQuery(backfill.dag_id, backfill.id, !isOver));
  if (found === undefined) return error && <Failure error={error} />;
  const wordOf = (kind: string) => t(`backfills.kinds.${kind}`, { defaultValue: t(`common:states.${kind}`) });
  const counts = KINDS.map((kind) => ({
    kind,
    count: found.dates.filter((one) => kindOf(one, isOver) === kind).length,
  })).filter(({ count }) => count > 0);
  if (found.total_entries === 0) return <span className="dim">{t('backfills.noRuns')}</span>;
  const said = counts.map(({ kind, count }) => `${count} ${wordOf(kind)}`).join(', ');
  return (
    <>
      <div className={classes.progress} role="img" aria-label={said}>
        {counts.map(({ kind, count }) => (
          <span
            key={kind}
            style={{
              width: `${(100 * count) / found.dates.length}%`,
              background: `var(--state-${colourOf(kind)})`,
            }}
          />
        ))}
      </div>
      <div className={`num ${classes.counts}`}>
        {counts.map(({ kind, count }) => (
          <span key={kind} className="nowrap" title={wordOf(kind)}>
            <StateSign state={signOf(kind)} size={10} /> {count} {wordOf(kind)}
          </span>
        ))}
      </div>
      {found.dates.length <= SIGNS_MAX && (
        <div className={classes.dates}>
          {found.dates.map((one) => (
            <Sign
              key={one.logical_date}
              dagId={found.dag_id}
              one={one}
              kind={kindOf(one, isOver)}
              word={wordOf(kindOf(one, isOver))}
            />
          ))}
        </div>
      )}
      {!found.is_whole && (
        <div className="dim num">
          {t('backfills.partly', { shown: found.dates.length, total: found.total_entries })}
        </div>
      )}
    </>
  );
}

interface SignProps {
  dagId: string;
  one: Schema['BackfillDateResponse'];
  kind: string;
  word: string;
}

function Sign({ dagId, one, kind, word }: SignProps) {
  const [zone] = useZone();
  const label = [showMoment(one.logical_date, zone, false), word, said(one.reason)]
    .filter(Boolean)
    .join(' · ');
  const sign = <StateSign state={signOf(kind)} size={11} />;
  return one.dag_run_id === null ? (
    <span title={label} role="img" aria-label={label}>
      {sign}
    </span>
  ) : (
    <Link
      to="/dags/$dagId/runs/$runId"
      params={{ dagId, runId: one.dag_run_id }}
      title={label}
      aria-label={label}
    >
      {sign}
    </Link>
  );
}

const signOf = (kind: string) => (kind === 'waiting' ? 'scheduled' : kind === 'dropped' ? 'removed' : kind);
const colourOf = (kind: string) => (kind === 'waiting' || kind === 'dropped' ? 'none' : kind);
