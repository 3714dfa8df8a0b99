import { queryOptions } from '@tanstack/react-query';
import { client, data } from '@/api/client';

const LIVE_MS = 10_000;
export const WAITING_MAX = 100;

/** What failed in all DAGs within a day, by cause. */
export const failuresQuery = queryOptions({
  queryKey: ['failures'],
  queryFn: () => data(client.GET('/api/windward/v1/failures', { params: { query: { hours: 24 } } })),
  refetchInterval: LIVE_MS,
});

/** Task instances of all DAGs that wait for a worker. */
export const queuedQuery = queryOptions({
  queryKey: ['queued'],
  queryFn: () =>
    data(
      client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
        params: {
          path: { dag_id: '~', dag_run_id: '~' },
          query: { state: ['queued'], limit: WAITING_MAX },
        },
      }),
    ),
  refetchInterval: LIVE_MS,
});
