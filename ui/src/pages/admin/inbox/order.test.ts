import { expect, it } from 'vitest';
import type { Schema } from '@/api/client';
import { inOrder } from './order';

const asked = (created_at: string, task_id: string, map_index = -1) =>
  ({
    created_at,
    task_instance: { dag_id: 'sales', dag_run_id: 'r1', task_id, map_index },
  }) as Schema['HITLDetail'];

it('the newest stands first, and what was asked in one second by task and map index', () => {
  const questions = [
    asked('2026-03-01T00:00:01.900000Z', 'ask', 10),
    asked('2026-03-01T00:00:02.000000Z', 'ask', 3),
    asked('2026-03-01T00:00:01.500000Z', 'ask', 2),
    asked('2026-03-01T00:00:01.700000Z', 'above'),
  ];
  const order = inOrder(questions).map(({ task_instance: one }) => [one.task_id, one.map_index]);
  expect(order).toEqual([
    ['ask', 3],
    ['above', -1],
    ['ask', 2],
    ['ask', 10],
  ]);
});
