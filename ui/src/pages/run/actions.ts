/** What a person can do to a run or an instance; each can be previewed. */
import { client, data, type Schema } from '@/api/client';
import { countOf, NAMED_MAX, type Named, NOTHING_TOUCHED, sumOf, type Touched } from './touched';

export type Mark = 'success' | 'failed' | 'skipped';
export type Action = { kind: 'clear' } | { kind: 'mark'; state: Mark };

export interface Reach {
  upstream: boolean;
  downstream: boolean;
  past: boolean;
  future: boolean;
  onlyFailed: boolean;
}
export const REACHES = ['upstream', 'downstream', 'past', 'future', 'onlyFailed'] as const;
export const HERE: Reach = {
  upstream: false,
  downstream: false,
  past: false,
  future: false,
  onlyFailed: false,
};

export interface Target {
  dagId: string;
  runId: string;
  taskId: string;
  /** Null stands for all instances of a mapped task. */
  mapIndex: number | null;
}

/** A note as it is sent: one without text leaves those that there are. */
export const noted = (note: string) => (note.trim() === '' ? {} : { note: note.trim() });

const affected = (answer: { task_instances: Named[] }): Touched => countOf(answer.task_instances);

/** Clear instances of a run, each a task or a task and an index; with `dryRun`, only say which. */
export async function clearInstances(
  dagId: string,
  runId: string,
  taskIds: (string | [string, number])[],
  reach: Reach,
  dryRun: boolean,
  note = '',
): Promise<Touched> {
  const body = {
    dag_run_id: runId,
    task_ids: taskIds,
    dry_run: dryRun,
    include_upstream: reach.upstream,
    include_downstream: reach.downstream,
    include_past: reach.past,
    include_future: reach.future,
    only_failed: reach.onlyFailed,
    reset_dag_runs: true,
    ...noted(note),
  } as unknown as Schema['ClearTaskInstancesBody'];
  return affected(
    await data(
      client.POST('/api/v2/dags/{dag_id}/clearTaskInstances', {
        params: { path: { dag_id: dagId } },
        body,
      }),
    ),
  );
}

/** Clear or mark instances, with a note or none; with `dryRun`, only say which. */
export async function change(
  target: Target,
  action: Action,
  reach: Reach,
  dryRun: boolean,
  note = '',
): Promise<Touched> {
  const { dagId, runId, taskId, mapIndex } = target;
  return action.kind === 'clear'
    ? clearInstances(dagId, runId, [mapIndex === null ? taskId : [taskId, mapIndex]], reach, dryRun, note)
    : countOf(await markInstances(target, action.state, reach, dryRun, note));
}

/** Mark an instance, or all of a mapped task, and what is around it; with `dryRun`, only say which. */
export async function markInstances(
  { dagId, runId, taskId, mapIndex }: Target,
  state: Mark,
  reach: Reach,
  dryRun: boolean,
  note = '',
): Promise<Named[]> {
  const body = {
    new_state: state,
    include_upstream: reach.upstream,
    include_downstream: reach.downstream,
    include_past: reach.past,
    include_future: reach.future,
    ...noted(note),
  } as unknown as Schema['PatchTaskInstanceBody'];
  const query = { update_mask: ['new_state', ...Object.keys(noted(note))] };
  const path = { dag_id: dagId, dag_run_id: runId, task_id: taskId };
  const base = '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}' as const;
  if (mapIndex === null) {
    const options = { params: { path, query }, body };
    return (await data(dryRun ? client.PATCH(`${base}/dry_run`, options) : client.PATCH(base, options)))
      .task_instances;
  }
  const options = {
    params: { path: { ...path, map_index: mapIndex }, query },
    body,
  };
  const answer = await data(
    dryRun
      ? client.PATCH(`${base}/{map_index}/dry_run`, options)
      : client.PATCH(`${base}/{map_index}`, options),
  );
  return answer.task_instances;
}

/** How many runs the server counts in one answer. */
const COUNTED_MAX = 100;

interface Counting {
  dag_runs: { dag_id: string; dag_run_id: string }[];
  task_ids?: string[];
  include_downstream?: boolean;
  only_failed?: boolean;
}

