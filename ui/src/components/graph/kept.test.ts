import { describe, expect, it } from 'vitest';
import { digestOf, packed, unpacked } from './kept';
import type { Drawn, Places } from './layout';

const node = (id: string) => ({ id, kind: 'task', label: id, parent: null, isFolded: false });
const graph: Drawn = {
  nodes: [node('a'), node('b'), node('c')],
  edges: [
    { from: 'a', to: 'b', label: 'yes' },
    { from: 'b', to: 'c', label: '' },
  ],
};
const places: Places = {
  nodes: new Map([
    ['a', { x: 0, y: 8, width: 128, height: 46 }],
    ['b', { x: 200, y: 8, width: 128, height: 46 }],
    ['c', { x: 400, y: 16, width: 280, height: 46 }],
  ]),
  routes: new Map([
    [
      'a>b',
      {
        points: [
          { x: 128, y: 31 },
          { x: 200, y: 31 },
        ],
        label: { x: 164, y: 31 },
      },
    ],
    [
      'b>c',
      {
        points: [
          { x: 328, y: 31 },
          { x: 360, y: 39 },
          { x: 400, y: 39 },
        ],
        label: null,
      },
    ],
  ]),
};

describe('places that are kept', () => {
  it('come back as they were', () => {
    expect(unpacked(graph, packed(graph, places))).toEqual(places);
  });

  it('are nothing for another graph', () => {
    const other: Drawn = { ...graph, edges: graph.edges.slice(1) };
    expect(unpacked(other, packed(graph, places))).toBeNull();
    expect(unpacked(graph, packed(other, places))).toBeNull();
    expect(unpacked(graph, new Float32Array())).toBeNull();
  });

  it('lack what was not placed', () => {
    const some: Places = { nodes: new Map([...places.nodes].slice(1)), routes: new Map() };
    expect(unpacked(graph, packed(graph, some))).toEqual(some);
  });
});

describe('a digest', () => {
  it('is the same for the same, and differs for what differs', () => {
    const texts = [
      '',
      'a',
      'b',
      'ab',
      'ba',
      ...Array.from({ length: 2000 }, (_, number) => `task_${number}`),
    ];
    expect(new Set(texts.map(digestOf)).size).toBe(texts.length);
    expect(digestOf('task_7')).toBe(digestOf('task_7'));
  });
});
