import { describe, expect, it } from 'vitest';
import { countOf, isChoosable, keptOf, keyOf, NAMED_MAX, type Named, notedOf, sumOf } from './touched';

const one = (run: string, task: string, index = -1, state: Named['state'] = 'failed'): Named => ({
  dag_id: 'd',
  dag_run_id: run,
  task_id: task,
  map_index: index,
  state,
});

describe('what a change touches', () => {
  it('is counted by task, run and state, each instance once', () => {
    const found = countOf([one('r1', 'a'), one('r2', 'a', -1, null), one('r1', 'a'), one('r1', 'b', 0)]);
    expect(found).toMatchObject({ total: 3, runs: 2 });
    expect(found.tasks).toEqual([
      { dag_id: 'd', task_id: 'a', runs: 2, states: { failed: 1, none: 1 } },
      { dag_id: 'd', task_id: 'b', runs: 1, states: { failed: 1 } },
    ]);
    expect(found.instances).toHaveLength(3);
  });

  it('is named while it is little', () => {
    const many = Array.from({ length: NAMED_MAX + 1 }, (_, index) => one('r', 'a', index));
    expect(countOf(many.slice(1)).instances).toHaveLength(NAMED_MAX);
    expect(countOf(many)).toMatchObject({ total: NAMED_MAX + 1, instances: null });
  });

  it('of different runs is added up', () => {
    const parts = ['r1', 'r2'].map((run) => countOf([one(run, 'a'), one(run, 'b', -1, 'success')]));
    expect(sumOf(parts)).toEqual({
      total: 4,
      runs: 2,
      tasks: [
        { dag_id: 'd', task_id: 'a', runs: 2, states: { failed: 2 } },
        { dag_id: 'd', task_id: 'b', runs: 2, states: { success: 2 } },
      ],
      instances: null,
    });
  });

  it('is chosen from while it is named and of one run', () => {
    expect(isChoosable(countOf([one('r', 'a'), one('r', 'b')]), 'd')).toBe(true);
    expect(isChoosable(countOf([one('r', 'a')]), 'd')).toBe(false);
    expect(isChoosable(countOf([one('r1', 'a'), one('r2', 'a')]), 'd')).toBe(false);
    expect(isChoosable(countOf([one('r', 'a'), one('r', 'b')]), 'another')).toBe(false);
  });

  it('is without what was left out', () => {
    const found = countOf([one('r', 'a'), one('r', 'b', 0), one('r', 'b', 1)]);
    expect(keptOf(found, new Set())).toEqual(['a', ['b', 0], ['b', 1]]);
    expect(keptOf(found, new Set([keyOf(one('r', 'a')), keyOf(one('r', 'b', 1))]))).toEqual([['b', 0]]);
  });

  it('has notes that a new one takes the place of, as far as it gets one', () => {
    const found = countOf([
      { ...one('r', 'a'), note: 'late' },
      { ...one('r', 'b'), note: '' },
      one('r', 'c'),
    ]);
    expect(notedOf(found)).toBe(1);
    expect(notedOf(found, ({ task_id }) => task_id !== 'a')).toBe(0);
    expect(notedOf(undefined)).toBe(0);
  });
});
