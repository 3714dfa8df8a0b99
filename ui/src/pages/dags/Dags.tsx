/** All DAGs: found by name, tag, owner and state; what each did lately, and when it is due. */
import { Button, SegmentedControl, Select, Switch, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { dagsQuery, recentRunsQuery, tagsQuery } from '@/api/queries';
import { useNow } from '@/app/preferences';
import { Moment } from '@/components/Moment';
import { Page } from '@/components/Page';
import { RunStrip } from '@/components/RunStrip';
import { StateSign } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { RUN_STATES } from '@/lib/states';
import { TriggerDialog } from '@/pages/dag/TriggerDialog';
import { usePause } from '@/pages/dags/pause';
import classes from './Dags.module.css';

const DAGS_MAX = 1000;
const ROW_HEIGHT = 44;
const route = getRouteApi('/dags');

interface RowProps {
  dag: Schema['DAGResponse'];
  runs: Schema['RecentRun'][] | undefined;
  trigger: (dagId: string) => void;
}

function Row({ dag, runs, trigger }: RowProps) {
  const { t } = useTranslation();
  const now = useNow();
  const pause = usePause();
  const isPaused = pause.isPending ? pause.variables.isPaused : dag.is_paused;
  const label = t(isPaused ? 'dags.unpause' : 'dags.pause', { dag: dag.dag_display_name });
  return (
    <>
      <span role="cell">
        <Switch
          size="xs"
          checked={!isPaused}
          aria-label={label}
          title={label}
          onChange={() => pause.mutate({ dagId: dag.dag_id, isPaused: !isPaused })}
        />
      </span>
      <span role="cell" className={classes.name}>
        <Link to="/dags/$dagId" params={{ dagId: dag.dag_id }} className="cut">
          {dag.dag_display_name}
        </Link>
        {dag.has_import_errors && (
          <span title={t('dags.broken')}>
            <StateSign state="failed" />
          </span>
        )}
        <span className={classes.tags}>
          {dag.tags.map((tag) => (
            <Link
              key={tag.name}
              to="/dags"
              search={(before) => ({ ...before, tag: tag.name })}
              className={classes.tag}
            >
              {tag.name}
            </Link>
          ))}
        </span>
      </span>
      <span role="cell" className={`cut ${classes.wide}`} title={dag.timetable_description ?? ''}>
        {dag.timetable_summary == null || dag.timetable_summary === 'None' ? (
          <span className="dim">{t('dags.noSchedule')}</span>
        ) : (
          <>
            <span className="mono">{dag.timetable_summary}</span>{' '}
            <span className="dim">{dag.timetable_description}</span>
          </>
        )}
      </span>
      <span role="cell" className={classes.wide}>
        <Moment at={isPaused ? null : dag.next_dagrun_run_after} relative />
      </span>
      <span role="cell">
        {runs === undefined || runs.length === 0 ? (
          <span className="dim">{runs === undefined ? '' : t('dags.noRuns')}</span>
        ) : (
          <RunStrip dagId={dag.dag_id} runs={runs} now={now} />
        )}
      </span>
      <span role="cell" className={`cut dim ${classes.wide}`}>
        {dag.owners.join(', ')}
      </span>
      <span role="cell">
        <Button size="compact-xs" variant="default" onClick={() => trigger(dag.dag_id)}>
          {t('dags.trigger')}
        </Button>
      </span>
    </>
  );
}

export function Dags() {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [triggered, setTriggered] = useState<string | null>(null);
  const { data: found, error, isPending, refetch } = useQuery(dagsQuery(search, DAGS_MAX));
  const { data: tags } = useQuery(tagsQuery);
  const [typed, setTyped] = useState(search.q ?? '');
  const find = useDebouncedCallback(
    (q: string) => void navigate({ search: (before) => ({ ...before, q: q || undefined }), replace: true }),
    150,
  );
  const scroller = useRef<HTMLDivElement>(null);
  const dags = found?.dags ?? [];
  const rows = useVirtualizer({
    count: dags.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const shown = rows.getVirtualItems();
  const seen = shown.flatMap(({ index }) => dags[index]?.dag_id ?? []);
  const { data: recent } = useQuery({ ...recentRunsQuery(seen), enabled: seen.length > 0 });
  return (
    <Page title={t('dags.title')} name={t('dags.title')}>
      <div className={classes.filters}>
        <TextInput
          size="xs"
          w={240}
          placeholder={t('dags.filter')}
          aria-label={t('dags.filter')}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            find(event.currentTarget.value);
          }}
        />
        <Select
          size="xs"
          w={160}
          searchable
          clearable
          aria-label={t('dags.anyTag')}
          placeholder={t('dags.anyTag')}
          data={tags?.tags ?? []}
          value={search.tag ?? null}
          onChange={(tag) => void navigate({ search: (before) => ({ ...before, tag: tag ?? undefined }) })}
        />
        <Select
          size="xs"
          w={160}
          clearable
          aria-label={t('dags.anyState')}
          placeholder={t('dags.anyState')}
          data={RUN_STATES.map((state) => ({ value: state, label: t(`states.${state}`) }))}
          value={search.state ?? null}
          onChange={(state) =>
            void navigate({ search: (before) => ({ ...before, state: state ?? undefined }) })
          }
        />
        <SegmentedControl
          size="xs"
          data={[
            { value: '', label: t('dags.all') },
            { value: 'false', label: t('dags.active') },
            { value: 'true', label: t('dags.paused') },
          ]}
          value={search.paused ?? ''}
          onChange={(paused) =>
            void navigate({ search: (before) => ({ ...before, paused: paused || undefined }) })
          }
        />
        <span className="dim num">{found && t('dags.count', { count: found.total_entries })}</span>
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {found && dags.length === 0 && <Empty title={t('dags.none')}>{t('dags.noneHint')}</Empty>}
      {dags.length > 0 && (
        <div className={`card ${classes.table}`} ref={scroller} role="table" aria-rowcount={dags.length}>
          <div role="row" className={`${classes.row} ${classes.header}`}>
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
          <div role="rowgroup" style={{ height: rows.getTotalSize(), position: 'relative' }}>
            {shown.map((item) => {
              const dag = dags[item.index];
              return (
                dag && (
                  <div
                    key={dag.dag_id}
                    role="row"
                    aria-rowindex={item.index + 1}
                    className={classes.row}
                    style={{ position: 'absolute', top: item.start, left: 0, right: 0, height: ROW_HEIGHT }}
                  >
                    <Row dag={dag} runs={recent?.[dag.dag_id]} trigger={setTriggered} />
                  </div>
                )
              );
            })}
          </div>
        </div>
      )}
      {triggered !== null && <TriggerDialog dagId={triggered} close={() => setTriggered(null)} />}
    </Page>
  );
}
