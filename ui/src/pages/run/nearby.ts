/** The runs around a run, and how each went: as a whole, or a task of it. */
import { queryOptions } from '@tanstack/react-query';
import { client, data } from '@/api/client';
import { type Grid, mergeGrid } from '@/pages/dag/grid/model';
import { every, type Run } from './queries';

/** How many runs there are in all, and how many of them may be later ones. */
const RUNS_MAX = 30;
const LATER_MAX = 15;
const LIVE_EVERY = 2;

export interface Nearby {
  grid: Grid;
  /** Behind the last of them, when there are later ones still. */
  before: string | undefined;
}

export const nearbyQuery = (run: Run, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', run.dag_id, run.dag_run_id, 'nearby'],
    queryFn: async ({ client: queries, queryKey }): Promise<Nearby> => {
      const known = queries.getQueryData<Nearby>(queryKey);
      const { dag_runs: later } = await data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns', {
          params: {
            path: { dag_id: run.dag_id },
            query: { run_after_gte: run.run_after, order_by: ['run_after'], limit: LATER_MAX + 1 },
          },
        }),
      );
      const edge = later.length > LATER_MAX ? later.at(-1)?.run_after : undefined;
      const before = edge === undefined ? undefined : new Date(Date.parse(edge) + 1).toISOString();
      const same = known?.before === before ? known?.grid : undefined;
      const answer = await data(
        client.GET('/api/windward/v1/dags/{dag_id}/grid', {
          params: {
            path: { dag_id: run.dag_id },
            query: {
              limit: RUNS_MAX,
              ...(before === undefined ? {} : { before }),
              ...(same === undefined ? {} : { cursor: same.cursor }),
            },
          },
        }),
      );
      return { grid: mergeGrid(same, answer), before };
    },
    structuralSharing: false,
    refetchInterval: every(isLive) * LIVE_EVERY,
    // While one goes from run to run, what was beside the last one stays.
    placeholderData: (known: Nearby | undefined, query) =>
      query?.queryKey[1] === run.dag_id ? known : undefined,
  });

export interface Sibling {
  runId: string;
  due: string;
  /** Null where the run has no such task. */
  state: string | null;
}

/** Return the runs, the oldest first, each with its state or that of a task. */
export function siblingsOf(grid: Grid, taskId: string | undefined): Sibling[] {
  const place = taskId === undefined ? -1 : grid.tasks.findIndex((task) => task.task_id === taskId);
  return grid.runs.slice(-RUNS_MAX).map((run) => {
    const state = taskId === undefined ? run.state : grid.stateNames[run.states[place] ?? -1];
    return { runId: run.dag_run_id, due: run.run_after, state: state ?? null };
  });
}

/** What of the address goes along: the task and how its log is read, but no try or instance of this run. */
export const along = <T extends object>(search: T) => ({
  ...search,
  map: undefined,
  try: undefined,
  page: undefined,
});
