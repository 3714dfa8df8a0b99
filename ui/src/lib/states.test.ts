import { describe, expect, test } from 'vitest';
import en from '@/i18n/en/common.json';
import ko from '@/i18n/ko/common.json';
import schema from '../../openapi.json';
import { isFinished, lookOf, RUN_STATES, TASK_STATES } from './states';

const KNOWN = schema.components.schemas;

describe('states', () => {
  test('are those of the API', () => {
    expect(new Set(RUN_STATES)).toEqual(new Set(KNOWN.RunState.enum));
    expect(new Set(TASK_STATES)).toEqual(new Set(KNOWN.TaskInstanceState.enum));
  });

  test('no two that look alike in colour have the same shape', () => {
    const looks = TASK_STATES.map((state) => `${lookOf(state).colour} ${lookOf(state).shape}`);
    expect(new Set(looks).size).toBe(looks.length);
  });

  test('one that nobody knows looks like none', () => {
    for (const state of ['melting', '', null, undefined, 'constructor', '__proto__']) {
      expect(lookOf(state)).toEqual(lookOf('none'));
    }
  });

  test.each([...TASK_STATES, 'none'])('%s has a word in each language', (state) => {
    expect(en.states).toHaveProperty(state);
    expect(ko.states).toHaveProperty(state);
  });

  test('what is finished stays as it is', () => {
    expect(TASK_STATES.filter(isFinished).sort()).toEqual([
      'failed',
      'removed',
      'skipped',
      'success',
      'upstream_failed',
    ]);
    expect(isFinished(null)).toBe(false);
  });
});
