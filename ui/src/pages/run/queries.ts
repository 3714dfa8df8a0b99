/** What the page of a run asks the server. */
import { queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import { PAGE_MAX, wholeOf } from '@/api/whole';

export type Run = Schema['DAGRunResponse'];
export type Instance = Schema['TaskInstanceResponse'];
export type Reason = Schema['ReasonResponse'];
export type GridTask = Schema['GridTask'];
export type GridGroup = Schema['GridGroup'];
export type Column = Schema['GridColumn'];

const LIVE_MS = 2_000;
const CALM_MS = 15_000;
const KEPT_MAX = 1_000;
/** How many asset events of a run are shown. */
export const EVENTS_SHOWN = 20;
const NEIGHBOURS = 10;

export const every = (isLive: boolean) => (isLive ? LIVE_MS : CALM_MS);

/** What is needed to say where an instance is. */
export interface Place {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** The lines of a run: its tasks and groups in the DAG's order, and the state of each. */
export interface Lines {
  cursor: string;
  stateNames: readonly string[];
  tasks: GridTask[];
  groups: GridGroup[];
  column: Column | null;
}

export const linesQuery = (run: Run, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', run.dag_id, run.dag_run_id, 'lines'],
    queryFn: async ({ client: queries, queryKey }): Promise<Lines> => {
      const before = queries.getQueryData<Lines>(queryKey);
      // The runs of the very moment of this one come with it: which is which, their ids tell.
      const answer = await data(
        client.GET('/api/windward/v1/dags/{dag_id}/grid', {
          params: {
            path: { dag_id: run.dag_id },
            query: {
              limit: NEIGHBOURS,
              before: new Date(Date.parse(run.run_after) + 1).toISOString(),
              ...(before === undefined ? {} : { cursor: before.cursor }),
            },
          },
        }),
      );
      return {
        cursor: answer.cursor,
        stateNames: answer.state_names,
        tasks: answer.tasks ?? before?.tasks ?? [],
        groups: answer.groups ?? before?.groups ?? [],
        column: answer.runs.find((one) => one.dag_run_id === run.dag_run_id) ?? before?.column ?? null,
      };
    },
    refetchInterval: every(isLive),
  });

/** The instances that are not mapped, by their task: when each began and ended. Of large runs less often. */
export const instancesQuery = (run: Run, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', run.dag_id, run.dag_run_id, 'instances'],
    queryFn: async () => {
      const page = (offset: number) =>
        data(
          client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
            params: {
              path: { dag_id: run.dag_id, dag_run_id: run.dag_run_id },
              query: { map_index: [-1], limit: PAGE_MAX, offset },
            },
          }),
        );
      const first = await page(0);
      const others: ReturnType<typeof page>[] = [];
      for (let offset = PAGE_MAX; offset < (first.total_entries ?? 0); offset += PAGE_MAX) {
        others.push(page(offset));
      }
      const pages = [first, ...(await Promise.all(others))];
      return new Map(pages.flatMap((one) => one.task_instances.map((of) => [of.task_id, of] as const)));
    },
    structuralSharing: false,
    refetchInterval: ({ state }) =>
      every(isLive) * Math.max(1, Math.ceil((state.data?.size ?? 0) / (2 * PAGE_MAX))),
  });

export const instanceQuery = ({ dagId, runId, taskId, mapIndex }: Place, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'instance', taskId, mapIndex],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}', {
          params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } },
        }),
      ),
    refetchInterval: every(isLive),
  });

/** What an instance asks people. */
export const questionQuery = ({ dagId, runId, taskId, mapIndex }: Place) =>
  queryOptions({
    queryKey: ['questions', dagId, runId, taskId, mapIndex],
    queryFn: () =>
      data(
        client.GET(
          '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails',
          { params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } } },
        ),
      ),
    refetchInterval: CALM_MS,
    retry: false,
  });

/** Each attempt of an instance, and how it ended. */
export const attemptsQuery = ({ dagId, runId, taskId, mapIndex }: Place, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'attempts', taskId, mapIndex],
    queryFn: () =>
      data(
        client.GET(
          '/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/attempts',
          { params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } } },
        ),
      ),
    refetchInterval: every(isLive),
  });

/** How the process of an attempt ended. */
export interface Exit {
  kind: string;
  exit_code?: number;
  signal?: number;
  error_type?: string;
  message?: string;
  peak_rss_bytes?: number;
  cpu_s?: number;
  pid?: number;
  unixname?: string;
}

export interface MappedFilter {
  state?: string | undefined;
  label?: string | undefined;
  order?: string | undefined;
}

/** What mapped instances are asked for. */
interface Mapped {
  limit: number;
  offset?: number;
  order_by?: string[];
  state?: string[];
  map_index?: number[];
  rendered_map_index_pattern?: string;
}
const INDEX_MAX = 2 ** 31 - 1;

