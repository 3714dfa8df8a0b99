import { describe, expect, it } from 'vitest';
import { changed, read } from './watched';

const run = (number: number) => ({ dagId: 'bakery', runId: `r${number}` });

describe('watched runs', () => {
  it('are each there once, the newest last, and gone when nobody wants them', () => {
    const two = changed(changed([], run(1), true), run(2), true);
    expect(changed(two, run(1), true)).toEqual([run(2), run(1)]);
    expect(changed(two, run(1), false)).toEqual([run(2)]);
  });

  it('are no more than twenty', () => {
    let runs = changed([], run(0), true);
    for (let number = 1; number < 30; number += 1) runs = changed(runs, run(number), true);
    expect(runs).toHaveLength(20);
    expect(runs.at(-1)).toEqual(run(29));
  });

  it('are none where the browser keeps something else', () => {
    for (const text of [null, '', '{', '{}', '[1, null, {"dagId": 1}]']) expect(read(text)).toEqual([]);
  });
});
