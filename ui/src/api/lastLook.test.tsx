import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { renderHook } from '@testing-library/react';
import type { ReactNode } from 'react';
import { describe, expect, it } from 'vitest';
import { useLastLook } from './lastLook';

function looking() {
  const queries = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  const hook = renderHook(({ of, isLive }) => useLastLook(of, isLive, [['timeline', of]]), {
    wrapper,
    initialProps: { of: 'a', isLive: true },
  });
  return {
    turn: (of: string, isLive: boolean) => {
      for (const one of ['a', 'b']) queries.setQueryData(['timeline', one], {});
      hook.rerender({ of, isLive });
      return ['a', 'b'].filter((one) => queries.getQueryState(['timeline', one])?.isInvalidated);
    },
  };
}

describe('a last look', () => {
  it('is taken once, when what is looked at ends', () => {
    const { turn } = looking();
    expect(turn('a', true)).toEqual([]);
    expect(turn('a', false)).toEqual(['a']);
    expect(turn('a', false)).toEqual([]);
  });

  it('is not taken at another that has ended, nor at what begins anew', () => {
    const { turn } = looking();
    expect(turn('b', false)).toEqual([]);
    expect(turn('b', true)).toEqual([]);
    expect(turn('b', false)).toEqual(['b']);
  });
});
