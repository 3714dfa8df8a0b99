import { describe, expect, it } from 'vitest';
import { inLine, nameOf } from './query';

const one = { dag_id: 'a', dag_run_id: 'b', task_id: 'c', map_index: -1, key: 'd' };

describe('a value among all', () => {
  it('has a name of its own in the address, whatever stands in its ids', () => {
    const others = [one, { ...one, map_index: 0 }, { ...one, key: 'D' }];
    const odd = { ...one, task_id: 'c","x', key: 'd' };
    const split = { ...one, task_id: 'c', key: 'x","d' };
    expect(new Set([...others, odd, split].map(nameOf)).size).toBe(5);
  });

  it('is shown in one line', () => {
    expect(inLine(' {\n  "bread": 3,\r\n\t"cake":  4\n}\n')).toBe('{ "bread": 3, "cake": 4 }');
  });
});
