import { describe, expect, it } from 'vitest';
import {
  type Column,
  countsAt,
  type Group,
  linesOf,
  mergeGrid,
  moved,
  scrollTo,
  shortCount,
  spotAt,
  stateAt,
  type Task,
  visible,
  worstOf,
} from './model';

const task = (task_id: string, group_id: string | null = null, upstream: string[] = []): Task => ({
  task_id,
  label: task_id.split('.').at(-1) ?? task_id,
  group_id,
  operator: '@task',
  is_mapped: false,
  is_setup: false,
  is_teardown: false,
  upstream,
  labels: {},
  is_gone: false,
});
const group = (group_id: string, parent_id: string | null = null): Group => ({
  group_id,
  label: group_id.split('.').at(-1) ?? group_id,
  parent_id,
  tooltip: '',
});
const run = (dag_run_id: string, run_after: string, states: number[] = [], mapped = {}): Column => ({
  dag_run_id,
  run_type: 'scheduled',
  state: 'success',
  run_after,
  logical_date: null,
  start_date: null,
  end_date: null,
  version_hash: '',
  note: null,
  states,
  mapped,
});
const answer = (cursor: string, runs: Column[], more: object = {}) => ({
  cursor,
  state_names: ['none', 'success', 'failed'],
  tasks: null,
  groups: null,
  runs,
  gone: [],
  ...more,
});
const TASKS = [task('a'), task('g.b', 'g'), task('g.h.c', 'g.h'), task('g.d', 'g'), task('e')];
const GROUPS = [group('g'), group('g.h', 'g')];

describe('a grid that goes on', () => {
  const first = mergeGrid(
    undefined,
    answer('1', [run('new', '2026-01-02T00:00:00Z'), run('old', '2026-01-01T00:00:00Z')], {
      tasks: TASKS,
      groups: [],
    }),
  );

  it('has the oldest run first', () => {
    expect(first.runs.map((one) => one.dag_run_id)).toEqual(['old', 'new']);
  });

  it('is the same thing when nothing differs, so that nothing is drawn anew', () => {
    expect(mergeGrid(first, answer('1', []))).toBe(first);
  });

  it('changes what differs, takes what is new, and drops what is gone', () => {
    const next = mergeGrid(
      first,
      answer('2', [run('newest', '2026-01-03T00:00:00Z'), run('new', '2026-01-02T00:00:00Z', [2])], {
        gone: ['old'],
      }),
    );
    expect(next.runs.map((one) => one.dag_run_id)).toEqual(['new', 'newest']);
    expect(next.runs[0]?.states).toEqual([2]);
    expect(next.tasks).toBe(first.tasks);
  });

  it('begins anew with an answer that has tasks', () => {
    const next = mergeGrid(
      first,
      answer('3', [run('x', '2026-01-01T00:00:00Z')], { tasks: [task('z')], groups: [] }),
    );
    expect(next.runs).toHaveLength(1);
    expect(next.tasks[0]?.task_id).toBe('z');
  });
});

describe('the lines', () => {
  it('have a group where its first task stands, and all that is in it below', () => {
    expect(linesOf(TASKS, GROUPS, new Set()).map((line) => [line.id, line.depth])).toEqual([
      ['a', 0],
      ['g', 0],
      ['g.b', 1],
      ['g.h', 1],
      ['g.h.c', 2],
      ['g.d', 1],
      ['e', 0],
    ]);
  });

  it('hide what is in a folded group, which stands for all of it', () => {
    const lines = linesOf(TASKS, GROUPS, new Set(['g']));
    expect(lines.map((line) => line.id)).toEqual(['a', 'g', 'e']);
    expect(lines[1]?.places).toEqual([1, 2, 3]);
  });

  it('keep the groups of a task that is looked for, even folded ones', () => {
    expect(linesOf(TASKS, GROUPS, new Set(['g']), 'C').map((line) => line.id)).toEqual(['g', 'g.h', 'g.h.c']);
  });

  it('bear groups that contain each other', () => {
    const lines = linesOf([task('x', 'p')], [group('p', 'q'), group('q', 'p')], new Set());
    expect(lines.some((line) => line.id === 'x')).toBe(true);
  });
});

