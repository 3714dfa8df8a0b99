import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import { cleanup, render, screen } from '@testing-library/react';
import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { startWords } from '@/i18n';
import { Favourites, NoFavourites } from './Favourites';

const dag = (dag_id: string, more: object = {}) => ({
  dag_id,
  dag_display_name: dag_id,
  is_paused: false,
  has_import_errors: false,
  timetable_summary: null,
  timetable_description: null,
  next_dagrun_run_after: null,
  tags: [],
  ...more,
});
const run = { dag_run_id: 'r1', state: 'failed', start_date: null, end_date: null, run_after: '2026-03-01' };
let dags: object[] = [];
let permissions: string[] = [];

const answering: Middleware = {
  onRequest({ request }) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname.endsWith('/me')) return Response.json({ permissions, scopes: null });
    if (pathname.endsWith('/recent')) return Response.json({ dags: [{ dag_id: 'bread', runs: [run] }] });
    expect(searchParams.get('is_favorite')).toBe('true');
    return Response.json({ dags, total_entries: dags.length + (dags.length > 1 ? 9 : 0) });
  },
};

beforeAll(() => startWords());
beforeEach(() => client.use(answering));
afterEach(() => {
  client.eject(answering);
  cleanup();
});

function show() {
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <RouterContextProvider router={router}>
          <Favourites />
          <NoFavourites />
        </RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
}

describe('favourites on the first page', () => {
  it('each have their last runs, when they run next, and a way to run them now', async () => {
    dags = [dag('bread', { is_paused: true })];
    permissions = ['run:create@dag:bread'];
    show();
    expect(await screen.findByLabelText('r1: failed')).toBeDefined();
    expect(await screen.findByRole('button', { name: 'Trigger bread' })).toBeDefined();
    expect(screen.getAllByText('Paused').length).toBeGreaterThan(0);
    expect(screen.queryByText(/mark with the star/)).toBeNull();
  });

  it('are not all shown when they are many, and not triggered by who may not', async () => {
    dags = [dag('bread'), dag('cake')];
    permissions = ['run:read'];
    show();
    expect(await screen.findByRole('link', { name: 'All 11' })).toBeDefined();
    expect(screen.getByRole('link', { name: 'cake' })).toBeDefined();
    expect(screen.queryByRole('button')).toBeNull();
  });

  it('leave a hint while there are none', async () => {
    dags = [];
    show();
    expect(await screen.findByText(/mark with the star/)).toBeDefined();
    expect(screen.queryByRole('region')).toBeNull();
  });
});
