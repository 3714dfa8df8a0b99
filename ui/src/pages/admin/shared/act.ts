/** Doing something at the server's: what goes wrong is told where it was begun. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '@/api/client';
import { tellDone } from '@/app/telling';
import { said } from '@/i18n';

interface Act<V> {
  run: (values: V) => Promise<boolean>;
  isBusy: boolean;
  error: ApiError | null;
  /** What is wrong with single fields. */
  faults: Readonly<Record<string, string>>;
  forget: () => void;
}

/** Return how to do a thing; `stale` are the queries that must be asked again after it. */
export function useAct<V>(
  act: (values: V) => Promise<unknown>,
  stale: string[],
  done?: (values: V) => string,
): Act<V> {
  const queries = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = async (values: V): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await act(values);
      if (done !== undefined) tellDone(done(values));
      await Promise.all(stale.map((key) => queries.invalidateQueries({ queryKey: [key] })));
      return true;
    } catch (problem) {
      setError(
        problem instanceof ApiError
          ? problem
          : new ApiError(-1, problem instanceof Error ? problem.message : String(problem)),
      );
      return false;
    } finally {
      setBusy(false);
    }
  };
  const faults = Object.fromEntries(
    Object.entries(error?.faults ?? {}).map(([place, fault]) => [place, said(fault)]),
  );
  return { run, isBusy, error, faults, forget: () => setError(null) };
}
