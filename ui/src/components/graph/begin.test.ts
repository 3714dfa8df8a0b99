import { describe, expect, it } from 'vitest';
import { type Box, beginOf, boxesOf, isInSight, wholeOf } from './begin';

const box = (id: string, left: number, top: number): Box => ({ id, left, top, width: 100, height: 50 });
/** A root, and a row of many below it. */
const TREE = [box('root', 1950, 0), ...Array.from({ length: 40 }, (_, n) => box(`leaf${n}`, n * 100, 200))];
const PHONE = { width: 376, height: 520 };
const DESK = { width: 1200, height: 520 };
const look = { chosen: null, direction: 'down', isNarrow: true } as const;

/** Where the middle of a box is on the screen. */
function seen(boxes: readonly Box[], id: string, view: { x: number; y: number; zoom: number }) {
  const one = boxes.find((each) => each.id === id);
  if (one === undefined) throw new Error(id);
  return [(one.left + 50) * view.zoom + view.x, (one.top + 25) * view.zoom + view.y] as const;
}

describe('a graph that is looked at first', () => {
  it('is whole, and not too large, where it can be read so', () => {
    const few = [box('a', 0, 0), box('b', 0, 100)];
    const view = beginOf(few, PHONE, look);
    expect(view.zoom).toBe(1.1);
    expect(isInSight(wholeOf(few), PHONE, view)).toBe(true);
    expect(seen(few, 'a', view)[0]).toBeCloseTo(PHONE.width / 2);
  });

  it('begins at its beginning on a phone, at a scale that can be read', () => {
    const view = beginOf(TREE, PHONE, look);
    expect(view.zoom).toBeGreaterThanOrEqual(0.75);
    const [x, y] = seen(TREE, 'root', view);
    expect(x).toBeCloseTo(PHONE.width / 2);
    expect(y).toBeGreaterThan(0);
    expect(y).toBeLessThan(PHONE.height);
    expect(isInSight(wholeOf(TREE), PHONE, view)).toBe(false);
  });

  it('is whole where there is room for an overview, and else as large as it is read', () => {
    const wide = { ...look, isNarrow: false };
    const some = [box('a', 0, 0), box('b', 0, DESK.height * 1.6)];
    const view = beginOf(some, DESK, wide);
    expect(view.zoom).toBeLessThan(0.75);
    expect(isInSight(wholeOf(some), DESK, view)).toBe(true);
    expect(beginOf(TREE, DESK, wide).zoom).toBe(0.75);
  });

  it('begins at what was chosen, readable anywhere, and shows nothing beyond the edge in vain', () => {
    const middle = beginOf(TREE, DESK, { chosen: 'leaf20', direction: 'down', isNarrow: false });
    expect(middle.zoom).toBeGreaterThanOrEqual(0.75);
    expect(seen(TREE, 'leaf20', middle)[0]).toBeCloseTo(DESK.width / 2);
    const edge = beginOf(TREE, DESK, { chosen: 'leaf0', direction: 'down', isNarrow: false });
    expect(seen(TREE, 'leaf0', edge)[0]).toBeLessThan(DESK.width / 4);
    expect(seen(TREE, 'leaf0', edge)[0]).toBeGreaterThan(0);
  });
});

describe('the boxes of a graph', () => {
  it('are in coordinates of the whole, also inside of groups', () => {
    const size = { width: 10, height: 10 };
    const [, inner] = boxesOf([
      { id: 'g', position: { x: 100, y: 50 }, width: 200, height: 200 },
      { id: 'a', parentId: 'g', position: { x: 5, y: 6 }, ...size },
    ]);
    expect(inner).toMatchObject({ left: 105, top: 56 });
  });
});
