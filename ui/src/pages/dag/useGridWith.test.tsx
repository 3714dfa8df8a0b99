import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { cleanup, renderHook, waitFor } from '@testing-library/react';
import type { Middleware } from 'openapi-fetch';
import type { ReactNode } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { useGridWith } from './useGridWith';

const RUNS = ['r1', 'r2', 'r3', 'r4'].map((dag_run_id, day) => ({
  dag_run_id,
  run_after: `2026-03-0${day + 1}T00:00:00.000250Z`,
  end_date: null,
  states: [day],
}));

const answering: Middleware = {
  onRequest({ request }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith('/grid')) {
      const before = Date.parse(searchParams.get('before') ?? '2027-01-01');
      const runs = RUNS.filter((run) => Date.parse(run.run_after) < before);
      return Response.json({
        cursor: '',
        state_names: [],
        tasks: [],
        groups: [],
        gone: [],
        runs: runs.slice(-Number(searchParams.get('limit'))),
      });
    }
    const run = RUNS.find((one) => pathname.endsWith(`/${one.dag_run_id}`));
    return run === undefined ? Response.json({ detail: 'no such run' }, { status: 404 }) : Response.json(run);
  },
};

beforeEach(() => client.use(answering));
afterEach(() => {
  client.eject(answering);
  cleanup();
});

function naming(runId: string | undefined) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook(() => useGridWith('bread', runId, 2), { wrapper }).result;
}

describe('the run that is shown of a DAG', () => {
  it('is the newest, where none is named', async () => {
    const found = naming(undefined);
    await waitFor(() => expect(found.current.run?.dag_run_id).toBe('r4'));
    expect(found.current.runs.map((one) => one.dag_run_id)).toEqual(['r3', 'r4']);
  });

  it('is the one that is named, among the newest or before them, and the newest stay near', async () => {
    const near = naming('r3');
    await waitFor(() => expect(near.current.run?.dag_run_id).toBe('r3'));
    const far = naming('r1');
    await waitFor(() => expect(far.current.run?.dag_run_id).toBe('r1'));
    expect(far.current.grid?.runs.map((one) => one.dag_run_id)).toEqual(['r1']);
    expect(far.current.runs.map((one) => one.dag_run_id)).toEqual(['r1', 'r3', 'r4']);
  });

  it('is never another while the one that is named is on its way', async () => {
    const seen = new Set<string | undefined>();
    const far = naming('r2');
    await waitFor(() => {
      if (far.current.newest !== undefined) seen.add(far.current.run?.dag_run_id);
      expect(far.current.run).toBeDefined();
    });
    expect([...seen].filter(Boolean)).toEqual(['r2']);
  });

  it('is the newest, where the one that is named is no more', async () => {
    const found = naming('gone');
    await waitFor(() => expect(found.current.run?.dag_run_id).toBe('r4'));
    expect(found.current.error).toBeNull();
  });
});
