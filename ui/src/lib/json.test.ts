import { describe, expect, test } from 'vitest';
import { numberOf, parseJson } from './json';

describe('JSON', () => {
  test.each([
    '12345678901234567890',
    '{"id":9007199254740993,"more":[-9223372036854775808,1.5,"9007199254740993"]}',
    `[${'9'.repeat(400)}]`,
  ])('of large whole numbers is written as it was read: %s', (text) => {
    expect(JSON.stringify(parseJson(text))).toBe(text);
  });

  test('has numbers where they are exact', () => {
    expect(parseJson('[9007199254740991, 1e20, 0.12345678901234568]')).toEqual([
      9007199254740991, 1e20, 0.12345678901234568,
    ]);
    expect(parseJson('{"at": "2026-01-01T00:00:00.000000+00:00", "none": null}')).toEqual({
      at: '2026-01-01T00:00:00.000000+00:00',
      none: null,
    });
    expect(() => parseJson('{"a": 12345678901234567890')).toThrow(SyntaxError);
  });

  test('takes digits as what they say', () => {
    expect(['12', ' -9007199254740993', '1e30', '0.5', 'x'].map(numberOf)).toEqual([
      12,
      -9007199254740993n,
      1e30,
      0.5,
      Number.NaN,
    ]);
  });
});
