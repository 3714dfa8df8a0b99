import { queryOptions } from '@tanstack/react-query';
import { client, data } from '@/api/client';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** Task instances of all DAGs that failed within a day. */
export const failedQuery = queryOptions({
  queryKey: ['failed'],
  queryFn: () =>
    data(
      client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
        params: {
          path: { dag_id: '~', dag_run_id: '~' },
          query: {
            state: ['failed'],
            // By the minute, so that the question stays the same for a while.
            end_date_gte: new Date(Math.floor((Date.now() - DAY_MS) / MINUTE_MS) * MINUTE_MS).toISOString(),
            order_by: ['-end_date'],
            limit: 200,
          },
        },
      }),
    ),
  refetchInterval: 10_000,
});
