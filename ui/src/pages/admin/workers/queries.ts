/** What is at work now. */
import { queryOptions } from '@tanstack/react-query';
import { client, data } from '@/api/client';
import { wholeOf } from '@/api/whole';

const LIVE_MS = 3_000;
const CALM_MS = 15_000;
export const ATTEMPTS_MAX = 100;
const WARNINGS_MAX = 500;

export const liveComponentsQuery = queryOptions({
  queryKey: ['components', 'live'],
  queryFn: () => data(client.GET('/api/windward/v1/components')),
  refetchInterval: LIVE_MS,
});

export const attemptsQuery = queryOptions({
  queryKey: ['attempts'],
  queryFn: () =>
    data(
      client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances', {
        params: {
          path: { dag_id: '~', dag_run_id: '~' },
          query: { state: ['running', 'queued'], limit: ATTEMPTS_MAX, order_by: ['start_date'] },
        },
      }),
    ),
  refetchInterval: LIVE_MS,
});

export const warningsQuery = queryOptions({
  queryKey: ['dagWarnings'],
  queryFn: () =>
    wholeOf('dag_warnings', WARNINGS_MAX, (query) =>
      data(client.GET('/api/v2/dagWarnings', { params: { query } })),
    ),
  refetchInterval: CALM_MS,
});
