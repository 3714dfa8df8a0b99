/** Runs by time: a year of days, or a month or a week of hours. By colour and by shape, with counts. */
import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import pageClasses from '../Dag.module.css';
import { wallOf } from './counted';
import { HoursView } from './HoursView';
import { daysAround, further, isDate, SPANS } from './hours';
import classes from './Runs.module.css';
import { YearView } from './YearView';

const route = getRouteApi('/dags/$dagId');

export function CalendarTab({ dagId }: { dagId: string }) {
  const { t, i18n } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const today = wallOf(zone)(Date.now()).slice(0, 10);
  const thisYear = Number(today.slice(0, 4));
  const span = SPANS.find((one) => one === search.span) ?? null;
  const day = isDate(search.day) ? search.day : today;
  const year = search.year ?? thisYear;
  const put = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), resetScroll: false });
  const go = (by: number) => {
    if (span === null) return put({ year: year + by === thisYear ? undefined : year + by });
    const to = further(day, span, by);
    put({ day: daysAround(to, span).includes(today) ? undefined : to });
  };
  const turn = (to: typeof span) => {
    if (to === null) {
      const of = Number(day.slice(0, 4));
      return put({ span: undefined, day: undefined, year: of === thisYear ? undefined : of });
    }
    // From a year that is over one comes to its end, from a month to its first week.
    const from = span === null && year !== thisYear ? `${year}-12-31` : day;
    put({ span: to, year: undefined, day: daysAround(from, to).includes(today) ? undefined : from });
  };
  const days = span === null ? [] : daysAround(day, span);
  const month = new Intl.DateTimeFormat(i18n.language, { year: 'numeric', month: 'long', timeZone: 'UTC' });
  const name =
    span === null
      ? String(year)
      : span === 'month'
        ? month.format(new Date(day))
        : `${days[0]} – ${days.at(-1)?.slice(5)}`;
  return (
    <div>
      <div className={`${pageClasses.tools} ${classes.middle}`}>
        <Button.Group>
          {([null, ...SPANS] as const).map((one) => (
            <Button
              key={one ?? 'year'}
              size="xs"
              variant={one === span ? 'filled' : 'default'}
              aria-pressed={one === span}
              onClick={() => turn(one)}
            >
              {t(`calendar.spans.${one ?? 'year'}`)}
            </Button>
          ))}
        </Button.Group>
        <Button.Group>
          <Button size="xs" variant="default" aria-label={t('calendar.before')} onClick={() => go(-1)}>
            ‹
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={span === null ? year === thisYear : days.includes(today)}
            onClick={() => put({ year: undefined, day: undefined })}
          >
            {t('calendar.now')}
          </Button>
          <Button
            size="xs"
            variant="default"
            aria-label={t('calendar.after')}
            disabled={span === null && year >= thisYear}
            onClick={() => go(1)}
          >
            ›
          </Button>
        </Button.Group>
        <strong className="num" aria-live="polite">
          {name}
        </strong>
      </div>
      {span === null ? (
        <YearView dagId={dagId} year={year} zone={zone} />
      ) : (
        <HoursView key={span} dagId={dagId} span={span} day={day} today={today} zone={zone} />
      )}
    </div>
  );
}
