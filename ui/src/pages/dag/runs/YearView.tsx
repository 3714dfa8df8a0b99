/** A year of runs, a square a day. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure, Loading } from '@/components/Waiting';
import { plannedQuery, yearQuery } from '@/pages/dag/queries';
import { Cells } from './Cells';
import { hasWholeHours, yearOf } from './calendar';
import { spanOf, sumOf, useWords, wallOf } from './counted';
import classes from './Runs.module.css';
import { Summary } from './Summary';

const STEP = 19;
const LEFT = 34;
const TOP = 18;

export function YearView({ dagId, year, zone }: { dagId: string; year: number; zone: string }) {
  const { t, i18n } = useTranslation('dag');
  const inWords = useWords();
  const { data, error, isPending } = useQuery(yearQuery(dagId, year, hasWholeHours(zone, year)));
  const { data: upcoming } = useQuery(plannedQuery(dagId));
  const days = useMemo(() => {
    const planned = (upcoming?.runs ?? []).map((run) => ({ at: run.run_after, state: 'planned', count: 1 }));
    const wall = wallOf(zone);
    return yearOf(year, [...(data ?? []), ...planned], (at) => wall(Date.parse(at)).slice(0, 10));
  }, [year, data, upcoming, zone]);
  const month = new Intl.DateTimeFormat(i18n.language, { month: 'short', timeZone: 'UTC' });
  const weekday = new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' });
  const cells = days.map((day) => ({
    key: day.date,
    x: LEFT + day.week * STEP,
    y: TOP + day.weekday * STEP,
    when: day.date,
    words: inWords(day.counts),
    counts: day.counts,
    ...spanOf(day.date, null, zone),
  }));
  return (
    <>
      <Summary counts={sumOf(days)} zone={zone} planned={upcoming} />
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      <div className="card">
        <Cells
          dagId={dagId}
          label={t('calendar.label', { year })}
          width={LEFT + 54 * STEP}
          height={TOP + 7 * STEP}
          cells={cells}
        >
          {days
            .filter((day) => day.date.endsWith('-01'))
            .map((day) => (
              <Link
                key={day.date}
                to="/dags/$dagId"
                params={{ dagId }}
                search={(before) => ({ ...before, span: 'month', day: day.date })}
                resetScroll={false}
                className={classes.monthName}
              >
                <text x={LEFT + (day.week + (day.weekday === 0 ? 0 : 1)) * STEP} y={11}>
                  {month.format(new Date(day.date))}
                </text>
              </Link>
            ))}
          {[0, 2, 4].map((at) => (
            <text key={at} x={0} y={TOP + at * STEP + 12}>
              {weekday.format(new Date(Date.UTC(2024, 0, 1 + at)))}
            </text>
          ))}
        </Cells>
      </div>
    </>
  );
}
