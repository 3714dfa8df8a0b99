import { describe, expect, it } from 'vitest';
import { binsOf, isSlow, soonestOf } from './load';

const NOW = Date.parse('2026-03-01T10:07:00Z');

describe('what is due', () => {
  it('is counted by quarter of an hour, from the one that has begun', () => {
    const bins = binsOf(
      [
        { run_after: '2026-03-01T10:14:59Z', tasks: 3 },
        { run_after: '2026-03-01T10:15:00Z', tasks: 4 },
        { run_after: '2026-03-01T10:20:00Z', tasks: 1 },
      ],
      NOW,
      1,
    );
    expect(bins.map((bin) => [bin.runs, bin.tasks])).toEqual([
      [1, 3],
      [2, 5],
      [0, 0],
      [0, 0],
    ]);
  });

  it('leaves out what lies beyond the picture', () => {
    const bins = binsOf([{ run_after: '2026-03-02T10:00:00Z', tasks: 3 }], NOW, 1);
    expect(bins.every((bin) => bin.runs === 0)).toBe(true);
  });
});

describe('what comes next', () => {
  it('has each DAG once, with the rest of its runs counted', () => {
    const due = ['a 10:15', 'b 10:20', 'a 10:30', 'a 10:45'].map((one) => ({
      dag_id: one.slice(0, 1),
      run_after: `2026-03-01T${one.slice(2)}:00Z`,
    }));
    expect(soonestOf(due).map(({ run, more }) => [run.dag_id, run.run_after.slice(11, 16), more])).toEqual([
      ['a', '10:15', 2],
      ['b', '10:20', 0],
    ]);
  });
});

describe('a run is slow', () => {
  const lasted = (minutes: number, state = 'success') => ({
    state,
    start_date: '2026-03-01T08:00:00Z',
    end_date: `2026-03-01T08:${String(minutes).padStart(2, '0')}:00Z`,
  });
  const start = (minutesAgo: number) => new Date(NOW - minutesAgo * 60_000).toISOString();

  it('when it has lasted twice as long as any of the last ones', () => {
    const before = [lasted(2), lasted(5), lasted(3)];
    expect(isSlow(start(9), before, NOW)).toBe(false);
    expect(isSlow(start(11), before, NOW)).toBe(true);
  });

  it('not when little is known, when it is short, or when it has not begun', () => {
    expect(isSlow(start(60), [lasted(1), lasted(1)], NOW)).toBe(false);
    expect(isSlow(start(60), [lasted(1), lasted(1), lasted(59, 'failed')], NOW)).toBe(false);
    expect(isSlow(start(0.9), [lasted(0), lasted(0), lasted(0)], NOW)).toBe(false);
    expect(isSlow(null, [lasted(1), lasted(1), lasted(1)], NOW)).toBe(false);
  });
});
