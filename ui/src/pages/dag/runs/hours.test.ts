import { describe, expect, it } from 'vitest';
import { showMoment } from '@/lib/time';
import { beginOf, daysAround, further, hoursOf, isDate } from './hours';

const inZone = (zone: string) => (at: number) =>
  showMoment(new Date(at), zone, false).slice(0, 16).replace(' ', 'T');
const begin = (date: string, hour: number, zone: string) =>
  new Date(beginOf(date, hour, inZone(zone))).toISOString();

describe('the calendar by hours', () => {
  it('has weeks from Monday, and whole months', () => {
    expect(daysAround('2026-11-29', 'week')).toEqual([
      '2026-11-23',
      '2026-11-24',
      '2026-11-25',
      '2026-11-26',
      '2026-11-27',
      '2026-11-28',
      '2026-11-29',
    ]);
    expect(daysAround('2028-02-10', 'month')).toHaveLength(29);
    expect(daysAround('2026-12-31', 'month').at(-1)).toBe('2026-12-31');
  });

  it('goes on by a week or a month, over the ends of years', () => {
    expect(further('2026-12-30', 'week', 1)).toBe('2027-01-06');
    expect(further('2026-01-31', 'month', 1)).toBe('2026-02-01');
    expect(further('2026-01-31', 'month', -1)).toBe('2025-12-01');
  });

  it('takes days that there are', () => {
    expect(['2026-02-28', '2026-02-30', '26-1-1', 'x', undefined].map((one) => isDate(one))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('knows when an hour begins, also where the clock was changed', () => {
    expect(begin('2026-11-29', 0, 'UTC')).toBe('2026-11-29T00:00:00.000Z');
    expect(begin('2026-11-29', 3, 'Asia/Seoul')).toBe('2026-11-28T18:00:00.000Z');
    expect(begin('2026-11-29', 3, 'Asia/Kolkata')).toBe('2026-11-28T21:30:00.000Z');
    expect(begin('2026-03-29', 0, 'Europe/Berlin')).toBe('2026-03-28T23:00:00.000Z');
    expect(begin('2026-03-29', 4, 'Europe/Berlin')).toBe('2026-03-29T02:00:00.000Z');
    expect(begin('2026-10-25', 12, 'Europe/Berlin')).toBe('2026-10-25T11:00:00.000Z');
  });

  it('has an hour that comes twice as one, and none of one that is left out', () => {
    const autumn = [1, 2, 3].map((hour) => begin('2026-10-25', hour, 'Europe/Berlin'));
    expect(autumn).toEqual([
      '2026-10-24T23:00:00.000Z',
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T02:00:00.000Z',
    ]);
    const spring = [2, 3].map((hour) => begin('2026-03-29', hour, 'Europe/Berlin'));
    expect(spring).toEqual(['2026-03-29T01:00:00.000Z', '2026-03-29T01:00:00.000Z']);
    const west = [1, 2].map((hour) => begin('2026-11-01', hour, 'America/New_York'));
    expect(west).toEqual(['2026-11-01T05:00:00.000Z', '2026-11-01T07:00:00.000Z']);
  });

  it('counts runs in the hour that it is for the viewer', () => {
    const counts = [
      { at: '2026-11-28T18:15:00Z', state: 'success', count: 2 },
      { at: '2026-11-28T18:45:00Z', state: 'success', count: 1 },
      { at: '2026-11-28T18:45:00Z', state: 'failed', count: 1 },
      { at: '2026-12-24T18:45:00Z', state: 'failed', count: 1 },
    ];
    const cells = hoursOf(['2026-11-28', '2026-11-29'], counts, inZone('Asia/Seoul'));
    expect(cells[1]?.[3]?.counts).toEqual({ success: 3, failed: 1 });
    expect(cells.flat().filter((cell) => Object.keys(cell.counts).length > 0)).toHaveLength(1);
    const inKolkata = hoursOf(['2026-11-29'], counts, inZone('Asia/Kolkata'));
    expect(inKolkata[0]?.[0]?.counts).toEqual({ success: 1, failed: 1 });
  });
});
