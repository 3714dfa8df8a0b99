import { expect, it } from 'vitest';
import { stepTo } from './useInSight';

const row = { left: 10, right: 310 };

it('a tab that is in sight moves nothing', () => {
  expect(stepTo(row, { left: 10, right: 310 })).toBe(0);
});

it('a tab at either side comes into sight, with room for what is beside it', () => {
  expect(stepTo(row, { left: 400, right: 480 })).toBe(480 - 310 + 24);
  expect(stepTo(row, { left: -90, right: -10 })).toBe(-100 - 24);
});

it('a tab that is as wide as the row begins where the row does', () => {
  expect(stepTo(row, { left: 20, right: 330 })).toBe(10);
});
