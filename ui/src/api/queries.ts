/** What pages ask the server, by name, and how often they ask again. */
import { queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from './client';
import { wholeOf } from './whole';

const LIVE_MS = 3_000;
const CALM_MS = 15_000;

export interface HealthPart {
  status: string | null;
  [name: string]: unknown;
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => data(client.GET('/api/windward/v1/me')),
  staleTime: 60_000,
});

export const healthQuery = queryOptions({
  queryKey: ['health'],
  queryFn: async () =>
    (await data(client.GET('/api/v2/monitor/health'))) as unknown as Record<string, HealthPart>,
  refetchInterval: CALM_MS,
});

export interface DagsFilter {
  q?: string | undefined;
  tag?: string | undefined;
  owner?: string | undefined;
  state?: string | undefined;
  paused?: string | undefined;
  order?: string | undefined;
  star?: string | undefined;
}

/** The list of DAGs, `limit` at a time. */
export const dagsQuery = (filter: DagsFilter, limit: number, offset = 0) =>
  queryOptions({
    queryKey: ['dags', filter, limit, offset],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags', {
          params: {
            query: {
              limit,
              offset,
              order_by: [filter.order ?? 'dag_id'],
              ...(filter.q ? { dag_id_pattern: filter.q } : {}),
              ...(filter.tag ? { tags: [filter.tag] } : {}),
              ...(filter.owner ? { owners: [filter.owner] } : {}),
              ...(filter.star ? { is_favorite: true } : {}),
              ...(filter.paused ? { paused: filter.paused === 'true' } : {}),
              ...(filter.state ? { last_dag_run_state: filter.state as Schema['RunState'] } : {}),
            },
          },
        }),
      ),
    refetchInterval: CALM_MS,
    placeholderData: (before: Schema['DAGCollectionResponse'] | undefined) => before,
  });

export const dagQuery = (dagId: string) =>
  queryOptions({
    queryKey: ['dag', dagId],
    queryFn: () => data(client.GET('/api/v2/dags/{dag_id}', { params: { path: { dag_id: dagId } } })),
    refetchInterval: CALM_MS,
  });

const TAGS_MAX = 2_000;

/** All tags, page by page. */
export const tagsQuery = queryOptions({
  queryKey: ['tags'],
  queryFn: () =>
    wholeOf('tags', TAGS_MAX, (query) => data(client.GET('/api/v2/dagTags', { params: { query } }))),
  staleTime: 60_000,
});

/** The newest runs of some DAGs (`~`: of all). */
export const runsQuery = (dagId: string, limit: number, more: { state?: Schema['RunState'][] } = {}) =>
  queryOptions({
    queryKey: ['runs', dagId, limit, more],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns', {
          params: { path: { dag_id: dagId }, query: { limit, order_by: ['-run_after'], ...more } },
        }),
      ),
    refetchInterval: LIVE_MS,
  });

export const runQuery = (dagId: string, runId: string) =>
  queryOptions({
    queryKey: ['run', dagId, runId],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}', {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
    refetchInterval: LIVE_MS,
  });

export const upcomingQuery = (hours: number) =>
  queryOptions({
    queryKey: ['upcoming', hours],
    queryFn: () =>
      data(client.GET('/api/windward/v1/upcoming', { params: { query: { hours, limit: 1000 } } })),
    refetchInterval: 30_000,
  });

/** How many questions wait for a person. */
export const questionsCountQuery = queryOptions({
  queryKey: ['questions', 'count'],
  queryFn: async () =>
    (
      await data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails', {
          params: {
            path: { dag_id: '~', dag_run_id: '~' },
            query: { limit: 1, response_received: false, state: ['awaiting_input'] },
          },
        }),
      )
    ).total_entries,
  refetchInterval: CALM_MS,
  retry: false,
});

export const importErrorsQuery = queryOptions({
  queryKey: ['importErrors', 'count'],
  // How many there are is told beside the first one.
  queryFn: () => data(client.GET('/api/v2/importErrors', { params: { query: { limit: 1 } } })),
  refetchInterval: CALM_MS,
});

export const componentsQuery = queryOptions({
  queryKey: ['components'],
  queryFn: () => data(client.GET('/api/windward/v1/components')),
  refetchInterval: CALM_MS,
});

/** The newest runs of each of some DAGs, for their strips. */
export const recentRunsQuery = (dagIds: string[]) =>
  queryOptions({
    queryKey: ['recent', dagIds.join('\n')],
    queryFn: async () => {
      const { dags } = await data(
        client.GET('/api/windward/v1/recent', { params: { query: { dag_id: dagIds, limit: 14 } } }),
      );
      return Object.fromEntries(dags.map((one) => [one.dag_id, one.runs]));
    },
    refetchInterval: LIVE_MS,
    placeholderData: (before: Record<string, Schema['RecentRun'][]> | undefined) => before,
  });

const FOUND_MAX = 5;

/** The newest runs with a text in their ids, for the palette. */
export const foundRunsQuery = (q: string) =>
  queryOptions({
    queryKey: ['runs', '~', 'found', q],
    queryFn: async () =>
      (
        await data(
          client.GET('/api/v2/dags/{dag_id}/dagRuns', {
            params: {
              path: { dag_id: '~' },
              query: { limit: FOUND_MAX, order_by: ['-run_after'], run_id_pattern: q },
            },
          }),
        )
      ).dag_runs,
    retry: false,
  });

/** Tasks with a text in their names, each in the newest run that was found: for the palette. */
export const foundTasksQuery = (q: string) =>
  queryOptions({
    queryKey: ['tasks', '~', 'found', q],
    queryFn: async () => {
      const { task_instances } = await data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
          params: {
            path: { dag_id: '~', dag_run_id: '~' },
            query: { limit: 50, order_by: ['-run_after'], task_display_name_pattern: q },
          },
        }),
      );
      const found = new Map<string, (typeof task_instances)[number]>();
      for (const one of task_instances) {
        const name = `${one.dag_id}\n${one.task_id}`;
        if (!found.has(name)) found.set(name, one);
      }
      return [...found.values()].slice(0, FOUND_MAX);
    },
    retry: false,
  });
