/** All DAGs: found by name, tag, owner and state; what each did lately, and when it is due. */
import { useQuery } from '@tanstack/react-query';
import { defaultStringifySearch, getRouteApi } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { lazy, type MouseEvent, memo, Suspense, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { may, mayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { AllBox, OneBox } from '@/components/many/Boxes';
import { Page } from '@/components/Page';
import { RunStrip } from '@/components/RunStrip';
import { StateSign } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { needWords, said } from '@/i18n';
import { TriggerDialog } from '@/pages/dag/TriggerDialog';
import { useChosenDags } from '@/pages/dags/choice';
import { DagsFilters } from '@/pages/dags/DagsFilters';
import { useDags, useStrips } from '@/pages/dags/pages';
import { usePauses } from '@/pages/dags/pause';
import classes from './Dags.module.css';

const DagsBar = lazy(async () => {
  await needWords('many');
  return import('./DagsBar');
});
const ROW_HEIGHT = 44;
const route = getRouteApi('/dags');

interface RowProps {
  me: Schema['MeResponse'] | undefined;
  dag: Schema['DAGResponse'];
  runs: Schema['RecentRun'][] | undefined;
  trigger: (dagId: string) => void;
  /** What it becomes, while the server is asked for it. */
  isPaused: boolean | undefined;
  pause: (dagId: string, isPaused: boolean) => void;
  place: number;
  hasBoxes: boolean;
  isChosen: boolean;
  press: (dag: Schema['DAGResponse'], place: number, isRange: boolean) => void;
}

// While one scrolls, rows that were there already are not rendered again.
const Row = memo(function Row(props: RowProps) {
  const { me, dag, runs, trigger, place, hasBoxes, isChosen, press } = props;
  const { t } = useTranslation();
  const mayEdit = mayTo(me, 'dag:edit', dag);
  const isPaused = props.isPaused ?? dag.is_paused;
  const label = t(isPaused ? 'dags.unpause' : 'dags.pause', { dag: dag.dag_display_name });
  return (
    <>
      {hasBoxes && (
        <span role="cell">
          {mayEdit && (
            <OneBox
              name={dag.dag_display_name}
              isChosen={isChosen}
              press={(isRange) => press(dag, place, isRange)}
            />
          )}
        </span>
      )}
      <span role="cell">
        <input
          type="checkbox"
          role="switch"
          aria-checked={!isPaused}
          className={classes.switch}
          checked={!isPaused}
          disabled={!mayEdit}
          aria-label={label}
          title={label}
          onChange={() => props.pause(dag.dag_id, !isPaused)}
        />
      </span>
      <span role="cell" className={classes.name}>
        <a href={`/dags/${encodeURIComponent(dag.dag_id)}`} data-dag={dag.dag_id} className="cut">
          {dag.dag_display_name}
        </a>
        {dag.has_import_errors && (
          <span title={t('dags.broken')}>
            <StateSign state="failed" />
          </span>
        )}
        <span className={classes.tags}>
          {dag.tags.map((tag) => (
            <a
              key={tag.name}
              href={`/dags${defaultStringifySearch({ tag: tag.name })}`}
              data-tag={tag.name}
              className={classes.tag}
            >
              {tag.name}
            </a>
          ))}
        </span>
      </span>
      <span role="cell" className={`cut ${classes.wide}`} title={said(dag.timetable_description ?? '')}>
        {dag.timetable_summary == null || dag.timetable_summary === 'None' ? (
          <span className="dim">{t('dags.noSchedule')}</span>
        ) : (
          <>
            <span className="mono">{dag.timetable_summary}</span>{' '}
            <span className="dim">{said(dag.timetable_description ?? '')}</span>
          </>
        )}
      </span>
      <span role="cell" className={classes.wide}>
        <Moment at={isPaused ? null : dag.next_dagrun_run_after} relative />
      </span>
      <span role="cell" className={runs?.length ? classes.strip : undefined}>
        {runs === undefined || runs.length === 0 ? (
          <span className="dim">{runs === undefined ? '' : t('dags.noRuns')}</span>
        ) : (
          <RunStrip dagId={dag.dag_id} runs={runs} />
        )}
      </span>
      <span role="cell" className={`cut dim ${classes.wide}`}>
        {dag.owners.join(', ')}
      </span>
      <span role="cell">
        {mayTo(me, 'run:create', dag) && (
          <button type="button" className={classes.trigger} onClick={() => trigger(dag.dag_id)}>
            {t('dags.trigger')}
          </button>
        )}
      </span>
    </>
  );
});

export function Dags() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [triggered, setTriggered] = useState<string | null>(null);
  const { data: me } = useQuery(meQuery);
  const isFiltered = Object.values(search).some((value) => value !== undefined);
  const { pausing, pause } = usePauses();
  const scroller = useRef<HTMLDivElement>(null);
  const [count, setCount] = useState(0);
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const places = shown.map(({ index }) => index);
  const { first, at } = useDags(search, places);
  const { data: found, error, isPending, refetch } = first;
  if (found !== undefined && found.total_entries !== count) setCount(found.total_entries);
  const recent = useStrips(places, at);
  const hasBoxes = may(me, 'dag:edit');
  const inSight = places.flatMap((place) => at(place) ?? []);
  const chosen = useChosenDags(search, inSight, count);
  // Names and tags are plain addresses, which cost less than links of the router: rows come by hundreds.
  const follow = (event: MouseEvent) => {
    const { dag, tag } = (event.target as HTMLElement).dataset;
    const isAside = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if ((dag === undefined && tag === undefined) || isAside) return;
    event.preventDefault();
    if (dag !== undefined) void navigate({ to: '/dags/$dagId', params: { dagId: dag } });
    else void navigate({ search: (before) => ({ ...before, tag }) });
  };
  return (
    <Page title={t('dags.title')} name={t('dags.title')}>
      <DagsFilters count={found?.total_entries} />
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {found && found.total_entries === 0 && (
        <Empty title={t(isFiltered ? 'dags.none' : 'dags.noneYet')}>
          {t(isFiltered ? 'dags.noneHint' : 'dags.noneYetHint')}
        </Empty>
      )}
      {count > 0 && (
        // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
        <div
          className={`card ${classes.table}`}
          ref={scroller}
          role="table"
          aria-rowcount={count}
          data-has-boxes={hasBoxes}
          onClick={follow}
        >
          <div role="row" className={`${classes.row} ${classes.header}`}>
            {hasBoxes && (
              <span role="columnheader">
                <AllBox chosen={chosen} />
              </span>
            )}
            <span role="columnheader" aria-label={t('dags.paused')} />
            <span role="columnheader">{t('dags.name')}</span>
            <span role="columnheader" className={classes.wide}>
              {t('dags.schedule')}
            </span>
            <span role="columnheader" className={classes.wide}>
              {t('dags.next')}
            </span>
            <span role="columnheader">{t('dags.runs')}</span>
            <span role="columnheader" className={classes.wide}>
              {t('dags.owner')}
            </span>
            <span role="columnheader" aria-label={t('dags.actions')} />
          </div>
          <div role="rowgroup" className={classes.body} style={{ height: rows.getTotalSize() }}>
            {shown.map((item) => {
              const dag = at(item.index);
              return (
                <div
                  key={item.index}
                  role="row"
                  aria-rowindex={item.index + 1}
                  className={classes.row}
                  style={{ transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
                >
                  {dag ? (
                    <Row
                      key={dag.dag_id}
                      me={me}
                      dag={dag}
                      runs={recent[dag.dag_id]}
                      trigger={setTriggered}
                      isPaused={pausing.get(dag.dag_id)}
                      pause={pause}
                      place={item.index}
                      hasBoxes={hasBoxes}
                      isChosen={chosen.has(dag)}
                      press={chosen.pressAt}
                    />
                  ) : (
                    <span role="cell" className={classes.coming} />
                  )}
                </div>
              );
            })}
          </div>
        </div>
      )}
      {chosen.rows.length > 0 && (
        <Suspense>
          <DagsBar chosen={chosen} isOfStars={search.star === 'true'} />
        </Suspense>
      )}
      {triggered !== null && <TriggerDialog dagId={triggered} close={() => setTriggered(null)} />}
    </Page>
  );
}
