import { describe, expect, it } from 'vitest';
import type { ShownNode } from './GraphNodes';
import { fitted, meets, piecesOf, sightOf } from './picture';

const node = (id: string, x: number, y: number, parentId?: string) =>
  ({
    id,
    position: { x, y },
    width: 100,
    height: 40,
    ...(parentId === undefined ? {} : { parentId }),
  }) as ShownNode;

describe('pieces of a picture', () => {
  it('stand where their groups stand, however deep', () => {
    const pieces = piecesOf([node('a', 10, 20), node('b', 5, 6, 'a'), node('c', 1, 2, 'b')]);
    expect(pieces.map(({ left, top, right, bottom }) => [left, top, right, bottom])).toEqual([
      [10, 20, 110, 60],
      [15, 26, 115, 66],
      [16, 28, 116, 68],
    ]);
  });
});

describe('what is in sight', () => {
  it('is the part of the whole behind the window', () => {
    expect(sightOf({ x: -200, y: 100, zoom: 2 }, 800, 600)).toEqual({
      left: 100,
      top: -50,
      right: 500,
      bottom: 250,
    });
  });
  it('meets what reaches into it, and nothing beside it', () => {
    const sight = { left: 0, top: 0, right: 10, bottom: 10 };
    expect(meets({ left: -5, top: 4, right: 1, bottom: 6 }, sight)).toBe(true);
    expect(meets({ left: 11, top: 4, right: 12, bottom: 6 }, sight)).toBe(false);
    expect(meets({ left: 4, top: -9, right: 5, bottom: -1 }, sight)).toBe(false);
  });
});

describe('a text in a node', () => {
  const widthOf = (text: string) => text.length * 10;
  it('stays whole when it fits', () => expect(fitted('load', 40, widthOf)).toBe('load'));
  it('is cut as late as possible', () => expect(fitted('load_all', 50, widthOf)).toBe('load…'));
  it('is only dots where there is no room', () => expect(fitted('load', 5, widthOf)).toBe('…'));
});
