/** What somebody types at a run or at a task of it: it stays while nothing answers, and is not about another run. */
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { needWords, startWords } from '@/i18n';
import { RunPage } from './RunPage';

const runOf = (dag_run_id: string) => ({
  dag_id: 'bread',
  dag_display_name: 'bread',
  dag_run_id,
  state: 'success',
  run_type: 'manual',
  run_after: '2026-03-01T00:00:00Z',
  logical_date: null,
  data_interval_start: null,
  data_interval_end: null,
  queued_at: null,
  start_date: '2026-03-01T00:00:00Z',
  end_date: '2026-03-01T00:00:01Z',
  partition_key: null,
  triggering_user_name: null,
  triggered_by: null,
  dag_versions: [],
  note: null,
  conf: {},
});
const instance = {
  dag_id: 'bread',
  task_id: 'knead',
  map_index: -1,
  state: 'success',
  try_number: 0,
  max_tries: 0,
  start_date: null,
  end_date: null,
  queued_when: null,
  hostname: null,
  pid: null,
  note: null,
  rendered_map_index: null,
};
const lists = {
  runs: [],
  gone: [],
  tasks: [],
  groups: [],
  state_names: [],
  attempts: [],
  asset_events: [],
  dag_runs: [],
};
let permissions: string[] = [];
let isDown = false;

const answering: Middleware = {
  onRequest({ request }) {
    const { pathname } = new URL(request.url);
    if (isDown) return Response.json({}, { status: 500 });
    if (pathname.endsWith('/me')) return Response.json({ permissions, scopes: null });
    const run = /\/dagRuns\/(r\d)$/.exec(pathname)?.[1];
    if (run !== undefined) return Response.json(runOf(run));
    if (pathname.endsWith('/knead/-1')) return Response.json(instance);
    if (pathname.endsWith('/explain')) return Response.json({ reason: 'It is done', because: [] });
    return Response.json({ ...lists, cursor: '', task_instances: [], total_entries: 0, is_whole: true });
  },
};

beforeAll(async () => {
  // Fields that grow wait for fonts, and the browser of these tests has none.
  Object.defineProperty(document, 'fonts', { configurable: true, value: new EventTarget() });
  await startWords();
  await Promise.all(['run', 'dag'].map(needWords));
});
beforeEach(() => {
  isDown = false;
  client.use(answering);
});
afterEach(() => {
  client.eject(answering);
  cleanup();
});

const root = createRootRoute();
const routeTree = root.addChildren([
  createRoute({
    getParentRoute: () => root,
    path: '/dags/$dagId/runs/$runId',
    validateSearch: (search) => search,
    component: RunPage,
  }),
]);

function at(address: string) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 60_000 } } });
  const history = createMemoryHistory({ initialEntries: [address] });
  const router = createRouter({ routeTree, history });
  render(
    <MantineProvider>
      <QueryClientProvider client={queries}>
        <RouterProvider<typeof router> router={router} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  return {
    ask: () => act(() => queries.refetchQueries()),
    go: async (run: string, search: string) => {
      await act(async () => history.push(`/dags/bread/runs/${run}${search}`));
      await screen.findByRole('heading', { level: 1, name: new RegExp(`^${run}`) });
    },
  };
}

async function typeNote(text: string): Promise<void> {
  fireEvent.click(await screen.findByRole('button', { name: 'Add a note' }));
  fireEvent.change(screen.getByRole('textbox', { name: 'Note' }), { target: { value: text } });
}
const typed = () => screen.queryByRole<HTMLTextAreaElement>('textbox', { name: 'Note' })?.value;

describe('what is typed', () => {
  it('at a task stays when the server does not answer, and what went wrong is said above', async () => {
    permissions = ['task_instance:edit'];
    const { ask } = at('/dags/bread/runs/r1?task=knead');
    await typeNote('It was too warm');
    isDown = true;
    await ask();
    await screen.findAllByRole('alert');
    expect(typed()).toBe('It was too warm');
  });

  it.each([
    ['run', 'run:edit', ''],
    ['task', 'task_instance:edit', '?task=knead'],
  ])('at the %s of one run is not about that of another', async (_, permission, search) => {
    permissions = [permission];
    const { go } = at(`/dags/bread/runs/r2${search}`);
    await screen.findByRole('button', { name: 'Add a note' });
    await go('r1', search);
    await typeNote('It was too warm');
    expect(typed()).toBe('It was too warm');
    await go('r2', search);
    await screen.findByRole('button', { name: 'Add a note' });
    expect(typed()).toBeUndefined();
  });
});
