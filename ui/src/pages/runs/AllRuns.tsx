/** Runs of all DAGs, and their task instances: found by name, state, kind and day. */
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
import type { AllRunsSearch } from '@/app/router';
import { Moment } from '@/components/Moment';
import { Page } from '@/components/Page';
import { StateWord } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { RUN_STATES, TASK_STATES } from '@/lib/states';
import { lengthBetween, showLength } from '@/lib/time';
import { RUN_TYPES } from '@/pages/dag/runs/RunsTab';
import classes from './AllRuns.module.css';
import { NEWEST, nextOrder, sortOf } from './order';
import { allRunsQuery, allTasksQuery } from './queries';

const route = getRouteApi('/runs');
const PATIENCE_MS = 200;

function useChange(): (what: Partial<AllRunsSearch>) => void {
  const navigate = route.useNavigate();
  return (what) =>
    void navigate({
      search: (before) => ({ ...before, before: undefined, ...what }),
      replace: !('before' in what) && !('tab' in what),
      resetScroll: false,
    });
}

function Typed({ name, label }: { name: 'dag' | 'task'; label: string }) {
  const search = route.useSearch();
  const change = useChange();
  const inAddress = search[name] ?? '';
  const [typed, setTyped] = useState(inAddress);
  useEffect(() => setTyped(inAddress), [inAddress]);
  const find = useDebouncedCallback((value: string) => change({ [name]: value || undefined }), PATIENCE_MS);
  return (
    <TextInput
      size="xs"
      w={180}
      placeholder={label}
      aria-label={label}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        find(event.currentTarget.value);
      }}
    />
  );
}

interface Column {
  name: string;
  /** What the server calls it, when lists can be ordered by it. */
  by?: string;
}

const SIGN_OF = { none: '', ascending: ' ↑', descending: ' ↓' } as const;

interface Listed {
  total_entries?: number | null;
  next_cursor?: string | null;
}

