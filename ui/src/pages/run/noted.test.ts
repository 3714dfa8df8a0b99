import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { change, clearRun, HERE, markRun } from './actions';
import { clearRuns, markRuns, markTasks } from './many/calls';

interface Sent {
  path: string;
  mask: string[];
  body: Record<string, unknown>;
}
const sent: Sent[] = [];

const answering: Middleware = {
  async onRequest({ request }) {
    const { pathname, searchParams } = new URL(request.url);
    sent.push({
      path: pathname.slice(pathname.lastIndexOf('/') + 1),
      mask: searchParams.getAll('update_mask'),
      body: (await request.json()) as Record<string, unknown>,
    });
    return Response.json({ task_instances: [], total_entries: 0, update: { success: [], errors: [] } });
  },
};
beforeEach(() => {
  sent.length = 0;
  client.use(answering);
});
afterEach(() => client.eject(answering));

const target = { dagId: 'd', runId: 'r', taskId: 't', mapIndex: 2 };
const run = { dag_id: 'd', dag_run_id: 'r', state: 'failed' };
const task = { ...run, task_id: 't', map_index: null };

describe('a note that is given while something is done', () => {
  it('goes along in the same request, and counts among what is to change', async () => {
    await change(target, { kind: 'clear' }, HERE, false, ' late again ');
    await change(target, { kind: 'mark', state: 'failed' }, HERE, false, 'late again');
    await clearRun('d', 'r', 'downstream', ['t'], false, 'late again');
    await clearRun('d', 'r', 'all', [], false, 'late again');
    await markRun('d', 'r', 'success', 'late again');
    expect(sent.map(({ path, mask, body }) => [path, mask, body.note])).toEqual([
      ['clearTaskInstances', [], 'late again'],
      ['2', ['new_state', 'note'], 'late again'],
      ['clearTaskInstances', [], 'late again'],
      ['clear', [], 'late again'],
      ['r', ['state', 'note'], 'late again'],
    ]);
  });

  it('goes along for each of many', async () => {
    await clearRuns('all', 'why')([run]);
    await markRuns('failed', 'gone', 'why')([run]);
    await markTasks('success', 'gone', 'why')([task]);
    const [cleared, ...marked] = sent.map((one) => one.body);
    expect(cleared?.note).toBe('why');
    const actions = marked.map((body) => (body.actions as Record<string, unknown>[])[0]);
    expect(actions).toMatchObject([
      { entities: [{ state: 'failed', note: 'why' }], update_mask: ['state', 'note'] },
      { entities: [{ new_state: 'success', note: 'why' }], update_mask: ['new_state', 'note'] },
    ]);
  });

  it('that has no text takes no note away', async () => {
    await change(target, { kind: 'mark', state: 'failed' }, HERE, false, '  ');
    await markRun('d', 'r', 'success');
    expect(sent.map(({ mask, body }) => [mask, 'note' in body])).toEqual([
      [['new_state'], false],
      [['state'], false],
    ]);
  });
});
