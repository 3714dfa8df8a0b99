import { describe, expect, it } from 'vitest';
import { around, flowOf, type Used } from './graph';

const used = (id: number, more: Partial<Used>): Used => ({
  id,
  name: `asset ${id}`,
  scheduled_dags: [],
  producing_tasks: [],
  consuming_tasks: [],
  ...more,
});

describe('the graph of assets', () => {
  it('leads from DAGs to what they write, and from there to DAGs that wait for it or read it', () => {
    const flow = flowOf([
      used(1, {
        producing_tasks: [{ dag_id: 'mill' }, { dag_id: 'mill' }],
        scheduled_dags: [{ dag_id: 'kitchen' }],
        consuming_tasks: [{ dag_id: 'shop' }],
      }),
    ]);
    expect(flow.edges.map(({ from, to, isRead }) => [from, to, isRead])).toEqual([
      ['dag:mill', 'asset:1', false],
      ['asset:1', 'dag:kitchen', false],
      ['asset:1', 'dag:shop', true],
    ]);
    expect(flow.nodes.map((node) => node.id)).toEqual(['asset:1', 'dag:mill', 'dag:kitchen', 'dag:shop']);
  });

  it('says that a DAG waits for what its tasks read, too', () => {
    const both = used(1, { scheduled_dags: [{ dag_id: 'shop' }], consuming_tasks: [{ dag_id: 'shop' }] });
    expect(flowOf([both]).edges).toEqual([{ from: 'asset:1', to: 'dag:shop', label: '', isRead: false }]);
  });

  it('has a part that hangs together, however far', () => {
    const flow = flowOf([
      used(1, { producing_tasks: [{ dag_id: 'a' }], scheduled_dags: [{ dag_id: 'b' }] }),
      used(2, { producing_tasks: [{ dag_id: 'b' }] }),
      used(3, { producing_tasks: [{ dag_id: 'elsewhere' }] }),
    ]);
    expect(around(flow, 'asset:2').nodes.map((node) => node.id)).toEqual([
      'asset:1',
      'dag:a',
      'dag:b',
      'asset:2',
    ]);
  });
});
