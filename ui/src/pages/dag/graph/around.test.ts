import { describe, expect, it } from 'vitest';
import type { Group, Task } from '@/pages/dag/grid/model';
import { around, assetsOf, firstOf, foldedBut } from './around';

const task = (id: string, upstream: string[], group: string | null = null) =>
  ({ task_id: id, label: id, group_id: group, upstream }) as unknown as Task;
const DIAMOND = [
  task('a', []),
  task('b', ['a']),
  task('c', ['a'], 'inner'),
  task('d', ['b', 'c']),
  task('e', ['d']),
  task('f', []),
];
const of = (...args: Parameters<typeof around> extends [unknown, ...infer Rest] ? Rest : never) =>
  [...around(DIAMOND, ...args)].sort().join('');

describe('what is around a task', () => {
  it('is all before and after it, and not what is beside it', () => {
    expect(of('b', 'both', false)).toBe('abde');
    expect(of('b', 'up', false)).toBe('ab');
    expect(of('b', 'down', false)).toBe('bde');
    expect(of('f', 'both', false)).toBe('f');
  });

  it('is what is next to it when no more is asked for', () => {
    expect(of('d', 'both', true)).toBe('bcde');
    expect(of('d', 'up', true)).toBe('bcd');
    expect(of('a', 'down', true)).toBe('abc');
  });

  it('is nothing around a task that there is not', () => {
    expect(of('z', 'both', false)).toBe('');
  });

  it('ends in a circle, too', () => {
    const circle = [task('a', ['b']), task('b', ['a'])];
    expect([...around(circle, 'a', 'both', false)].sort()).toEqual(['a', 'b']);
  });

  it('leaves out assets that have nothing to do with it', () => {
    const assets = [
      { id: 1, name: 'in', isSchedule: true, writers: [], readers: [] },
      { id: 2, name: 'out', isSchedule: false, writers: ['b', 'f'], readers: [] },
    ];
    const some = (...ids: string[]) =>
      assetsOf(
        assets,
        DIAMOND.filter((one) => ids.includes(one.task_id)),
      );
    expect(some('a', 'c').map((one) => one.name)).toEqual(['in']);
    expect(some('b', 'd')).toEqual([{ ...assets[1], writers: ['b'] }]);
    expect(some('d', 'e')).toEqual([]);
  });

  it('unfolds the groups that a task is in, and no others', () => {
    const groups = [
      { group_id: 'outer', parent_id: null },
      { group_id: 'inner', parent_id: 'outer' },
      { group_id: 'other', parent_id: null },
    ] as Group[];
    const folded = new Set(['outer', 'inner', 'other']);
    expect([...foldedBut(DIAMOND, groups, folded, 'c')]).toEqual(['other']);
    expect(foldedBut(DIAMOND, groups, folded, 'a')).toEqual(folded);
  });
});

describe('many assets', () => {
  it('are shown up to a number, with the one that is looked for', () => {
    const assets = [1, 2, 3, 4].map((id) => ({ id }));
    expect(firstOf(assets, 2, undefined).map((one) => one.id)).toEqual([1, 2]);
    expect(firstOf(assets, 2, '4').map((one) => one.id)).toEqual([1, 2, 4]);
    expect(firstOf(assets, 2, '1').map((one) => one.id)).toEqual([1, 2]);
  });
});