function List<T extends Listed>({
  asked,
  count,
  head,
  rows,
}: {
  asked: UseQueryResult<T>;
  count: number;
  head: Column[];
  rows: ReactNode;
}) {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const change = useChange();
  if (asked.error && !asked.data) {
    return <Failure error={asked.error} again={() => void asked.refetch()} />;
  }
  const found = asked.data;
  const order = search.order ?? NEWEST;
  if (!found) return <Loading />;
  if (count === 0) {
    const isFiltered = Object.entries(search).some(
      ([name, value]) => !['tab', 'order'].includes(name) && value !== undefined,
    );
    return (
      <div className="card">
        <Empty title={t(isFiltered ? 'runs.none' : 'grid.noRuns')}>
          {t(isFiltered ? 'runs.noneHint' : 'all.noneHint')}
        </Empty>
      </div>
    );
  }
  return (
    <>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      <div className={`card ${classes.list}`}>
        <table className="plain">
          <thead>
            <tr>
              {head.map(({ name, by }) => (
                <th key={name} scope="col" aria-sort={by === undefined ? undefined : sortOf(by, order)}>
                  {by === undefined ? (
                    t(name)
                  ) : (
                    <button
                      type="button"
                      className={classes.sort}
                      title={t('all.sort')}
                      onClick={() => change({ order: nextOrder(by, search.order) })}
                    >
                      {t(name)}
                      <span aria-hidden="true">{SIGN_OF[sortOf(by, order)]}</span>
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rows}</tbody>
        </table>
      </div>
      {(found.next_cursor != null || search.before !== undefined) && (
        <nav className={classes.pager} aria-label={t('all.pages')}>
          <Button
            size="xs"
            variant="default"
            disabled={search.before === undefined}
            onClick={() => change({ before: undefined })}
          >
            {t('runs.newest')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={found.next_cursor == null}
            onClick={() => change({ before: found.next_cursor ?? undefined })}
          >
            {t('runs.older')}
          </Button>
        </nav>
      )}
    </>
  );
}

const RUN_HEAD: Column[] = [
  { name: 'runs.state', by: 'state' },
  { name: 'all.dag', by: 'dag_id' },
  { name: 'runs.run' },
  { name: 'runs.after', by: 'run_after' },
  { name: 'runs.length', by: 'duration' },
  { name: 'runs.type' },
  { name: 'runs.by' },
  { name: 'runs.note' },
];

function Runs() {
  const { t } = useTranslation('dag');
  const now = useNow();
  const search = route.useSearch();
  const asked = useQuery(allRunsQuery({ ...search, tab: undefined, task: undefined }));
  const runs = asked.data?.dag_runs ?? [];
  return (
    <List
      asked={asked}
      count={runs.length}
      head={RUN_HEAD}
      rows={runs.map((run) => (
        <tr key={`${run.dag_id}\n${run.dag_run_id}`}>
          <td>
            <StateWord state={run.state} />
          </td>
          <td>
            <Link to="/dags/$dagId" params={{ dagId: run.dag_id }} className={classes.name}>
              {run.dag_display_name}
            </Link>
          </td>
          <td className={`mono ${classes.id}`}>
            <Link to="/dags/$dagId/runs/$runId" params={{ dagId: run.dag_id, runId: run.dag_run_id }}>
              {run.dag_run_id}
            </Link>
          </td>
          <td>
            <Moment at={run.run_after} />
          </td>
          <td className="num nowrap">{showLength(lengthBetween(run.start_date, run.end_date, now))}</td>
          <td className="nowrap">{t(`runTypes.${run.run_type}`)}</td>
          <td className="nowrap">{run.triggering_user_name ?? <span className="dim">–</span>}</td>
          <td className={`cut ${classes.note}`} title={run.note ?? undefined}>
            {run.note}
          </td>
        </tr>
      ))}
    />
  );
}

const TASK_HEAD: Column[] = [
  { name: 'runs.state', by: 'state' },
  { name: 'all.dag', by: 'dag_id' },
  { name: 'all.task', by: 'task_id' },
  { name: 'runs.run' },
  { name: 'runs.began', by: 'start_date' },
  { name: 'runs.length', by: 'duration' },
  { name: 'all.tries', by: 'try_number' },
  { name: 'all.operator' },
];

function Tasks() {
  const now = useNow();
  const search = route.useSearch();
  const asked = useQuery(allTasksQuery({ ...search, tab: undefined, type: undefined }));
  const tasks = asked.data?.task_instances ?? [];
  return (
    <List
      asked={asked}
      count={tasks.length}
      head={TASK_HEAD}
      rows={tasks.map((one) => (
        <tr key={one.id}>
          <td>
            <StateWord state={one.state} />
          </td>
          <td>
            <Link to="/dags/$dagId" params={{ dagId: one.dag_id }} className={classes.name}>
              {one.dag_display_name}
            </Link>
          </td>
          <td className="mono">
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId: one.dag_id, runId: one.dag_run_id }}
              search={{ task: one.task_id, ...(one.map_index >= 0 ? { map: one.map_index } : {}) }}
            >
              {one.task_display_name}
              {one.map_index >= 0 && ` [${one.rendered_map_index ?? one.map_index}]`}
            </Link>
          </td>
          <td className={`mono dim ${classes.id}`}>{one.dag_run_id}</td>
          <td>
            <Moment at={one.start_date} />
          </td>
          <td className="num nowrap">
            {one.start_date === null ? '–' : showLength(lengthBetween(one.start_date, one.end_date, now))}
          </td>
          <td className="num">{one.try_number}</td>
          <td>{one.operator_name}</td>
        </tr>
      ))}
    />
  );
}

export function AllRuns() {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const change = useChange();
  const isTasks = search.tab === 'tasks';
  const states = isTasks ? TASK_STATES : RUN_STATES;
  const isFiltered = Object.entries(search).some(
    ([name, value]) => !['tab', 'order'].includes(name) && value !== undefined,
  );
  const title = t('common:nav.runs');
  return (
    <Page
      title={title}
      name={title}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('all.tabs')}
          data={[
            { value: 'runs', label: t('all.runs') },
            { value: 'tasks', label: t('all.tasks') },
          ]}
          value={isTasks ? 'tasks' : 'runs'}
          onChange={(value) =>
            change({ tab: value === 'tasks' ? value : undefined, state: undefined, order: undefined })
          }
        />
      }
    >
      <div className={classes.filters}>
        <Typed name="dag" label={t('all.byDag')} />
        {isTasks && <Typed name="task" label={t('all.byTask')} />}
        <Select
          size="xs"
          w={150}
          clearable
          placeholder={t('runs.anyState')}
          aria-label={t('runs.anyState')}
          data={states.map((value) => ({ value, label: t(`common:states.${value}`) }))}
          value={search.state ?? null}
          onChange={(value) => change({ state: value ?? undefined })}
        />
        {!isTasks && (
          <Select
            size="xs"
            w={170}
            clearable
            placeholder={t('runs.anyType')}
            aria-label={t('runs.anyType')}
            data={RUN_TYPES.map((value) => ({ value, label: t(`runTypes.${value}`) }))}
            value={search.type ?? null}
            onChange={(value) => change({ type: value ?? undefined })}
          />
        )}
        {(['from', 'to'] as const).map((name) => (
          <TextInput
            key={name}
            size="xs"
            type="date"
            aria-label={t(`runs.${name}`)}
            title={t(`runs.${name}`)}
            value={search[name] ?? ''}
            onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
          />
        ))}
        <span className="dim num">UTC</span>
        {isFiltered && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() =>
              change({
                dag: undefined,
                task: undefined,
                state: undefined,
                type: undefined,
                from: undefined,
                to: undefined,
              })
            }
          >
            {t('runs.clear')}
          </Button>
        )}
      </div>
      {isTasks ? <Tasks /> : <Runs />}
    </Page>
  );
}
