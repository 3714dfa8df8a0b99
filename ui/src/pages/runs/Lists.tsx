/** The two lists of the page of all runs: runs, and task instances. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery } from '@/api/queries';
import { useNow } from '@/app/preferences';
import { may, mayPerhaps } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { AllBox, cell, OneBox } from '@/components/many/Boxes';
import { useChosen } from '@/components/many/useChosen';
import { StateWord } from '@/components/State';
import { lengthBetween, showLength } from '@/lib/time';
import { RunsBar, TasksBar } from '@/pages/run/many/lazy';
import { type RunRow, runKey, type TaskRow, taskKey } from '@/pages/run/many/rows';
import classes from './AllRuns.module.css';
import { type Column, List, useListAbout } from './List';
import { allRunsQuery, allTasksQuery } from './queries';

const route = getRouteApi('/runs');

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

export function Runs() {
  const { t } = useTranslation('dag');
  const now = useNow();
  const search = route.useSearch();
  const asked = useQuery(allRunsQuery({ ...search, tab: undefined, task: undefined }));
  const { data: me } = useQuery(meQuery);
  const runs = asked.data?.dag_runs ?? [];
  const isOpen = (run: RunRow) => mayPerhaps(me, 'run:edit', run) || mayPerhaps(me, 'run:delete', run);
  const hasBoxes = may(me, 'run:edit') || may(me, 'run:delete');
  const chosen = useChosen<RunRow>({ about: useListAbout(), shown: runs.filter(isOpen), keyOf: runKey });
  return (
    <List
      asked={asked}
      count={runs.length}
      head={RUN_HEAD}
      box={hasBoxes && <AllBox chosen={chosen} />}
      rows={runs.map((run) => (
        <tr key={`${run.dag_id}\n${run.dag_run_id}`}>
          {hasBoxes && (
            <td className={cell}>
              {isOpen(run) && (
                <OneBox
                  name={`${run.dag_id} ${run.dag_run_id}`}
                  isChosen={chosen.has(run)}
                  press={(isRange) => chosen.press(run, isRange)}
                />
              )}
            </td>
          )}
          <td>
            <StateWord state={run.state} />
          </td>
          <td>
            <Link
              to="/dags/$dagId"
              params={{ dagId: run.dag_id }}
              className={classes.name}
              title={run.dag_display_name}
            >
              {run.dag_display_name}
            </Link>
          </td>
          <td className={`mono ${classes.id}`}>
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId: run.dag_id, runId: run.dag_run_id }}
              title={run.dag_run_id}
            >
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
    >
      {chosen.rows.length > 0 && (
        <Suspense>
          <RunsBar chosen={chosen} hasDags />
        </Suspense>
      )}
    </List>
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

export function Tasks() {
  const now = useNow();
  const search = route.useSearch();
  const asked = useQuery(allTasksQuery({ ...search, tab: undefined, type: undefined }));
  const { data: me } = useQuery(meQuery);
  const tasks = asked.data?.task_instances ?? [];
  const isOpen = (one: TaskRow) => mayPerhaps(me, 'task_instance:edit', one);
  const hasBoxes = may(me, 'task_instance:edit');
  const chosen = useChosen<TaskRow>({ about: useListAbout(), shown: tasks.filter(isOpen), keyOf: taskKey });
  return (
    <List
      asked={asked}
      count={tasks.length}
      head={TASK_HEAD}
      box={hasBoxes && <AllBox chosen={chosen} />}
      rows={tasks.map((one) => (
        <tr key={one.id}>
          {hasBoxes && (
            <td className={cell}>
              {isOpen(one) && (
                <OneBox
                  name={`${one.dag_id} ${one.dag_run_id} ${one.task_id}`}
                  isChosen={chosen.has(one)}
                  press={(isRange) => chosen.press(one, isRange)}
                />
              )}
            </td>
          )}
          <td>
            <StateWord state={one.state} />
          </td>
          <td>
            <Link
              to="/dags/$dagId"
              params={{ dagId: one.dag_id }}
              className={classes.name}
              title={one.dag_display_name}
            >
              {one.dag_display_name}
            </Link>
          </td>
          <td className={`mono ${classes.id}`}>
            <Link
              to="/dags/$dagId/runs/$runId"
              params={{ dagId: one.dag_id, runId: one.dag_run_id }}
              title={one.task_id}
              search={{ task: one.task_id, ...(one.map_index >= 0 ? { map: one.map_index } : {}) }}
            >
              {one.task_display_name}
              {one.map_index >= 0 && ` [${one.rendered_map_index ?? one.map_index}]`}
            </Link>
          </td>
          <td className={`mono dim ${classes.id}`}>
            <span title={one.dag_run_id}>{one.dag_run_id}</span>
          </td>
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
    >
      {chosen.rows.length > 0 && (
        <Suspense>
          <TasksBar chosen={chosen} hasRuns />
        </Suspense>
      )}
    </List>
  );
}
