import { describe, expect, it } from 'vitest';
import { binsOf, causesOf, type Failed } from './load';

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

describe('failures', () => {
  const failed = (dag_id: string, end_date: string): Failed => ({
    dag_id,
    task_id: 'load',
    dag_run_id: `r${end_date}`,
    map_index: -1,
    try_number: 1,
    end_date,
  });

  it('of one task are one cause, told by its newest', () => {
    const causes = causesOf([
      failed('a', '2026-01-01'),
      failed('b', '2026-01-02'),
      failed('a', '2026-01-03'),
    ]);
    expect(causes.map((cause) => [cause.dag_id, cause.times, cause.newest.end_date])).toEqual([
      ['a', 2, '2026-01-03'],
      ['b', 1, '2026-01-02'],
    ]);
  });
});
