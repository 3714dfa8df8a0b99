import { describe, expect, it } from 'vitest';
import { lengthOf, type Task, tasksFound } from './tasks';

const task = (id: string, more: Partial<Task> = {}) => ({ task_id: id, ...more }) as Task;
const tasks = [
  task('load', { operator_name: 'BashOperator', trigger_rule: 'all_success', pool: 'default_pool' }),
  task('alarm', { operator_name: 'PythonOperator', trigger_rule: 'one_failed', pool: 'loud' }),
];
const found = (words: string) => tasksFound(tasks, words).map((one) => one.task_id);

describe('the tasks of a DAG', () => {
  it('are found by name, operator, rule and pool', () => {
    expect(found('LOAD')).toEqual(['load']);
    expect(found('python')).toEqual(['alarm']);
    expect(found('one_f')).toEqual(['alarm']);
    expect(found('loud')).toEqual(['alarm']);
  });

  it('are all there while nothing is typed, and none where nothing fits', () => {
    expect(found(' ')).toEqual(['load', 'alarm']);
    expect(found('nothing')).toEqual([]);
  });

  it('have lengths in milliseconds', () => {
    expect(lengthOf({ __type: 'TimeDelta', days: 1, seconds: 2, microseconds: 500_000 })).toBe(86_402_500);
    expect(lengthOf(null)).toBeNull();
  });
});
