/** The list of a run's tasks: groups, filters, counts. */
import { describe, expect, test } from 'vitest';
import { linesOf, ranked, stateCounts } from './lines';
import type { GridTask, Lines } from './queries';

const task = (task_id: string, group_id: string | null = null, is_mapped = false): GridTask => ({
  task_id,
  label: task_id.split('.').at(-1) ?? task_id,
  group_id,
  operator: '@task',
  is_mapped,
  is_setup: false,
  is_teardown: false,
  upstream: [],
  labels: {},
  is_gone: false,
});
const LINES: Lines = {
  cursor: '',
  stateNames: ['none', 'success', 'failed'],
  tasks: [task('a'), task('g.b', 'g'), task('c', null, true), task('g.h.d', 'g.h'), task('gone')],
  groups: [
    { group_id: 'g', label: 'g', parent_id: null, tooltip: '' },
    { group_id: 'g.h', label: 'h', parent_id: 'g', tooltip: '' },
  ],
  column: {
    dag_run_id: 'r',
    run_type: 'manual',
    state: 'failed',
    run_after: '',
    logical_date: null,
    start_date: null,
    end_date: null,
    version_hash: '',
    note: null,
    states: [1, 1, 2, 0, -1],
    mapped: { c: { success: 9_998, failed: 2 } },
  },
};
const shown = (folded: string[] = [], filter = {}) =>
  linesOf(LINES, new Map(), new Set(folded), filter).map((line) => `${' '.repeat(line.depth)}${line.id}`);

describe('the list of tasks', () => {
  test('tasks of a group stand together, and those that the run has not are left out', () => {
    expect(shown()).toEqual(['a', 'g', ' g.b', ' g.h', '  g.h.d', 'c']);
  });

  test('groups fold, and a filter unfolds them', () => {
    expect(shown(['g'])).toEqual(['a', 'g', 'c']);
    expect(shown(['g'], { q: 'D' })).toEqual(['g', ' g.h', '  g.h.d']);
  });

  test('a mapped task is found by the state of any of its instances', () => {
    expect(shown([], { state: 'failed' })).toEqual(['c']);
    expect(shown([], { state: 'success' })).toEqual(['a', 'g', ' g.b', 'c']);
  });

  test('instances are counted, what needs attention first', () => {
    const counts = stateCounts(LINES);
    expect(counts).toEqual({ success: 10_000, failed: 2, none: 1 });
    expect(ranked(counts).map(([state]) => state)).toEqual(['failed', 'none', 'success']);
  });
});
