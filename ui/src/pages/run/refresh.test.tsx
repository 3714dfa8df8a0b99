import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, it } from 'vitest';
import { useRefresh } from './Dialogs';

it('what a change may have touched is asked for again, also when each try ran', async () => {
  const queries = new QueryClient();
  const keys = [
    ['run', 'bread', 'r1'],
    ['grid', 'bread', 90, ''],
    ['timeline', 'bread', 'r1'],
  ];
  for (const key of [...keys, ['me']]) queries.setQueryData(key, {});
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );

  await renderHook(() => useRefresh(), { wrapper }).result.current();

  expect(keys.filter((key) => !queries.getQueryState(key)?.isInvalidated)).toEqual([]);
  expect(queries.getQueryState(['me'])?.isInvalidated).toBe(false);
});
