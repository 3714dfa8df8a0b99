/** Runs and task instances of all DAGs, a page at a time. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import type { AllRunsSearch } from '@/app/router';

const LIVE_MS = 5_000;
export const PAGE = 50;

/** A day of the address as the moments that it begins and ends at. */
const spanOf = ({ from, to }: AllRunsSearch) => ({
  ...(from ? { run_after_gte: `${from}T00:00:00Z` } : {}),
  ...(to ? { run_after_lte: `${to}T23:59:59.999999Z` } : {}),
});

/** The DAG of an address: one by its id, or those with a part of it in theirs. */
const dagOf = ({ dag, exact }: AllRunsSearch) =>
  exact && dag ? { dag_id: dag, pattern: {} } : { dag_id: '~', pattern: dag ? { dag_id_pattern: dag } : {} };

/** The task of an address, likewise; names are those that are shown. */
const taskOf = ({ task, exact }: AllRunsSearch) =>
  task ? (exact ? { task_id: task } : { task_display_name_pattern: task }) : {};

export const allRunsQuery = (search: AllRunsSearch) =>
  queryOptions({
    queryKey: ['runs', '~', 'all', search],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns', {
          params: {
            path: { dag_id: dagOf(search).dag_id },
            query: {
              limit: PAGE,
              cursor: search.before ?? '',
              order_by: [search.order ?? '-run_after'],
              ...spanOf(search),
              ...dagOf(search).pattern,
              ...(search.state ? { state: [search.state as Schema['RunState']] } : {}),
              ...(search.type ? { run_type: [search.type as Schema['RunType']] } : {}),
            },
          },
        }),
      ),
    refetchInterval: search.before === undefined ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });

export const allTasksQuery = (search: AllRunsSearch) =>
  queryOptions({
    queryKey: ['runs', '~', 'tasks', search],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
          params: {
            path: { dag_id: dagOf(search).dag_id, dag_run_id: '~' },
            query: {
              limit: PAGE,
              cursor: search.before ?? '',
              order_by: [search.order ?? '-run_after'],
              ...spanOf(search),
              ...dagOf(search).pattern,
              ...taskOf(search),
              ...(search.state ? { state: [search.state] } : {}),
            },
          },
        }),
      ),
    refetchInterval: search.before === undefined ? LIVE_MS : false,
    placeholderData: keepPreviousData,
  });
