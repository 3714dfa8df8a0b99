/** The newest runs of a DAG, and one that an address names, be it before these. */
import { useQuery } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { runQuery } from '@/api/queries';
import type { Column, Grid } from '@/pages/dag/grid/model';
import { gridQuery } from './queries';

/** Runs of the very moment of the one that is named come with it: which is which, their ids tell. */
const NEIGHBOURS = 10;

export interface GridWith {
  newest: Grid | undefined;
  /** What `run` is a column of. */
  grid: Grid | undefined;
  /** The run that the address names; the newest, where it names none, or one that is no more. */
  run: Column | undefined;
  /** From the oldest to the newest, and `run` is among them. */
  runs: readonly Column[];
  error: Error | null;
  isPending: boolean;
  refetch: () => unknown;
}

export function useGridWith(dagId: string, runId: string | undefined, limit: number): GridWith {
  const newest = useQuery(gridQuery(dagId, limit));
  const runs = newest.data?.runs ?? [];
  const among = runs.find((one) => one.dag_run_id === runId);
  const isBefore =
    runId !== undefined && newest.data !== undefined && !newest.isPlaceholderData && among === undefined;
  const named = useQuery({
    ...runQuery(dagId, runId ?? ''),
    enabled: isBefore,
    refetchInterval: false,
  });
  const due = named.data?.run_after;
  const before = due === undefined ? undefined : new Date(Date.parse(due) + 1).toISOString();
  const older = useQuery({
    ...gridQuery(dagId, NEIGHBOURS, before),
    placeholderData: undefined,
    enabled: isBefore && before !== undefined,
  });
  const isGone = named.error instanceof ApiError && named.error.status === 404;
  if (!isBefore || isGone) {
    const { data: grid, error, isPending, refetch } = newest;
    return { newest: grid, grid, run: among ?? runs.at(-1), runs, error, isPending, refetch };
  }
  const run = older.data?.runs.find((one) => one.dag_run_id === runId);
  return {
    newest: newest.data,
    grid: older.data,
    run,
    runs: run === undefined ? runs : [run, ...runs],
    error: newest.error ?? named.error ?? older.error,
    isPending: older.isPending && named.error === null,
    refetch: () => Promise.all([newest, named, older].map((one) => one.isEnabled && one.refetch())),
  };
}
