import { act, renderHook } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { useTyped } from './useTyped';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function field(begin: string) {
  const written: (string | undefined)[] = [];
  const hook = renderHook(({ now }) => useTyped(now, (text) => written.push(text)), {
    initialProps: { now: begin as string | undefined },
  });
  return {
    written,
    shown: () => hook.result.current[0],
    type: (text: string) => act(() => hook.result.current[1](text)),
    wait: () => act(() => vi.advanceTimersByTime(1000)),
    address: (now: string | undefined) => hook.rerender({ now }),
  };
}

describe('a typed filter', () => {
  it('is written to the address once, after a moment', () => {
    const one = field('');
    one.type('b');
    one.type('br');
    expect(one.written).toEqual([]);
    one.wait();
    expect(one.written).toEqual(['br']);
  });

  it('keeps what was typed while the address caught up', () => {
    const one = field('');
    one.type('br');
    one.wait();
    one.type('bread');
    one.address('br');
    expect(one.shown()).toBe('bread');
  });

  it('follows the address when somebody goes back, or takes the filters away', () => {
    const one = field('');
    one.type('br');
    one.wait();
    one.address('br');
    one.address(undefined);
    expect(one.shown()).toBe('');
  });
});
