import { describe, expect, it } from 'vitest';
import { nextOrder, sortOf } from './order';

describe('a press on a column', () => {
  it('shows the greatest first, then the least, then the newest again', () => {
    const seen = [undefined, '-duration', 'duration'].map((order) => nextOrder('duration', order));
    expect(seen).toEqual(['-duration', 'duration', undefined]);
  });

  it('begins with another column whatever the last one was', () => {
    expect(nextOrder('state', '-duration')).toBe('-state');
  });

  it('turns the newest first into the oldest first', () => {
    expect(nextOrder('run_after', undefined)).toBe('run_after');
    expect(nextOrder('run_after', 'run_after')).toBeUndefined();
  });
});

describe('a column', () => {
  it('says how the list is ordered by it', () => {
    expect(['run_after', '-run_after', 'state'].map((order) => sortOf('run_after', order))).toEqual([
      'ascending',
      'descending',
      'none',
    ]);
  });
});
