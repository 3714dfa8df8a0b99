import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import { cleanup, render, screen } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { needWords, startWords } from '@/i18n';
import { QuestionCard } from './Question';

const me = { permissions: ['human_input:read', 'human_input:edit@dag:sales'], scopes: null };

beforeAll(async () => {
  await startWords();
  await needWords('manage');
});
afterEach(cleanup);

/** Show a question of a DAG, and return the button of its only answer. */
function answerOf(dagId: string) {
  const task_instance = {
    dag_id: dagId,
    dag_display_name: dagId,
    dag_run_id: 'r1',
    task_id: 'ask',
    task_display_name: 'ask',
    map_index: -1,
  };
  const asked = { subject: 'Go on?', options: ['Yes'], multiple: false, response_received: false };
  const question = { ...asked, created_at: '2026-03-01T00:00:00Z', task_instance } as unknown;
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  const queries = new QueryClient();
  queries.setQueryData<unknown>(meQuery.queryKey, me);
  render(
    <MantineProvider env="test">
      <QueryClientProvider client={queries}>
        <RouterContextProvider router={router}>
          <QuestionCard question={question as Schema['HITLDetail']} />
        </RouterContextProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return screen.getByRole<HTMLButtonElement>('button', { name: 'Yes' });
}

it('a question can be answered by who may answer those of its DAG, and by nobody else', () => {
  expect(answerOf('sales').disabled).toBe(false);
  cleanup();
  expect(answerOf('stock').disabled).toBe(true);
});
