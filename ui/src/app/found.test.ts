import { expect, it } from 'vitest';
import { firstOf } from './found';

const kind = (ones: string[], isBehind = false) => ({ ones, isBehind });

it('the first of the first kind that has one comes first', () => {
  expect(firstOf([kind(['a', 'b']), kind(['c'])])).toBe('a');
  expect(firstOf([kind([]), kind(['c'])])).toBe('c');
  expect(firstOf([kind([]), kind([])])).toBeNull();
});

it('what was found for an earlier text is not taken, nor what may come behind it', () => {
  expect(firstOf([kind(['old'], true), kind(['c'])])).toBeUndefined();
  expect(firstOf([kind([]), kind([], true), kind(['c'])])).toBeUndefined();
  expect(firstOf([kind(['a']), kind([], true)])).toBe('a');
});
