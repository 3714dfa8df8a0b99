import { describe, expect, it } from 'vitest';
import { carryOut, problemsOf } from './carryOut';
import { asShown, between, CHOSEN_MAX, extent, type Kept, withRows } from './choose';

const keyOf = (row: string) => row;
const kept = (...rows: string[]): Kept<string> => new Map(rows.map((row) => [row, row]));

describe('a choice of rows', () => {
  it('reaches from the last press to this one, upwards as well as downwards', () => {
    expect(between(['a', 'b', 'c', 'd'], keyOf, 'b', 'd')).toEqual(['b', 'c', 'd']);
    expect(between(['a', 'b', 'c', 'd'], keyOf, 'c', 'a')).toEqual(['a', 'b', 'c']);
  });

  it('is one row where the last press is not shown any more', () => {
    expect(between(['a', 'b'], keyOf, 'gone', 'b')).toEqual(['b']);
    expect(between(['a', 'b'], keyOf, null, 'b')).toEqual(['b']);
  });

  it('has a limit, and loses nothing that it has', () => {
    const many = Array.from({ length: CHOSEN_MAX + 5 }, (_, number) => String(number));
    const full = withRows(kept('first'), many, keyOf, true);
    expect(full.size).toBe(CHOSEN_MAX);
    expect(full.has('first')).toBe(true);
  });

  it('counts what the list no longer shows, and has what it shows as it is now', () => {
    const of = (row: { id: string }) => row.id;
    const before = new Map([
      ['a', { id: 'a', state: 'running' }],
      ['b', { id: 'b', state: 'running' }],
    ]);
    expect(asShown(before, [{ id: 'a', state: 'failed' }], of)).toEqual({
      rows: [
        { id: 'a', state: 'failed' },
        { id: 'b', state: 'running' },
      ],
      away: 1,
    });
  });

  it('is none, some or all of a list; of an empty list it is none', () => {
    expect(extent(kept('a'), ['b'], keyOf)).toBe('none');
    expect(extent(kept('a'), ['a', 'b'], keyOf)).toBe('some');
    expect(extent(kept('a', 'b', 'c'), ['a', 'b'], keyOf)).toBe('all');
    expect(extent(kept(), [], keyOf)).toBe('none');
  });
});

describe('what is done to many rows', () => {
  it('has an outcome for each row, also when a request fails', async () => {
    const step = async (some: readonly string[]) => {
      if (some.includes('c')) throw new Error('the server is away');
      return some.map((row) => (row === 'b' ? 'it runs' : null));
    };
    expect(await carryOut(['a', 'b', 'c', 'd', 'e'], step, { size: 2 })).toEqual([
      { row: 'a', problem: null },
      { row: 'b', problem: 'it runs' },
      { row: 'c', problem: 'the server is away' },
      { row: 'd', problem: 'the server is away' },
      { row: 'e', problem: null },
    ]);
  });

  it('leaves the rest alone once it is stopped, and says so of each', async () => {
    let done = 0;
    const outcomes = await carryOut(['a', 'b', 'c'], async () => [null], {
      size: 1,
      tell: (count) => {
        done = count;
      },
      isStopped: () => (done > 0 ? 'stopped' : null),
    });
    expect(outcomes.map((one) => one.problem)).toEqual([null, 'stopped', 'stopped']);
  });

  it('is told apart by name: done, refused, and not there any more', () => {
    const answer = { success: ['d.r1'], errors: [{ name: 'd.r2', error: 'it runs' }] };
    expect(problemsOf(['d.r1', 'd.r2', 'd.r3'], answer, 'gone')).toEqual([null, 'it runs', 'gone']);
  });

  it('is done of a mapped task when it was done of any of its instances', () => {
    expect(problemsOf(['d.r.t', 'd.r.t2'], { success: ['d.r.t[0]', 'd.r.t[1]'] }, 'gone')).toEqual([
      null,
      'gone',
    ]);
  });

  it('is refused for a reason without a name where no better is known', () => {
    expect(problemsOf(['a', 'b'], { success: ['a'], errors: [{ error: 'no' }] }, 'gone')).toEqual([
      null,
      'no',
    ]);
  });
});
