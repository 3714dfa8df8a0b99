import { MantineProvider } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterContextProvider,
} from '@tanstack/react-router';
import { cleanup, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Schema } from '@/api/client';
import { needWords, startWords } from '@/i18n';
import { Attempts } from './Attempts';
import { AttemptFacts } from './InstancePane';

beforeAll(async () => {
  await startWords();
  await needWords('run');
});
afterEach(() => cleanup());

const [BEGIN, END] = ['2026-03-01T00:00:00Z', '2026-03-01T00:00:05Z'];

function show(children: ReactNode) {
  const router = createRouter({ routeTree: createRootRoute(), history: createMemoryHistory() });
  return render(
    <MantineProvider>
      <RouterContextProvider router={router}>{children}</RouterContextProvider>
    </MantineProvider>,
  ).container;
}

describe('an attempt', () => {
  it('that ended before it began has waited until then', () => {
    show(
      <AttemptFacts start={null} end={END} queued={BEGIN} host={null} pid={null} tries="1 / 1" exit={null} />,
    );
    expect(screen.getByText('Waited').nextSibling?.textContent).toBe('5.00 s');
  });

  it.each([
    ['success', END, { kind: 'ok' }, 'success'],
    ['skipped', END, { kind: 'ok' }, 'skipped'],
    ['failed', END, { kind: 'error' }, 'failed'],
    ['up_for_retry', END, { kind: 'error' }, 'failed'],
    ['running', null, null, 'running'],
  ])('that is %s has the colour of what it came to', (state, end_date, exit, colour) => {
    const attempt = {
      try_number: 1,
      state,
      queued_at: BEGIN,
      start_date: BEGIN,
      end_date,
      hostname: null,
      exit,
    };
    const asked = { data: { attempts: [attempt], is_whole: true }, error: null };
    const page = show(
      <Attempts
        // What is needed of an answer.
        asked={asked as unknown as UseQueryResult<Schema['AttemptCollectionResponse']>}
        most={1}
        chosen={1}
      />,
    );
    expect(page.querySelector<HTMLElement>('[data-part="ran"]')?.style.background).toBe(
      `var(--state-${colour})`,
    );
  });
});
