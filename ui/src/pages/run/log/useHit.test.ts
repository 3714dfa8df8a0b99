import { act, renderHook } from '@testing-library/react';
import { expect, test } from 'vitest';
import { useHit } from './useHit';

test('the chosen match is that of one search, and not of the next', () => {
  const hook = renderHook(({ about }) => useHit(about), { initialProps: { about: 'e, all' } });
  expect(hook.result.current[0]).toBe(-1);
  act(() => hook.result.current[1](39));
  expect(hook.result.current[0]).toBe(39);
  hook.rerender({ about: 'e, errors' });
  expect(hook.result.current[0]).toBe(-1);
  hook.rerender({ about: 'e, all' });
  expect(hook.result.current[0]).toBe(-1);
});
