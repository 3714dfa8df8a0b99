import { MantineProvider } from '@mantine/core';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { cleanup, configure, render, screen, waitFor } from '@testing-library/react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { needWords, startWords } from '@/i18n';
import { Pager } from './Listing';

// A limit and no claim.
configure({ asyncUtilTimeout: 30_000 });
beforeAll(async () => {
  await startWords();
  await needWords('manage');
});
afterEach(cleanup);

/** Show where one is in so many rows, and return what the address says of it. */
async function shown(total: number, address: string): Promise<() => object> {
  const root = createRootRoute();
  const admin = createRoute({
    getParentRoute: () => root,
    path: '/admin/$section',
    component: () => (
      <>
        <p>there</p>
        <Pager total={total} />
      </>
    ),
  });
  const router = createRouter({
    routeTree: root.addChildren([admin]),
    history: createMemoryHistory({ initialEntries: [address] }),
  });
  render(
    <MantineProvider>
      <RouterProvider router={router as never} />
    </MantineProvider>,
  );
  await screen.findByText('there');
  return () => router.state.location.search;
}

it.each([
  [50, '/admin/variables?page=2&q=a', { q: 'a' }],
  [101, '/admin/variables?page=7', { page: 3 }],
])('of %d rows at %s, the last page that there is is shown', async (total, address, wanted) => {
  const search = await shown(total, address);
  await waitFor(() => expect(search()).toEqual(wanted));
});

it('a page that there is, and one of which nothing is known yet, stay', async () => {
  const search = await shown(101, '/admin/variables?page=3');
  expect(await screen.findByText('3 of 3')).toBeDefined();
  expect(search()).toEqual({ page: 3 });
  cleanup();
  const unknown = await shown(0, '/admin/variables?page=3');
  expect(unknown()).toEqual({ page: 3 });
});
