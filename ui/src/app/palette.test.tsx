import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import { cleanup, configure, fireEvent, render, screen, waitFor } from '@testing-library/react';
import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { client } from '@/api/client';
import { startWords } from '@/i18n';
import Palette from './Palette';

const dag = (dag_id: string) => ({ dag_id, dag_display_name: dag_id, description: null });

const answering: Middleware = {
  onRequest({ request }) {
    const { pathname, searchParams } = new URL(request.url);
    const part = searchParams.get('dag_id_pattern') ?? '';
    const dags = ['bakery', 'orders'].filter((one) => one.includes(part)).map(dag);
    if (pathname.endsWith('/dags')) return Response.json({ dags, total_entries: dags.length });
    return Response.json({ dag_runs: [], task_instances: [], total_entries: 0 });
  },
};

// A limit and no claim.
configure({ asyncUtilTimeout: 30_000 });
beforeAll(() => startWords());
beforeEach(() => client.use(answering));
afterEach(() => {
  client.eject(answering);
  cleanup();
});

it('Enter goes to what is found for the text that stands there, not for the one before', async () => {
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <RouterContextProvider router={router}>
          <Palette />
        </RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  const field = await screen.findByRole('textbox', { name: 'Find DAGs and pages' });
  fireEvent.change(field, { target: { value: 'b' } });
  await screen.findByText(/akery/);

  fireEvent.change(field, { target: { value: 'orders' } });
  fireEvent.keyDown(field, { key: 'Enter' });

  await waitFor(() => expect(router.history.location.pathname).toMatch(/^\/dags\//));
  expect(router.history.location.pathname).toBe('/dags/orders');
});
