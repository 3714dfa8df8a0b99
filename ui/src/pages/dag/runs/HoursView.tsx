/** A month or a week of runs, a square an hour: days beside each other, hours below each other. */
import { useMediaQuery } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Failure, Loading } from '@/components/Waiting';
import { countsQuery, plannedQuery } from '@/pages/dag/queries';
import { Cells } from './Cells';
import { hasWholeHours } from './calendar';
import { spanOf, sumOf, useWords, wallOf } from './counted';
import { beginOf, daysAround, HOURS, hoursOf, type Span } from './hours';
import classes from './Runs.module.css';
import { Summary } from './Summary';

const WIDTHS: Record<Span, number> = { month: 35, week: 72 };
/** So that a week fits on a telephone. */
const NARROW = 40;
const STEP = 19;
const LEFT = 48;
const TOP = 36;
const NAMED_HOURS = 3;
const two = (number: number) => String(number).padStart(2, '0');

interface Props {
  dagId: string;
  span: Span;
  /** A day of the month or week. */
  day: string;
  today: string;
  zone: string;
}

export function HoursView({ dagId, span, day, today, zone }: Props) {
  const { t, i18n } = useTranslation('dag');
  const inWords = useWords();
  const days = useMemo(() => daysAround(day, span), [day, span]);
  const [first, last] = [days[0] ?? day, days.at(-1) ?? day];
  const wall = useMemo(() => wallOf(zone), [zone]);
  const begin = new Date(beginOf(first, 0, wall)).toISOString();
  const end = new Date(beginOf(last, HOURS, wall)).toISOString();
  const isWhole = hasWholeHours(zone, Number(first.slice(0, 4)));
  const { data, error, isPending } = useQuery(countsQuery(dagId, begin, end, isWhole));
  const { data: upcoming } = useQuery(plannedQuery(dagId));
  const cells = useMemo(() => {
    const planned = (upcoming?.runs ?? []).map((run) => ({ at: run.run_after, state: 'planned', count: 1 }));
    return hoursOf(days, [...(data ?? []), ...planned], wall);
  }, [days, data, upcoming, wall]);
  const isNarrow = useMediaQuery('(max-width: 700px)', false, { getInitialValueInEffect: false });
  const width = isNarrow ? Math.min(NARROW, WIDTHS[span]) : WIDTHS[span];
  const weekday = new Intl.DateTimeFormat(i18n.language, {
    weekday: span === 'week' ? 'short' : 'narrow',
    timeZone: 'UTC',
  });
  return (
    <>
      <Summary counts={sumOf(cells.flat())} zone={zone} planned={upcoming} />
      {error && <Failure error={error} />}
      {isPending && <Loading />}
      <div className="card">
        <Cells
          dagId={dagId}
          label={t('calendar.hoursLabel', { from: first, to: last })}
          width={LEFT + days.length * width}
          height={TOP + HOURS * STEP}
          withNumbers
          cells={cells.flatMap((column, at) =>
            column.map((cell) => ({
              key: `${cell.date}T${two(cell.hour)}`,
              x: LEFT + at * width,
              y: TOP + cell.hour * STEP,
              when: `${cell.date} ${two(cell.hour)}:00–${two(cell.hour + 1)}:00`,
              words: inWords(cell.counts),
              counts: cell.counts,
              ...spanOf(cell.date, cell.hour, zone),
            })),
          )}
        >
          {days.map((date, at) => (
            <Link
              key={date}
              to="/dags/$dagId"
              params={{ dagId }}
              search={{ tab: 'runs', ...spanOf(date, null, zone) }}
              className={classes.dayName}
              data-today={date === today}
            >
              <text x={LEFT + at * width} y={12}>
                {weekday.format(new Date(date))}
              </text>
              <text x={LEFT + at * width} y={27}>
                {span === 'week' ? date.slice(5) : Number(date.slice(8))}
              </text>
            </Link>
          ))}
          {Array.from({ length: HOURS / NAMED_HOURS }, (_, at) => at * NAMED_HOURS).map((hour) => (
            <text key={hour} x={0} y={TOP + hour * STEP + 12} className="num">
              {two(hour)}:00
            </text>
          ))}
        </Cells>
      </div>
    </>
  );
}
