import { describe, expect, it } from 'vitest';
import { outlineOf } from './use';

describe('the use of a pool', () => {
  it('is as high as its slots, and what waits stands on what runs', () => {
    const found = outlineOf({ running: [2, 4], queued: [0, 2] }, 8, 20, 80);
    expect(found.running).toBe('M0,80H0V60H10H10V40H20V80Z');
    expect(found.queued).toBe('M0,80H0V60H10H10V20H20V80Z');
    expect([found.full, found.most]).toEqual([0, 4]);
  });

  it('grows beyond the slots when more waits than there are', () => {
    expect(outlineOf({ running: [2], queued: [6] }, 4, 10, 80).full).toBe(40);
  });

  it('of a pool that is far from full is as high as the most that there was', () => {
    const found = outlineOf({ running: [1, 2], queued: [0, 0] }, 128, 20, 80);
    expect(found.running).toBe('M0,80H0V40H10H10V0H20V80Z');
    expect(found.full).toBeNull();
  });

  it('of a pool without an end is as high as the most that there was', () => {
    const found = outlineOf({ running: [0.5, 2], queued: [0, 0] }, -1, 20, 80);
    expect(found.full).toBeNull();
    expect(found.running).toBe('M0,80H0V60H10H10V0H20V80Z');
  });
});