/** Ask for what was typed: a part of a label. A number is an index, unless labels are numbers of their own. */
async function namedBy(
  typed: string,
  ask: (mapped: Mapped) => Promise<Schema['TaskInstanceCollectionResponse']>,
): Promise<Pick<Mapped, 'map_index' | 'rendered_map_index_pattern'>> {
  if (typed === '') return {};
  const index = Number(typed);
  if (String(index) === typed && Number.isInteger(index) && index >= 0 && index <= INDEX_MAX) {
    const one = (await ask({ map_index: [index], limit: 1 })).task_instances[0];
    const label = one?.rendered_map_index ?? typed;
    if (one !== undefined && (label === typed || !/^\d+$/.test(label))) return { map_index: [index] };
  }
  return { rendered_map_index_pattern: `%${typed}%` };
}

export const mappedQuery = (
  { dagId, runId, taskId }: Omit<Place, 'mapIndex'>,
  filter: MappedFilter,
  limit: number,
  offset: number,
  isLive: boolean,
) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'mapped', taskId, filter, limit, offset],
    queryFn: async () => {
      const ask = (mapped: Mapped) =>
        data(
          client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped', {
            params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId }, query: mapped },
          }),
        );
      return ask({
        limit,
        offset,
        order_by: [filter.order ?? 'map_index'],
        ...(filter.state ? { state: [filter.state] } : {}),
        ...(await namedBy(filter.label ?? '', ask)),
      });
    },
    refetchInterval: every(isLive),
    placeholderData: (before: Schema['TaskInstanceCollectionResponse'] | undefined) => before,
  });

export const runReasonQuery = (dagId: string, runId: string, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'why'],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/explain', {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
    refetchInterval: every(isLive),
  });

export const reasonQuery = ({ dagId, runId, taskId, mapIndex }: Place, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'why', taskId, mapIndex],
    queryFn: () =>
      data(
        client.GET(
          '/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/explain',
          {
            params: { path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex } },
          },
        ),
      ),
    refetchInterval: every(isLive),
  });

/** What an instance passed on: how large each value is, and where. */
export const xcomsQuery = ({ dagId, runId, taskId, mapIndex }: Place, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'xcoms', taskId, mapIndex],
    queryFn: () =>
      wholeOf('xcoms', KEPT_MAX, (query) =>
        data(
          client.GET(
            '/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/xcoms',
            {
              params: {
                path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex },
                query,
              },
            },
          ),
        ),
      ),
    refetchInterval: every(isLive),
  });

/** What an instance keeps from one try to the next. */
export const taskStateQuery = ({ dagId, runId, taskId, mapIndex }: Place, isLive: boolean) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'state', taskId, mapIndex],
    queryFn: () =>
      wholeOf('task_state_store', KEPT_MAX, (page) =>
        data(
          client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store', {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
              query: { map_index: mapIndex, ...page },
            },
          }),
        ),
      ),
    refetchInterval: every(isLive),
    retry: false,
  });

/** Events of assets that made a run. */
export const upstreamEventsQuery = (dagId: string, runId: string) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'upstreamEvents'],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents', {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
    staleTime: 60_000,
    retry: false,
  });

/** Events of assets that the tasks of a run made, or one instance of it: as many as are shown, and their number. */
export const madeEventsQuery = (
  dagId: string,
  runId: string,
  isLive: boolean,
  by?: Pick<Place, 'taskId' | 'mapIndex'>,
) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'madeEvents', by?.taskId, by?.mapIndex],
    queryFn: () =>
      data(
        client.GET('/api/v2/assets/events', {
          params: {
            query: {
              source_dag_id: dagId,
              source_run_id: runId,
              ...(by === undefined ? {} : { source_task_id: by.taskId, source_map_index: by.mapIndex }),
              limit: EVENTS_SHOWN,
              order_by: ['timestamp'],
            },
          },
        }),
      ),
    refetchInterval: every(isLive),
    retry: false,
  });

export const recoveryQuery = (dagId: string, runId: string) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'recovery'],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/recovery', {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
        }),
      ),
    refetchInterval: CALM_MS,
  });

export const xcomQuery = ({ dagId, runId, taskId, mapIndex }: Place, key: string) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'xcom', taskId, mapIndex, key],
    queryFn: () =>
      data(
        client.GET(
          '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
          {
            params: {
              path: { dag_id: dagId, dag_run_id: runId, task_id: taskId, xcom_key: key },
              query: { map_index: mapIndex },
            },
          },
        ),
      ),
  });

export const linksQuery = ({ dagId, runId, taskId, mapIndex }: Place, tryNumber: number) =>
  queryOptions({
    queryKey: ['run', dagId, runId, 'links', taskId, mapIndex, tryNumber],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links', {
          params: {
            path: { dag_id: dagId, dag_run_id: runId, task_id: taskId },
            query: { map_index: mapIndex, ...(tryNumber > 0 ? { try_number: tryNumber } : {}) },
          },
        }),
      ),
    staleTime: 30_000,
  });

/** The address of an attempt's log. */
export function logAddress({ dagId, runId, taskId, mapIndex }: Place, tryNumber: number): string {
  const [dag, run, task] = [dagId, runId, taskId].map(encodeURIComponent);
  return `/api/windward/v1/dags/${dag}/dagRuns/${run}/taskInstances/${task}/${mapIndex}/logs/${tryNumber}`;
}
