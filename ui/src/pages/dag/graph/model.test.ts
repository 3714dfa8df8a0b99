import { describe, expect, it } from 'vitest';
import { pathOf } from '@/components/graph/path';
import type { Group, Task } from '@/pages/dag/grid/model';
import { type AssetBeside, criticalPath, endsOf, graphOf } from './model';

const task = (task_id: string, upstream: string[] = [], group_id: string | null = null): Task => ({
  task_id,
  label: task_id,
  group_id,
  operator: '',
  is_mapped: false,
  is_setup: false,
  is_teardown: false,
  upstream,
  labels: {},
  is_gone: false,
});
const group = (group_id: string, parent_id: string | null = null): Group => ({
  group_id,
  label: group_id,
  parent_id,
  tooltip: '',
});
const TASKS = [task('a'), task('b', ['a'], 'g'), task('c', ['a'], 'g'), task('d', ['b', 'c'])];

describe('the graph', () => {
  it('has open groups as containers', () => {
    const graph = graphOf(TASKS, [group('g')], new Set());
    expect(graph.nodes.map((node) => [node.id, node.parent])).toEqual([
      ['task:a', null],
      ['group:g', null],
      ['task:b', 'group:g'],
      ['task:c', 'group:g'],
      ['task:d', null],
    ]);
    expect(graph.edges).toHaveLength(4);
  });

  it('has one edge in place of all that lead into a folded group', () => {
    const graph = graphOf(TASKS, [group('g')], new Set(['g']));
    expect(graph.edges.map(({ from, to, of }) => [from, to, of.length])).toEqual([
      ['task:a', 'group:g', 2],
      ['group:g', 'task:d', 2],
    ]);
    expect(graph.nodes[1]?.tasks).toEqual(['b', 'c']);
  });

  it('folds what is inside of a folded group with it', () => {
    const graph = graphOf([task('x', [], 'p.q')], [group('p'), group('p.q', 'p')], new Set(['p']));
    expect(graph.nodes.map((node) => node.id)).toEqual(['group:p']);
  });
});

describe('assets in the graph', () => {
  const asset = (id: number, more: Partial<AssetBeside>): AssetBeside => ({
    id,
    name: `asset ${id}`,
    isSchedule: false,
    writers: [],
    readers: [],
    ...more,
  });
  const ways = (assets: AssetBeside[], folded: string[] = []) =>
    graphOf(TASKS, [group('g')], new Set(folded), assets)
      .edges.filter((edge) => edge.of.length === 0)
      .map((edge) => `${edge.from} ${edge.to}`);

  it('lead to the first tasks when the DAG waits for them, and from tasks that write them', () => {
    expect(ways([asset(1, { isSchedule: true }), asset(2, { writers: ['d'] })])).toEqual([
      'asset:1 task:a',
      'task:d asset:2',
    ]);
  });

  it('meet before the first tasks when there are several', () => {
    expect(ways([asset(1, { isSchedule: true }), asset(2, { isSchedule: true })])).toEqual([
      'asset:1 when:',
      'asset:2 when:',
      'when: task:a',
    ]);
  });

  it('stand twice when they are both waited for and written, so that no edge leads back', () => {
    expect(ways([asset(1, { isSchedule: true, writers: ['d'] })])).toEqual([
      'asset:1 task:a',
      'task:d asset:1:after',
    ]);
  });

  it('lead to and from the folded group that a task is in', () => {
    expect(ways([asset(1, { readers: ['b'], writers: [] }), asset(2, { writers: ['c'] })], ['g'])).toEqual([
      'asset:1 group:g',
      'group:g asset:2',
    ]);
  });
});

describe('labels', () => {
  it('stand on the edge that stands for theirs', () => {
    const labelled = [task('a'), { ...task('b', ['a']), labels: { a: 'few' } }];
    expect(graphOf(labelled, [], new Set()).edges.map((edge) => edge.label)).toEqual(['few']);
  });
});

describe('the way of an edge', () => {
  it('rounds its corners', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 20, y: 0 },
      { x: 20, y: 20 },
    ];
    expect(pathOf(points)).toBe('M0,0L12,0Q20,0 20,8L20,20');
  });
});

describe('the critical path', () => {
  it('leads through tasks that took no time', () => {
    const ends = new Map([
      ['a', 1],
      ['b', 5],
      ['d', 9],
    ]);
    const inline = [task('a'), task('b', ['a']), task('nothing', ['a', 'b']), task('d', ['nothing'])];
    expect(criticalPath(inline, ends)).toEqual(['a', 'b', 'nothing', 'd']);
  });

  it('goes back from what ended last, always by what ended last before it', () => {
    const ends = new Map([
      ['a', 1],
      ['b', 5],
      ['c', 3],
      ['d', 9],
    ]);
    expect(criticalPath(TASKS, ends)).toEqual(['a', 'b', 'd']);
  });

  it('has only tasks that were tried, and ends where nothing upstream was', () => {
    expect(criticalPath(TASKS, new Map([['c', 3]]))).toEqual(['c']);
    expect(criticalPath(TASKS, new Map())).toEqual([]);
  });

  it('takes the last try of a task, and now for what runs', () => {
    const one = { map_index: -1, state: '', queued_at: null, map_label: null, exit: null };
    const ends = endsOf(
      [
        {
          ...one,
          task_id: 'a',
          try_number: 1,
          start_date: '2026-01-01T00:00:00Z',
          end_date: '2026-01-01T00:00:01Z',
        },
        { ...one, task_id: 'a', try_number: 2, start_date: '2026-01-01T00:00:02Z', end_date: null },
        { ...one, task_id: 'b', try_number: 1, start_date: null, end_date: null },
      ],
      42e12,
    );
    expect([...ends]).toEqual([['a', 42e12]]);
  });
});
