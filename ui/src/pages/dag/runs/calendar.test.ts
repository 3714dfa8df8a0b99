import { describe, expect, it } from 'vitest';
import { daysOf, hasWholeHours, outcomeOf, yearOf } from './calendar';
import { ganttOf } from './gantt';

describe('the calendar', () => {
  it('has every day of the year, weeks from Monday', () => {
    expect(daysOf(2026)).toHaveLength(365);
    expect(daysOf(2028)).toHaveLength(366);
    expect(daysOf(2026)[0]).toMatchObject({ date: '2026-01-01', week: 0, weekday: 3 });
    expect(daysOf(2026)[4]).toMatchObject({ date: '2026-01-05', week: 1, weekday: 0 });
  });

  it('counts runs on the day that it is for the viewer', () => {
    const inSeoul = (at: string) => new Date(Date.parse(at) + 9 * 3_600_000).toISOString().slice(0, 10);
    const days = yearOf(2026, [{ at: '2026-01-01T20:00:00Z', state: 'success', count: 2 }], inSeoul);
    expect(days[0]?.counts).toEqual({});
    expect(days[1]?.counts).toEqual({ success: 2 });
  });

  it('knows zones that differ from others by less than an hour', () => {
    expect(['UTC', 'Asia/Seoul', 'Europe/Berlin'].every((zone) => hasWholeHours(zone, 2026))).toBe(true);
    expect(hasWholeHours('Asia/Kolkata', 2026)).toBe(false);
    expect(hasWholeHours('Australia/Lord_Howe', 2026)).toBe(false);
  });

  it('tells a day on which some failed from one on which all did', () => {
    expect(outcomeOf({ failed: 1, success: 3 })).toBe('mixed');
    expect(outcomeOf({ failed: 2 })).toBe('failed');
    expect(outcomeOf({ success: 2, running: 1 })).toBe('running');
    expect(outcomeOf({ queued: 1 })).toBe('queued');
    expect(outcomeOf({ planned: 4, success: 1 })).toBe('success');
    expect(outcomeOf({ planned: 4 })).toBe('planned');
    expect(outcomeOf({})).toBeNull();
  });
});

describe('the gantt', () => {
  const one = { map_index: -1, map_label: null, state: 'success', exit: null, try_number: 1 };
  it('has a line a task, by when it began; what runs reaches to now', () => {
    const gantt = ganttOf(
      [
        {
          ...one,
          task_id: 'b',
          queued_at: '2026-01-01T00:00:05Z',
          start_date: '2026-01-01T00:00:06Z',
          end_date: null,
        },
        {
          ...one,
          task_id: 'a',
          queued_at: null,
          start_date: '2026-01-01T00:00:01Z',
          end_date: '2026-01-01T00:00:02Z',
        },
        { ...one, task_id: 'c', queued_at: null, start_date: null, end_date: null },
      ],
      Date.parse('2026-01-01T00:01:00Z'),
    );
    expect(gantt.lines.map((line) => line.taskId)).toEqual(['a', 'b']);
    expect(gantt.start).toBe(Date.parse('2026-01-01T00:00:01Z'));
    expect(gantt.end).toBe(Date.parse('2026-01-01T00:01:00Z'));
  });

  it('shows a try that ended in an error as failed, and once', () => {
    const start = { start_date: '2026-01-01T00:00:01Z', queued_at: null, end_date: '2026-01-01T00:00:02Z' };
    const failed = { ...one, ...start, task_id: 'a', exit: { kind: 'exception' } as never };
    const gantt = ganttOf(
      [
        { ...failed, state: 'running' },
        { ...failed, state: 'up_for_retry' },
      ],
      0,
    );
    expect(gantt.lines[0]?.bars.map((bar) => bar.state)).toEqual(['failed']);
  });
});
