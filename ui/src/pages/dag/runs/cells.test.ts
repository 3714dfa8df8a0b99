import { describe, expect, it } from 'vitest';
import { type Cell, nextOf } from './Cells';

const at = (x: number, y: number) => ({ key: `${x} ${y}`, x, y }) as Cell;

describe('arrows from square to square', () => {
  const cells = [at(0, 0), at(40, 0), at(20, 20), at(0, 60)];
  const next = (from: Cell, direction: [number, number]) => nextOf(cells, from, direction)?.key;

  it('stay in the line, over gaps', () => {
    expect(next(at(0, 0), [1, 0])).toBe('40 0');
    expect(next(at(0, 0), [0, 1])).toBe('0 60');
    expect(next(at(40, 0), [-1, 0])).toBe('0 0');
  });

  it('leave it where there is nothing more in it, and end at the edge', () => {
    expect(next(at(40, 0), [0, 1])).toBe('20 20');
    expect(next(at(0, 0), [0, -1])).toBeUndefined();
  });
});
