/** What is done to many runs and instances at once, and what it would touch. */
import { client, data, type Schema } from '@/api/client';
import { problemsOf, type Step } from '@/components/many/carryOut';
import { type Affected, clearInstances, clearRun, type Mark, type Reach } from '@/pages/run/actions';
import { type RunRow, runKey, type TaskRow, taskKey } from './rows';

/** How many runs' instances come in one answer: each may have thousands. */
const FORESEEN_RUNS = 10;
const ASKED_AT_ONCE = 4;

/** Do something to each of some values, a few at a time. */
async function each<T, U>(values: readonly T[], act: (value: T) => Promise<U>): Promise<U[]> {
  const found: U[] = [];
  for (let begin = 0; begin < values.length; begin += ASKED_AT_ONCE) {
    found.push(...(await Promise.all(values.slice(begin, begin + ASKED_AT_ONCE).map(act))));
  }
  return found;
}

/** Return what is in any of some answers, once each. */
function joined(answers: Affected[]): Affected {
  const found = new Map(answers.flatMap((one) => one.instances.map((of) => [taskKey(of), of] as const)));
  return { instances: [...found.values()], total: found.size };
}

export type RunsScope = 'failed' | 'all';

/** Return which instances would run again if runs were cleared. */
export async function foreseeRuns(rows: readonly RunRow[], scope: RunsScope): Promise<Affected> {
  const parts = Array.from({ length: Math.ceil(rows.length / FORESEEN_RUNS) }, (_, number) =>
    rows.slice(number * FORESEEN_RUNS, (number + 1) * FORESEEN_RUNS),
  );
  const answers = await each(parts, async (some) => {
    const body = {
      dag_runs: some.map(({ dag_id, dag_run_id }) => ({ dag_id, dag_run_id })),
      dry_run: true,
      only_failed: scope === 'failed',
    } as unknown as Schema['BulkDAGRunClearBody'];
    const path = { dag_id: '~' };
    const answer = await data(client.POST('/api/v2/dags/{dag_id}/clearDagRuns', { params: { path }, body }));
    const { task_instances: instances } = answer as Schema['ClearTaskInstanceCollectionResponse'];
    return { instances, total: instances.length };
  });
  return joined(answers);
}

/** Clear runs, each by itself: one that cannot be cleared keeps no other from it. */
export const clearRuns =
  (scope: RunsScope): Step<RunRow> =>
  async ([row]) => {
    if (row !== undefined) await clearRun(row.dag_id, row.dag_run_id, scope, [], false);
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
  (state: 'success' | 'failed', gone: string): Step<RunRow> =>
  async (rows) => {
    const entities = rows.map((row) => ({ ...named(row), state }));
    const answer = await changeRuns({ action: 'update', entities, update_mask: ['state'] });
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

const clearIn = ({ dag_id, dag_run_id, tasks }: OfRun, reach: Reach, dryRun: boolean) => {
  const ids = tasks.map(({ task_id, map_index }): string | [string, number] =>
    map_index === null ? task_id : [task_id, map_index],
  );
  return clearInstances(dag_id, dag_run_id, ids, reach, dryRun);
};

/** Return which instances would run again if some were cleared. */
export const foreseeTasks = async (rows: readonly TaskRow[], reach: Reach): Promise<Affected> =>
  joined(await each(byRun(rows), (one) => clearIn(one, reach, true)));

/** Clear instances of one run. */
export const clearTasks =
  (reach: Reach): Step<OfRun> =>
  async ([one]) => {
    if (one !== undefined) await clearIn(one, reach, false);
    return [null];
  };

export const markTasks =
  (state: Mark, gone: string): Step<TaskRow> =>
  async (rows) => {
    const entities = rows.map(({ dag_id, dag_run_id, task_id, map_index }) => ({
      dag_id,
      dag_run_id,
      task_id,
      map_index,
      new_state: state,
    }));
    const action = {
      action: 'update',
      entities,
      update_mask: ['new_state'],
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
