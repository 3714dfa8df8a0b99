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
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { client } from '@/api/client';
import { needWords, startWords } from '@/i18n';
import { TriggerForm } from './TriggerForm';

let permissions: string[] = [];
let isRefused = false;
let asked: string[] = [];

const answering: Middleware = {
  onRequest({ request }) {
    const { pathname } = new URL(request.url);
    if (pathname.endsWith('/me')) return Response.json({ permissions, scopes: null });
    if (pathname.endsWith('/details'))
      return Response.json({ dag_id: 'sales', is_paused: true, params: null, tags: [] });
    asked.push(request.method);
    if (request.method === 'PATCH') return Response.json({ dag_id: 'sales', is_paused: false });
    if (isRefused) return Response.json({ detail: 'there is such a run' }, { status: 409 });
    return Response.json({ dag_id: 'sales', dag_run_id: 'r1' });
  },
};

// A limit and no claim.
configure({ asyncUtilTimeout: 30_000 });
beforeAll(async () => {
  await startWords();
  await needWords('trigger');
  // A textarea that grows listens to these; the DOM of tests has none.
  Object.defineProperty(document, 'fonts', { value: new EventTarget(), configurable: true });
});
afterAll(() => void Reflect.deleteProperty(document, 'fonts'));
beforeEach(() => {
  client.use(answering);
  [asked, isRefused] = [[], false];
});
afterEach(() => {
  client.eject(answering);
  cleanup();
});

/** Show the form of a paused DAG to somebody, and press its button; return whether it was closed then. */
async function triggered(mine: string[]): Promise<() => boolean> {
  permissions = mine;
  let isClosed = false;
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={new QueryClient()}>
        <RouterContextProvider router={router}>
          <TriggerForm
            dagId="sales"
            close={() => {
              isClosed = true;
            }}
          />
        </RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  const button = await screen.findByRole('button', { name: 'Trigger' });
  if (mine.includes('dag:edit')) await screen.findByLabelText('Unpause it');
  else expect(screen.queryByLabelText('Unpause it')).toBeNull();
  fireEvent.click(button);
  return () => isClosed;
}

it('who may not change a paused DAG can still make a run of it', async () => {
  const isClosed = await triggered(['run:create@dag:sales']);
  await waitFor(() => expect(isClosed()).toBe(true));
  expect(asked).toEqual(['POST']);
});

it('a paused DAG goes on once its run is made', async () => {
  const isClosed = await triggered(['run:create', 'dag:edit']);
  await waitFor(() => expect(isClosed()).toBe(true));
  expect(asked).toEqual(['POST', 'PATCH']);
});

it('it stays paused where the run is refused', async () => {
  isRefused = true;
  const isClosed = await triggered(['run:create', 'dag:edit']);
  await screen.findByText('there is such a run');
  expect(asked).toEqual(['POST']);
  expect(isClosed()).toBe(false);
});