/** Count what clearing runs would touch, a part of the runs after the other; instances come when they are few. */
export async function foresee(of: Counting, named: () => Promise<Touched>): Promise<Touched> {
  const parts: Touched[] = [];
  for (let begin = 0; begin < of.dag_runs.length; begin += COUNTED_MAX) {
    const dag_runs = of.dag_runs
      .slice(begin, begin + COUNTED_MAX)
      .map(({ dag_id, dag_run_id }) => ({ dag_id, dag_run_id }));
    const body = { ...of, dag_runs } as Schema['ForeseenBody'];
    const found = await data(client.POST('/api/windward/v1/clearing/foreseen', { body }));
    const { tasks, runs, total_entries: total } = found;
    parts.push({ tasks, runs, total, instances: null });
  }
  const sum = sumOf(parts);
  return sum.total > NAMED_MAX ? sum : named();
}

export type RunScope = 'failed' | 'downstream' | 'all';

/** Say which instances clearing a run, or a part of it, would touch. */
export function foreseeRun(
  dagId: string,
  runId: string,
  scope: RunScope,
  failed: string[],
): Promise<Touched> {
  if (scope === 'downstream' && failed.length === 0) return Promise.resolve(NOTHING_TOUCHED);
  const counting: Counting = {
    dag_runs: [{ dag_id: dagId, dag_run_id: runId }],
    only_failed: scope === 'failed',
    ...(scope === 'downstream' && { task_ids: failed, include_downstream: true }),
  };
  return foresee(counting, () => clearRun(dagId, runId, scope, failed, true));
}

/**
 * Clear a run, or a part of it, with a note or none; with `dryRun`, only say which instances.
 * The note stays with the run, or with the instances where these are named.
 */
export async function clearRun(
  dagId: string,
  runId: string,
  scope: RunScope,
  failed: string[],
  dryRun: boolean,
  note = '',
): Promise<Touched> {
  if (scope === 'downstream') {
    if (failed.length === 0) return NOTHING_TOUCHED;
    const body = {
      dag_run_id: runId,
      task_ids: failed,
      dry_run: dryRun,
      include_downstream: true,
      only_failed: false,
      reset_dag_runs: true,
      ...noted(note),
    } as unknown as Schema['ClearTaskInstancesBody'];
    return affected(
      await data(
        client.POST('/api/v2/dags/{dag_id}/clearTaskInstances', {
          params: { path: { dag_id: dagId } },
          body,
        }),
      ),
    );
  }
  const answer = await data(
    client.POST('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear', {
      params: { path: { dag_id: dagId, dag_run_id: runId } },
      body: {
        dry_run: dryRun,
        only_failed: scope === 'failed',
        ...noted(note),
      } as unknown as Schema['DAGRunClearBody'],
    }),
  );
  return 'task_instances' in answer ? affected(answer as { task_instances: Named[] }) : NOTHING_TOUCHED;
}

/** Set the state of a run: what runs of it is stopped. */
export const markRun = (dagId: string, runId: string, state: 'success' | 'failed', note = '') =>
  data(
    client.PATCH('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', {
      params: {
        path: { dag_id: dagId, dag_run_id: runId },
        query: { update_mask: ['state', ...Object.keys(noted(note))] },
      },
      body: { state, ...noted(note) },
    }),
  );

export const deleteRun = (dagId: string, runId: string) =>
  data(
    client.DELETE('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', {
      params: { path: { dag_id: dagId, dag_run_id: runId } },
    }),
  );

export const noteRun = (dagId: string, runId: string, note: string) =>
  data(
    client.PATCH('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', {
      params: { path: { dag_id: dagId, dag_run_id: runId }, query: { update_mask: ['note'] } },
      body: { note },
    }),
  );

export const noteInstance = (dagId: string, runId: string, taskId: string, mapIndex: number, note: string) =>
  data(
    client.PATCH('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', {
      params: {
        path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex },
        query: { update_mask: ['note'] },
      },
      body: { note } as unknown as Schema['PatchTaskInstanceBody'],
    }),
  );
