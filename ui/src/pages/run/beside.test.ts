import { describe, expect, it } from 'vitest';
import type { Column, Grid } from '@/pages/dag/grid/model';
import type { Gantt } from '@/pages/dag/runs/gantt';
import { barsBeside, runsBeside, statesBeside } from './beside';
import type { Line } from './lines';

const column = (id: number, states: number[] = []) =>
  ({ dag_run_id: String(id), states, mapped: {} }) as unknown as Column;
const many = Array.from({ length: 30 }, (_, id) => column(id));
const ids = (runId: number) => runsBeside(many, String(runId)).map((one) => Number(one.dag_run_id));

const task = (id: string) => ({ kind: 'task', id, label: id, depth: 0 }) as Line;
const group = (...taskIds: string[]) =>
  ({ kind: 'group', id: 'g', label: 'g', depth: 0, taskIds: new Set(taskIds) }) as unknown as Line;

describe('the runs beside the tasks of a run', () => {
  it('end with the newest, if that is looked at', () => {
    expect(ids(29)).toEqual([18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
  });

  it('are before it and after it, and begin with the oldest', () => {
    expect(ids(15)).toEqual([9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(ids(2)[0]).toBe(0);
  });

  it('are all that there are, if these are few, and none where the run is not among them', () => {
    expect(runsBeside(many.slice(0, 3), '1')).toHaveLength(3);
    expect(runsBeside(many, 'another')).toEqual([]);
  });

  it('show how a task went, the worst of a group, and where there was none', () => {
    const grid = {
      stateNames: ['success', 'failed'],
      tasks: [{ task_id: 'a' }, { task_id: 'b' }],
    } as unknown as Grid;
    const statesOf = statesBeside(grid, [column(1, [0, 1]), column(2, [0, -1])]);
    expect(statesOf(task('a'))).toEqual(['success', 'success']);
    expect(statesOf(task('b'))).toEqual(['failed', null]);
    expect(statesOf(group('a', 'b'))).toEqual(['failed', 'success']);
    expect(statesOf(task('gone'))).toEqual([null, null]);
  });
});

describe('the times beside the tasks of a run', () => {
  const bar = (started: number | null, ended: number) => ({
    mapIndex: -1,
    mapLabel: null,
    tryNumber: 1,
    state: 'success',
    queued: null,
    started,
    ended,
  });
  const gantt: Gantt = {
    start: 0,
    end: 90,
    lines: [
      { taskId: 'a', bars: [bar(10, 20), bar(30, 40)] },
      { taskId: 'b', bars: [bar(5, 90)] },
      { taskId: 'c', bars: [bar(null, 95)] },
    ],
  };

  it('are the tries of a task', () => {
    expect(barsBeside(gantt)(task('a')).map((one) => one.started)).toEqual([10, 30]);
    expect(barsBeside(gantt)(task('gone'))).toEqual([]);
  });

  it('reach over all of a group that began', () => {
    expect(barsBeside(gantt)(group('a', 'b')).map((one) => [one.started, one.ended])).toEqual([[5, 90]]);
    expect(barsBeside(gantt)(group('c'))).toEqual([]);
  });
});
