/** Pausing a DAG, and going on with it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client, data } from '@/api/client';

export const pauseDag = (dagId: string, isPaused: boolean) =>
  data(
    client.PATCH('/api/v2/dags/{dag_id}', {
      params: { path: { dag_id: dagId }, query: { update_mask: ['is_paused'] } },
      body: { is_paused: isPaused },
    }),
  );

export function usePause() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ dagId, isPaused }: { dagId: string; isPaused: boolean }) => pauseDag(dagId, isPaused),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['dags'] }),
        queries.invalidateQueries({ queryKey: ['dag'] }),
      ]),
  });
}