describe('a cell', () => {
  const names = ['none', 'success', 'failed'];

  it('has the worst state of its group, and none when the run lacks all of it', () => {
    const lines = linesOf(TASKS, GROUPS, new Set());
    const line = lines[1];
    if (line === undefined) throw new Error('no group');
    expect(stateAt(line, run('r', '', [1, 1, 2, 1, 1]), names)).toBe('failed');
    expect(stateAt(line, run('s', '', [1, -1, -1, -1, 1]), names)).toBeNull();
  });

  it('counts mapped instances, the worst first', () => {
    const line = linesOf([task('m')], [], new Set())[0];
    if (line === undefined) throw new Error('no line');
    const counts = countsAt(line, run('r', '', [2], { m: { success: 9, failed: 1 } }));
    expect(counts).toEqual([
      ['failed', 1],
      ['success', 9],
    ]);
  });

  it('shows numbers in little room', () => {
    expect([7, 999, 1000, 10_500, 2_000_000].map(shortCount)).toEqual(['7', '999', '1k', '10k', '2M']);
  });

  it('prefers what a person should see', () => {
    expect(worstOf(['success', 'running', 'skipped'])).toBe('running');
    expect(worstOf([])).toBeNull();
  });
});

describe('places', () => {
  const size = { labels: 100, head: 50, row: 20, column: 10 };
  const view = { left: 35, top: 30, width: 300, height: 250 };

  it('draw only what is in view', () => {
    expect(visible(view, size, 1000, 365)).toEqual({
      firstRow: 1,
      endRow: 12,
      firstColumn: 3,
      endColumn: 24,
    });
    expect(visible(view, size, 5, 4)).toEqual({ firstRow: 1, endRow: 5, firstColumn: 3, endColumn: 4 });
  });

  it('find what is under the pointer, wherever it was scrolled', () => {
    expect(spotAt(100, 50, view, size, 1000, 365)).toEqual({ row: 1, column: 3 });
    expect(spotAt(99, 50, view, size, 1000, 365)).toEqual({ row: 1, column: -1 });
    expect(spotAt(100, 49, view, size, 1000, 365)).toEqual({ row: -1, column: 3 });
    expect(spotAt(10, 10, view, size, 1000, 365)).toBeNull();
    expect(spotAt(290, 60, view, size, 1000, 5)).toBeNull();
    expect(spotAt(301, 60, view, size, 1000, 365)).toBeNull();
  });

  it('scroll just so far that a spot is seen', () => {
    expect(scrollTo({ row: 0, column: 0 }, view, size)).toEqual({ left: 0, top: 0 });
    expect(scrollTo({ row: 5, column: 10 }, view, size)).toEqual({ left: 35, top: 30 });
    expect(scrollTo({ row: 99, column: 99 }, view, size)).toEqual({ left: 800, top: 1800 });
    expect(scrollTo({ row: -1, column: -1 }, view, size)).toEqual({ left: 35, top: 30 });
  });

  it('move by keys, and stay inside', () => {
    const at = { row: 2, column: 2 };
    expect(moved(at, 'ArrowLeft', 4, 4, 10)).toEqual({ row: 2, column: 1 });
    expect(moved(at, 'PageDown', 4, 4, 10)).toEqual({ row: 3, column: 2 });
    expect(moved(at, 'End', 4, 4, 10)).toEqual({ row: 2, column: 3 });
    expect(moved({ row: -1, column: 0 }, 'ArrowLeft', 4, 4, 10)).toEqual({ row: -1, column: 0 });
    expect(moved(at, 'x', 4, 4, 10)).toBeNull();
  });
});
