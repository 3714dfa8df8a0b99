/** What the page of a DAG asks the server. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import { wholeOf } from '@/api/whole';
import { type Grid, mergeGrid } from '@/pages/dag/grid/model';

const LIVE_MS = 2_500;
const CALM_MS = 15_000;
const PROGRESS_MS = 4_000;
const TRIES_MAX = 5_000;
const ASSETS_MAX = 1_000;
const VERSIONS_MAX = 1_000;
const PLANNED_MAX = 2_000;

export const detailsQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId, 'details'],
    queryFn: () => data(client.GET('/api/v2/dags/{dag_id}/details', { params: { path: { dag_id: dagId } } })),
    refetchInterval: CALM_MS,
  });

/** The tasks of a DAG as it declares them, in the order of their ids. */
export const tasksQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId, 'tasks'],
    queryFn: async () =>
      (await data(client.GET('/api/v2/dags/{dag_id}/tasks', { params: { path: { dag_id: dagId } } }))).tasks,
    refetchInterval: 60_000,
  });

/** The instances of a task that is not mapped, in as many runs as are asked for, the oldest first. */
export const taskTimesQuery = (dagId: string, taskId: string, count: number) =>
  queryOptions({
    queryKey: ['dag', dagId, 'times', taskId, count],
    queryFn: async () => {
      const { task_instances } = await wholeOf('task_instances', count, (page) =>
        data(
          client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
            params: {
              path: { dag_id: dagId, dag_run_id: '~' },
              query: { task_id: taskId, map_index: [-1], order_by: ['-run_after'], ...page },
            },
          }),
        ),
      );
      return task_instances.reverse();
    },
    refetchInterval: CALM_MS,
    placeholderData: keepPreviousData,
  });

/** The grid: the first time whole, then what differs from the time before. */
export const gridQuery = (dagId: string, limit: number, before?: string) =>
  queryOptions({
    queryKey: ['grid', dagId, limit, before ?? ''],
    queryFn: async ({ client: queries, queryKey }): Promise<Grid> => {
      const known = queries.getQueryData<Grid>(queryKey);
      const answer = await data(
        client.GET('/api/windward/v1/dags/{dag_id}/grid', {
          params: {
            path: { dag_id: dagId },
            query: { limit, ...(before ? { before } : {}), ...(known ? { cursor: known.cursor } : {}) },
          },
        }),
      );
      return mergeGrid(known, answer);
    },
    structuralSharing: false,
    refetchInterval: ({ state }) =>
      state.data?.runs.some((run) => run.end_date === null) ? LIVE_MS : CALM_MS / 2,
    placeholderData: (known: Grid | undefined, query) => (query?.queryKey[1] === dagId ? known : undefined),
  });

/** What an address has is a day of UTC, or a moment. */
const momentOf = (text: string, clock: string) => (text.includes('T') ? text : `${text}T${clock}`);

export interface RunsFilter {
  state?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** One page of runs, the newest first; an empty cursor begins. */
export const runsPageQuery = (dagId: string, filter: RunsFilter, cursor: string, limit: number) =>
  queryOptions({
    queryKey: ['runs', dagId, 'page', filter, cursor, limit],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns', {
          params: {
            path: { dag_id: dagId },
            query: {
              limit,
              cursor,
              order_by: ['-run_after'],
              ...(filter.state ? { state: [filter.state as Schema['RunState']] } : {}),
              ...(filter.type ? { run_type: [filter.type as Schema['RunType']] } : {}),
              ...(filter.from ? { run_after_gte: momentOf(filter.from, '00:00:00Z') } : {}),
              ...(filter.to ? { run_after_lte: momentOf(filter.to, '23:59:59.999999Z') } : {}),
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: keepPreviousData,
  });

const HOUR_S = 3600;
const QUARTER_S = 900;
const DAY_MS = 86_400_000;

/** How many runs there were from a moment to another, by time and state. In whole hours only where the zone has these. */
export const countsQuery = (dagId: string, begin: string, end: string, hasWholeHours: boolean) =>
  queryOptions({
    queryKey: ['runs', dagId, 'counts', begin, end, hasWholeHours],
    queryFn: async () => {
      const { counts } = await data(
        client.GET('/api/windward/v1/dags/{dag_id}/calendar', {
          params: {
            path: { dag_id: dagId },
            query: {
              run_after_gte: begin,
              run_after_lt: end,
              step_s: hasWholeHours ? HOUR_S : QUARTER_S,
            },
          },
        }),
      );
      return counts;
    },
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
  });

/** A year of some zone: a day more at both ends, for it begins earlier in the east and ends later in the west. */
export const yearQuery = (dagId: string, year: number, hasWholeHours: boolean) =>
  countsQuery(
    dagId,
    new Date(Date.UTC(year, 0, 1) - DAY_MS).toISOString(),
    new Date(Date.UTC(year + 1, 0, 1) + DAY_MS).toISOString(),
    hasWholeHours,
  );

/** Assets that a DAG waits for, reads or writes. */
export const dagAssetsQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId, 'assets'],
    queryFn: async () =>
      (
        await wholeOf('assets', ASSETS_MAX, (page) =>
          data(client.GET('/api/v2/assets', { params: { query: { dag_ids: [dagId], ...page } } })),
        )
      ).assets,
    refetchInterval: 60_000,
    retry: false,
  });

