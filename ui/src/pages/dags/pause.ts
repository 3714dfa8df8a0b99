/** Pausing a DAG, and going on with it. */
import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { client, data } from '@/api/client';

interface Wish {
  dagId: string;
  isPaused: boolean;
}
const NONE: ReadonlyMap<string, boolean> = new Map();

export const pauseDag = (dagId: string, isPaused: boolean) =>
  data(
    client.PATCH('/api/v2/dags/{dag_id}', {
      params: { path: { dag_id: dagId }, query: { update_mask: ['is_paused'] } },
      body: { is_paused: isPaused },
    }),
  );

const stale = (queries: QueryClient) =>
  Promise.all([
    queries.invalidateQueries({ queryKey: ['dags'] }),
    queries.invalidateQueries({ queryKey: ['dag'] }),
  ]);

/** For one DAG. */
export function usePause() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ dagId, isPaused }: Wish) => pauseDag(dagId, isPaused),
    onSettled: () => stale(queries),
  });
}

/** For all rows of a list at once: what DAGs become, while the server is asked for it, and how to ask. */
export function usePauses() {
  const queries = useQueryClient();
  const [pausing, setPausing] = useState<ReadonlyMap<string, boolean>>(NONE);
  const { mutate } = useMutation({
    mutationFn: ({ dagId, isPaused }: Wish) => pauseDag(dagId, isPaused),
    onMutate: ({ dagId, isPaused }) => setPausing((before) => new Map(before).set(dagId, isPaused)),
    onSettled: async (_, __, { dagId }) => {
      await stale(queries);
      setPausing((before) => new Map([...before].filter(([id]) => id !== dagId)));
    },
  });
  const pause = useCallback((dagId: string, isPaused: boolean) => mutate({ dagId, isPaused }), [mutate]);
  return { pausing, pause };
}
