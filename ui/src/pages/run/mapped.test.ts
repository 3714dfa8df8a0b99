import { QueryClient } from '@tanstack/react-query';
import type { Middleware } from 'openapi-fetch';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { client } from '@/api/client';
import { mappedQuery } from './queries';

/** The label of each instance, by its index. */
let labels: string[] = [];

const answering: Middleware = {
  onRequest({ request }) {
    const { searchParams } = new URL(request.url);
    const index = searchParams.get('map_index');
    const part = searchParams.get('rendered_map_index_pattern')?.replaceAll('%', '');
    const task_instances = labels
      .map((rendered_map_index, map_index) => ({ map_index, rendered_map_index, state: 'success' }))
      .filter((one) => index === null || one.map_index === Number(index))
      .filter((one) => part === undefined || one.rendered_map_index.includes(part))
      .filter(() => [null, 'success'].includes(searchParams.get('state')));
    return Response.json({ task_instances, total_entries: task_instances.length });
  },
};
beforeEach(() => client.use(answering));
afterEach(() => client.eject(answering));

async function found(label: string | undefined, state?: string): Promise<number[]> {
  const place = { dagId: 'd', runId: 'r', taskId: 't' };
  const answer = await new QueryClient().fetchQuery(mappedQuery(place, { label, state }, 50, 0, false));
  return answer.task_instances.map((one) => one.map_index);
}

describe('instances of a mapped task', () => {
  it('without labels are found by their index', async () => {
    labels = Array.from({ length: 60 }, (_, index) => String(index));
    expect(await found('5')).toEqual([5]);
    expect(await found('999')).toEqual([]);
    expect(await found(undefined)).toHaveLength(60);
  });

  it('with labels are found by their index, and by parts of their labels', async () => {
    labels = ['shop 10', 'shop 20', 'shop 21'];
    expect(await found('1')).toEqual([1]);
    expect(await found('shop 2')).toEqual([1, 2]);
    expect(await found('20')).toEqual([1]);
  });

  it('whose labels are numbers are found by these', async () => {
    labels = Array.from({ length: 30 }, (_, index) => String(1001 + index));
    expect(await found('1005')).toEqual([4]);
    expect(await found('29')).toEqual([28]);
    expect(await found('29', 'failed')).toEqual([]);
    labels = ['20241129', '99999999999', '007'];
    expect(await found('20241129')).toEqual([0]);
    expect(await found('99999999999')).toEqual([1]);
    expect(await found('007')).toEqual([2]);
  });
});
