/** A year of runs, a square a day: by colour and by shape, with counts. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { Failure, Loading } from '@/components/Waiting';
import { showMoment } from '@/lib/time';
import { plannedQuery, yearQuery } from '@/pages/dag/queries';
import { hasWholeHours, outcomeOf, yearOf } from '@/pages/dag/runs/calendar';
import pageClasses from '../Dag.module.css';
import classes from './Runs.module.css';

const route = getRouteApi('/dags/$dagId');
const STEP = 19;
const SIDE = 16;
const LEFT = 34;
const TOP = 18;

/** A day's sign: full for success, a cross for failure, half and half for both, a triangle while it runs. */
function Sign({ outcome }: { outcome: string | null }) {
  switch (outcome) {
    case 'success':
      return <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-success)" />;
    case 'failed':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-failed)" />
          <path d="M4.5 4.5l7 7m0-7l-7 7" stroke="var(--ww-surface)" strokeWidth="2" strokeLinecap="round" />
        </>
      );
    case 'mixed':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-success)" />
          <path d={`M${SIDE} 0v${SIDE - 3}a3 3 0 0 1-3 3H0z`} fill="var(--state-failed)" />
          <path d={`M${SIDE} 0L0 ${SIDE}`} stroke="var(--ww-surface)" strokeWidth="1.5" />
        </>
      );
    case 'running':
      return (
        <>
          <rect width={SIDE} height={SIDE} rx="3" fill="var(--state-running)" />
          <path d="M6 4.5v7l5.5-3.5z" fill="var(--ww-surface)" />
        </>
      );
    case 'queued':
      return (
        <>
          <rect
            x=".5"
            y=".5"
            width={SIDE - 1}
            height={SIDE - 1}
            rx="3"
            fill="none"
            stroke="var(--state-queued)"
          />
          <path
            d="M4 8h.1M8 8h.1M12 8h.1"
            stroke="var(--state-queued)"
            strokeWidth="2"
            strokeLinecap="round"
          />
        </>
      );
    case 'planned':
      return (
        <>
          <rect
            x=".5"
            y=".5"
            width={SIDE - 1}
            height={SIDE - 1}
            rx="3"
            fill="none"
            stroke="var(--ww-accent)"
            strokeDasharray="3 2"
          />
          <circle cx={SIDE / 2} cy={SIDE / 2} r="1.6" fill="var(--ww-accent)" />
        </>
      );
    default:
      return (
        <rect x=".5" y=".5" width={SIDE - 1} height={SIDE - 1} rx="3" fill="none" stroke="var(--ww-line)" />
      );
  }
}

export function CalendarTab({ dagId }: { dagId: string }) {
  const { t, i18n } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const thisYear = new Date().getUTCFullYear();
  const year = search.year ?? thisYear;
  const { data, error, isPending } = useQuery(yearQuery(dagId, year, hasWholeHours(zone, year)));
  const { data: upcoming } = useQuery(plannedQuery(dagId));
  const days = useMemo(() => {
    const planned = (upcoming?.runs ?? []).map((run) => ({ at: run.run_after, state: 'planned', count: 1 }));
    return yearOf(year, [...(data ?? []), ...planned], (at) => showMoment(at, zone, false).slice(0, 10));
  }, [year, data, upcoming, zone]);
  const navigate = route.useNavigate();
  const go = (to: number) =>
    void navigate({
      search: (before) => ({ ...before, year: to === thisYear ? undefined : to }),
      resetScroll: false,
    });
  const month = new Intl.DateTimeFormat(i18n.language, { month: 'short', timeZone: 'UTC' });
  const weekday = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' });
  const wordOf = (state: string) =>
    state === 'planned' || state === 'mixed' ? t(`calendar.${state}`) : t(`common:states.${state}`);
  const inWords = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([state, count]) => `${count} ${wordOf(state)}`)
      .join(', ') || t('calendar.none');
  const sums: Record<string, number> = {};
  for (const day of days) {
    for (const [state, count] of Object.entries(day.counts)) sums[state] = (sums[state] ?? 0) + count;
  }
  return (
    <div>
      <div className={`${pageClasses.tools} ${classes.middle}`}>
        <Button.Group>
          <Button size="xs" variant="default" onClick={() => go(year - 1)}>
            ‹ {year - 1}
          </Button>
          <Button size="xs" variant="default" disabled={year >= thisYear} onClick={() => go(year + 1)}>
            {year + 1} ›
          </Button>
        </Button.Group>
        <strong className="num">{year}</strong>
        <span className="dim num">
          {inWords(sums)} · {zone}
        </span>
        {upcoming?.is_whole === false && (
          <span className="dim num">
            {t('calendar.partly', { at: showMoment(upcoming.runs.at(-1)?.run_after ?? '', zone, false) })}
          </span>
        )}
        <span className={classes.legend}>
          {['success', 'failed', 'mixed', 'running', 'queued', 'planned'].map((outcome) => (
            <span key={outcome}>
              <svg width="16" height="16" aria-hidden="true">
                <Sign outcome={outcome} />
              </svg>
              {wordOf(outcome)}
            </span>
          ))}
        </span>
      </div>
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      <div className={`card ${classes.calendar}`}>
        <svg width={LEFT + 54 * STEP} height={TOP + 7 * STEP} className={classes.year}>
          <title>{t('calendar.label', { year })}</title>
          {days
            .filter((day) => day.date.endsWith('-01'))
            .map((day) => (
              <text key={day.date} x={LEFT + (day.week + (day.weekday === 0 ? 0 : 1)) * STEP} y={11}>
                {month.format(new Date(day.date))}
              </text>
            ))}
          {[0, 2, 4].map((at) => (
            <text key={at} x={0} y={TOP + at * STEP + 12}>
              {weekday.format(new Date(Date.UTC(2024, 0, 1 + at)))}
            </text>
          ))}
          {days.map((day) => {
            const { planned: _planned, ...made } = day.counts;
            const total = Object.values(made).reduce((sum, count) => sum + count, 0);
            const label = `${day.date}: ${inWords(day.counts)}`;
            const picture = (
              <g
                key={day.date}
                transform={`translate(${LEFT + day.week * STEP} ${TOP + day.weekday * STEP})`}
              >
                <title>{label}</title>
                <Sign outcome={outcomeOf(day.counts)} />
              </g>
            );
            return total === 0 ? (
              picture
            ) : (
              <Link
                key={day.date}
                to="/dags/$dagId"
                params={{ dagId }}
                search={{ tab: 'runs', from: day.date, to: day.date }}
                aria-label={label}
              >
                {picture}
              </Link>
            );
          })}
        </svg>
      </div>
    </div>
  );
}
