import { describe, expect, it } from 'vitest';
import type { Grid } from '@/pages/dag/grid/model';
import { siblingsOf } from './nearby';

const run = (id: string, state: string, states: number[]) => ({
  dag_run_id: id,
  run_after: '2026-11-29T00:00:00Z',
  state,
  states,
});
const grid = {
  stateNames: ['success', 'failed'],
  tasks: [{ task_id: 'a' }, { task_id: 'b' }],
  runs: [run('1', 'failed', [0, 1]), run('2', 'success', [0, -1])],
} as unknown as Grid;
const states = (taskId?: string) => siblingsOf(grid, taskId).map((one) => one.state);

describe('the runs beside a run', () => {
  it('have their own states, or those of a task', () => {
    expect(states()).toEqual(['failed', 'success']);
    expect(states('a')).toEqual(['success', 'success']);
  });

  it('say where a run has no such task', () => {
    expect(states('b')).toEqual(['failed', null]);
    expect(states('gone')).toEqual([null, null]);
  });

  it('are the last thirty, the oldest first', () => {
    const many = {
      ...grid,
      runs: Array.from({ length: 40 }, (_, number) => run(String(number), 'success', [])),
    };
    const ids = siblingsOf(many as unknown as Grid, undefined).map((one) => one.runId);
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([30, '10', '39']);
  });
});
