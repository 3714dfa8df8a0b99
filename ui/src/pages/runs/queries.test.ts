import { QueryClient } from '@tanstack/react-query';
import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { allRunsQuery, allTasksQuery } from './queries';

const asked: URL[] = [];
const recording: Middleware = {
  onRequest({ request }) {
    asked.push(new URL(request.url));
    return Response.json({ dag_runs: [], task_instances: [], total_entries: 0 });
  },
};

beforeEach(() => {
  asked.length = 0;
  client.use(recording);
});
afterEach(() => client.eject(recording));

describe('instances of all runs', () => {
  it('are those of one task of one DAG, where the address has their whole ids', async () => {
    await new QueryClient().fetchQuery(allTasksQuery({ dag: 'sales', task: 'load', exact: true }));
    expect(asked[0]?.pathname).toBe('/api/v2/dags/sales/dagRuns/~/taskInstances');
    expect(asked[0]?.searchParams.get('task_id')).toBe('load');
    expect([...(asked[0]?.searchParams.keys() ?? [])].filter((name) => name.endsWith('_pattern'))).toEqual(
      [],
    );
  });

  it('are those with a part in their names, where somebody typed it', async () => {
    await new QueryClient().fetchQuery(allTasksQuery({ dag: 'sales', task: 'load' }));
    expect(asked[0]?.pathname).toBe('/api/v2/dags/~/dagRuns/~/taskInstances');
    expect(asked[0]?.searchParams.get('dag_id_pattern')).toBe('sales');
    expect(asked[0]?.searchParams.get('task_display_name_pattern')).toBe('load');
    expect(asked[0]?.searchParams.has('task_id')).toBe(false);
  });
});

describe('runs of all DAGs', () => {
  it('are those of the same DAG as the instances', async () => {
    for (const exact of [true, undefined])
      await new QueryClient().fetchQuery(allRunsQuery({ dag: 'sales', exact }));
    expect(asked.map(({ pathname }) => pathname)).toEqual([
      '/api/v2/dags/sales/dagRuns',
      '/api/v2/dags/~/dagRuns',
    ]);
    expect(asked.map(({ searchParams }) => searchParams.get('dag_id_pattern'))).toEqual([null, 'sales']);
  });
});
