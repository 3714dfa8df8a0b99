import { describe, expect, it } from 'vitest';
import { kindOf } from './dates';

describe('the date of a backfill', () => {
  it('stands as its run does', () => {
    expect(kindOf({ state: 'made', run_state: 'running' }, false)).toBe('running');
    expect(kindOf({ state: 'cleared', run_state: 'failed' }, false)).toBe('failed');
  });

  it('is skipped or waits whatever the run does that it had before', () => {
    expect(kindOf({ state: 'skipped', run_state: 'success' }, false)).toBe('skipped');
    expect(kindOf({ state: 'waiting', run_state: null }, false)).toBe('waiting');
  });

  it('whose run was deleted is as one that was skipped', () => {
    expect(kindOf({ state: 'made', run_state: null }, false)).toBe('skipped');
  });

  it('is dropped when the backfill was cancelled before it', () => {
    expect(kindOf({ state: 'waiting', run_state: null }, true)).toBe('dropped');
    expect(kindOf({ state: 'made', run_state: 'success' }, true)).toBe('success');
  });
});