export const timelineQuery = (dagId: string, runId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['timeline', dagId, runId],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/timeline', {
          params: { path: { dag_id: dagId, dag_run_id: runId }, query: { limit: TRIES_MAX } },
        }),
      ),
    placeholderData: keepPreviousData,
    refetchInterval: isLive ? LIVE_MS : false,
  });

export const explainDagQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId, 'explain'],
    queryFn: () =>
      data(client.GET('/api/windward/v1/dags/{dag_id}/explain', { params: { path: { dag_id: dagId } } })),
    refetchInterval: CALM_MS,
  });

export const versionsQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId, 'versions'],
    queryFn: () =>
      wholeOf('dag_versions', VERSIONS_MAX, (page) =>
        data(
          client.GET('/api/v2/dags/{dag_id}/dagVersions', {
            params: { path: { dag_id: dagId }, query: { ...page, order_by: ['-version_number'] } },
          }),
        ),
      ),
  });

export const codeQuery = (dagId: string, version: number) =>
  queryOptions({
    queryKey: ['code', dagId, version],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/dags/{dag_id}/versions/{version_number}/code', {
          params: { path: { dag_id: dagId, version_number: version } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const codeFileQuery = (dagId: string, version: number, path: string) =>
  queryOptions({
    queryKey: ['code', dagId, version, path],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/dags/{dag_id}/versions/{version_number}/code/file', {
          params: { path: { dag_id: dagId, version_number: version }, query: { path } },
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What was done with a DAG, or with a run or a task of it, the newest first. */
export const dagEventsQuery = (
  dagId: string,
  limit: number,
  { run, task }: { run?: string | undefined; task?: string | undefined },
) =>
  queryOptions({
    queryKey: ['dag', dagId, 'events', limit, run, task],
    queryFn: () =>
      wholeOf('event_logs', limit, (page) =>
        data(
          client.GET('/api/v2/eventLogs', {
            params: {
              query: {
                dag_id: dagId,
                ...(run ? { run_id: run } : {}),
                ...(task ? { task_id: task } : {}),
                ...page,
                order_by: ['-when'],
              },
            },
          }),
        ),
      ),
    refetchInterval: CALM_MS,
    placeholderData: keepPreviousData,
  });

export const backfillsQuery = (dagId: string, limit: number) =>
  queryOptions({
    queryKey: ['dag', dagId, 'backfills', 'list', limit],
    queryFn: () =>
      wholeOf('backfills', limit, (page) =>
        data(
          client.GET('/api/v2/backfills', {
            params: { query: { dag_id: dagId, ...page, order_by: ['-id'] } },
          }),
        ),
      ),
    refetchInterval: PROGRESS_MS,
    placeholderData: keepPreviousData,
  });

/** What the schedule of a DAG wants in the coming month. */
export const plannedQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['upcoming', dagId],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/upcoming', {
          params: { query: { hours: 24 * 31, limit: PLANNED_MAX, dag_id: dagId } },
        }),
      ),
    staleTime: 60_000,
  });

/** The dates of a backfill, and how the run of each stands. */
export const datesQuery = (dagId: string, backfillId: number, isOpen: boolean) =>
  queryOptions({
    queryKey: ['dag', dagId, 'backfills', backfillId, 'dates'],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/backfills/{backfill_id}/dates', {
          params: { path: { backfill_id: backfillId } },
        }),
      ),
    // A backfill is over before its last runs are.
    refetchInterval: ({ state }) =>
      isOpen || state.data === undefined || state.data.dates.some(isGoingOn) ? PROGRESS_MS : CALM_MS,
  });

const isGoingOn = (one: Schema['BackfillDateResponse']) =>
  one.run_state === 'running' || one.run_state === 'queued';

export const recoveryQuery = (dagId: string, limit: number) =>
  queryOptions({
    queryKey: ['dag', dagId, 'recovery', limit],
    queryFn: () =>
      wholeOf('runs', limit, (page) =>
        data(client.GET('/api/windward/v1/recovery', { params: { query: { dag_id: dagId, ...page } } })),
      ),
    refetchInterval: CALM_MS,
    placeholderData: keepPreviousData,
  });
