/** What is done to many runs and instances at once, and what it would touch. */
import { client, data, type Schema } from '@/api/client';
import { problemsOf, type Step } from '@/components/many/carryOut';
import {
  clearInstances,
  clearRun,
  foresee,
  type Mark,
  markInstances,
  noted,
  type Reach,
} from '@/pages/run/actions';
import { countOf, type Named, sumOf, type Touched } from '@/pages/run/touched';
import { type RunRow, runKey, type TaskRow, taskKey } from './rows';

const ASKED_AT_ONCE = 4;

/** Do something to each of some values, a few at a time. */
async function each<T, U>(values: readonly T[], act: (value: T) => Promise<U>): Promise<U[]> {
  const found: U[] = [];
  for (let begin = 0; begin < values.length; begin += ASKED_AT_ONCE) {
    found.push(...(await Promise.all(values.slice(begin, begin + ASKED_AT_ONCE).map(act))));
  }
  return found;
}

/** Return what is in any of some answers, once each: counts alone where one of them has no more than these. */
function joined(answers: Touched[]): Touched {
  const named = answers.flatMap((one) => one.instances ?? []);
  return answers.some((one) => one.instances === null) ? sumOf(answers) : countOf(named);
}

export type RunsScope = 'failed' | 'all';

/** Return what would run again if runs were cleared: counted, however many they are, and named when it is little. */
export const foreseeRuns = (rows: readonly RunRow[], scope: RunsScope): Promise<Touched> =>
  foresee({ dag_runs: [...rows], only_failed: scope === 'failed' }, async () => {
    const body = { dag_runs: rows.map(named), dry_run: true, only_failed: scope === 'failed' };
    const answer = await data(
      client.POST('/api/v2/dags/{dag_id}/clearDagRuns', {
        params: { path: { dag_id: '~' } },
        body: body as unknown as Schema['BulkDAGRunClearBody'],
      }),
    );
    return countOf((answer as Schema['ClearTaskInstanceCollectionResponse']).task_instances);
  });

/** Clear runs, each by itself: one that cannot be cleared keeps no other from it. */
export const clearRuns =
  (scope: RunsScope, note = ''): Step<RunRow> =>
  async ([row]) => {
    if (row !== undefined) await clearRun(row.dag_id, row.dag_run_id, scope, [], false, note);
    return [null];
  };

const named = ({ dag_id, dag_run_id }: RunRow) => ({ dag_id, dag_run_id });

async function changeRuns(action: object): Promise<Schema['BulkResponse']> {
  const body = {
    actions: [{ action_on_non_existence: 'skip', ...action }],
  } as unknown as Schema['BulkBody_BulkDAGRunBody_'];
  return data(client.PATCH('/api/v2/dags/{dag_id}/dagRuns', { params: { path: { dag_id: '~' } }, body }));
}

export const markRuns =
  (state: 'success' | 'failed', gone: string, note = ''): Step<RunRow> =>
  async (rows) => {
    const what = { state, ...noted(note) };
    const entities = rows.map((row) => ({ ...named(row), ...what }));
    const answer = await changeRuns({ action: 'update', entities, update_mask: Object.keys(what) });
    return problemsOf(rows.map(runKey), answer.update, gone);
  };

export const deleteRuns =
  (gone: string): Step<RunRow> =>
  async (rows) => {
    const answer = await changeRuns({ action: 'delete', entities: rows.map(named) });
    return problemsOf(rows.map(runKey), answer.delete, gone);
  };

export interface OfRun extends Pick<RunRow, 'dag_id' | 'dag_run_id'> {
  tasks: TaskRow[];
}

/** Return instances by their run: the server clears those of one run at a time. */
export function byRun(rows: readonly TaskRow[]): OfRun[] {
  const found = new Map<string, OfRun>();
  for (const row of rows) {
    const of = found.get(runKey(row)) ?? { dag_id: row.dag_id, dag_run_id: row.dag_run_id, tasks: [] };
    of.tasks.push(row);
    found.set(runKey(row), of);
  }
  return [...found.values()];
}

const clearIn = ({ dag_id, dag_run_id, tasks }: OfRun, reach: Reach, dryRun: boolean, note = '') => {
  const ids = tasks.map(({ task_id, map_index }): string | [string, number] =>
    map_index === null ? task_id : [task_id, map_index],
  );
  return clearInstances(dag_id, dag_run_id, ids, reach, dryRun, note);
};

/** Return which instances would run again if some were cleared. */
export const foreseeTasks = async (rows: readonly TaskRow[], reach: Reach): Promise<Touched> =>
  joined(await each(byRun(rows), (one) => clearIn(one, reach, true)));

/** Clear instances of one run. */
export const clearTasks =
  (reach: Reach, note = ''): Step<OfRun> =>
  async ([one]) => {
    if (one !== undefined) await clearIn(one, reach, false, note);
    return [null];
  };

/** Return each instance that would be marked if some were, with what is around them. */
export async function foreseeMarks(rows: readonly TaskRow[], state: Mark, reach: Reach): Promise<Named[]> {
  const found = await each(rows, (row) => {
    const { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } = row;
    return markInstances({ dagId, runId, taskId, mapIndex }, state, reach, true);
  });
  return [...new Map(found.flat().map((one) => [taskKey(one), one])).values()];
}

export const markTasks =
  (state: Mark, gone: string, note = ''): Step<TaskRow> =>
  async (rows) => {
    const what = { new_state: state, ...noted(note) };
    const entities = rows.map(({ dag_id, dag_run_id, task_id, map_index }) => ({
      dag_id,
      dag_run_id,
      task_id,
      map_index,
      ...what,
    }));
    const action = {
      action: 'update',
      entities,
      update_mask: Object.keys(what),
      action_on_non_existence: 'skip',
    };
    const answer = await data(
      client.PATCH('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
        params: { path: { dag_id: '~', dag_run_id: '~' } },
        body: { actions: [action] } as unknown as Schema['BulkBody_BulkTaskInstanceBody_'],
      }),
    );
    return problemsOf(rows.map(taskKey), answer.update, gone);
  };
