import { describe, expect, test } from 'vitest';
import { lengthBetween, showDistance, showLength, showMoment } from './time';

const AT = '2026-03-29T00:30:01.250Z';

describe('a moment', () => {
  test.each([
    ['UTC', '2026-03-29 00:30:01 UTC'],
    ['Asia/Seoul', '2026-03-29 09:30:01 GMT+9'],
    ['America/New_York', '2026-03-28 20:30:01 EDT'],
  ])('is shown in %s with its zone', (zone, shown) => {
    expect(showMoment(AT, zone)).toBe(shown);
  });

  test('midnight is hour 0, never 24', () => {
    expect(showMoment('2026-01-01T00:00:00Z', 'UTC')).toBe('2026-01-01 00:00:00 UTC');
  });

  test('may be shown to the minute', () => {
    expect(showMoment(new Date(AT), 'UTC', false)).toBe('2026-03-29 00:30 UTC');
  });

  test('what is no moment is not shown', () => {
    expect(showMoment('yesterday', 'UTC')).toBe('');
  });

  test('both hours of the night in which clocks go back can be told apart', () => {
    const hours = ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'].map((at) =>
      showMoment(at, 'Europe/Berlin'),
    );
    expect(new Set(hours).size).toBe(2);
  });
});

describe('a length', () => {
  test('is in the units of a language', () => {
    const lengths = [45, 3_210, 108_000, 3_720_000, 180_000_000];
    expect(lengths.map((ms) => showLength(ms, 'en'))).toEqual([
      '45 ms',
      '3.21 s',
      '1 min 48 s',
      '1 h 02 min',
      '2 d 2 h',
    ]);
    expect(lengths.map((ms) => showLength(ms, 'ko'))).toEqual([
      '45 ms',
      '3.21초',
      '1분 48초',
      '1시간 02분',
      '2일 2시간',
    ]);
  });
});

describe('a distance', () => {
  const now = new Date(AT).getTime();
  test.each([
    [0, 'now'],
    [-90_000, '1 minute ago'],
    [3 * 3_600_000, 'in 3 hours'],
    [-26 * 3_600_000, '1 day ago'],
    [47 * 3_600_000, 'in 1 day'],
  ])('of %d ms is %s', (distance, words) => {
    expect(showDistance(new Date(now + distance), now, 'en')).toBe(words);
  });

  test('is told in Korean', () => {
    expect(showDistance(new Date(now - 120_000), now, 'ko')).toBe('2분 전');
    expect(showDistance(new Date(now + 49 * 3_600_000), now, 'ko')).toBe('2일 후');
  });
});

describe('a length', () => {
  test.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [3_210, '3.21 s'],
    [45_600, '45.6 s'],
    [125_000, '2 min 05 s'],
    [3_720_000, '1 h 02 min'],
    [3 * 86_400_000, '3 d 0 h'],
  ])('of %d ms is %s', (ms, shown) => {
    expect(showLength(ms)).toBe(shown);
  });

  test.each([null, undefined, Number.NaN])('of %s is not shown', (ms) => {
    expect(showLength(ms)).toBe('');
  });

  test('goes on until there is an end', () => {
    expect(lengthBetween(AT, null, new Date(AT).getTime() + 5_000)).toBe(5_000);
    expect(lengthBetween(AT, '2026-03-29T00:30:02.250Z', 0)).toBe(1_000);
    expect(lengthBetween(null, AT, 0)).toBeNull();
  });
});
