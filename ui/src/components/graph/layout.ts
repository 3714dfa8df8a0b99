/** Places a graph and leads its edges around nodes: elk does it, in a worker of its own. What was placed is kept. */
import ELK, { type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { digestOf, keep, kept } from '@/components/graph/kept';
import type { Point } from '@/components/graph/path';

/** What is to be placed. A group that is open contains others. */
export interface Drawn {
  nodes: readonly { id: string; kind: string; label: string; parent: string | null; isFolded: boolean }[];
  edges: readonly { from: string; to: string; label: string }[];
}
export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}
/** How an edge goes, in coordinates of the whole; `label` is where the middle of its text stands. */
export interface Route {
  points: Point[];
  label: Point | null;
}
export interface Places {
  nodes: Map<string, Place>;
  /** By `from>to`. */
  routes: Map<string, Route>;
}

const REMEMBERED_MAX = 40;
const NODE_HEIGHT = 46;
const HEAD = 34;
const remembered = new Map<string, Promise<Places>>();
let elk: InstanceType<typeof ELK> | null = null;

const LABEL_HEIGHT = 16;

const widthOf = (label: string) => Math.max(128, Math.min(300, 62 + label.length * 8));

/** Groups do not inherit it. */
const SPACING = { 'elk.spacing.nodeNode': '16', 'elk.layered.spacing.nodeNodeBetweenLayers': '56' };
/** From so many nodes on, a quick and dense picture is worth more than one with the straightest ways. */
const LARGE = 150;
const QUICK = {
  'elk.edgeRouting': 'POLYLINE',
  'elk.layered.nodePlacement.strategy': 'SIMPLE',
  'elk.layered.thoroughness': '2',
};

export type Direction = 'right' | 'down';

/** Return where each node stands, relative to its container. */
export function placesOf(name: string, graph: Drawn, direction: Direction): Promise<Places> {
  const key = `${direction} ${name}`;
  const digest = digestOf(key);
  const known = remembered.get(digest);
  if (known !== undefined) return known;
  const placed = (async () => {
    const before = await kept(digest, graph);
    if (before !== null) return before;
    const places = await place(graph, direction);
    void keep(digest, graph, places);
    return places;
  })();
  remembered.set(digest, placed);
  placed.catch(() => remembered.delete(digest));
  if (remembered.size > REMEMBERED_MAX) remembered.delete(remembered.keys().next().value ?? '');
  return placed;
}

function place(graph: Drawn, direction: Direction): Promise<Places> {
  elk ??= new ELK({ workerFactory: () => new Worker(workerUrl) });
  const parts = new Map<string | null, ElkNode[]>();
  const made = new Map<string, ElkNode>();
  for (const node of graph.nodes) {
    const isOpen = node.kind === 'group' && !node.isFolded;
    const one: ElkNode = isOpen
      ? {
          id: node.id,
          children: [],
          layoutOptions: { ...SPACING, 'elk.padding': `[top=${HEAD + 8},left=16,bottom=16,right=16]` },
        }
      : { id: node.id, width: widthOf(node.label), height: NODE_HEIGHT };
    made.set(node.id, one);
    const siblings = parts.get(node.parent) ?? [];
    siblings.push(one);
    parts.set(node.parent, siblings);
  }
  for (const [parent, children] of parts) {
    const node = parent === null ? undefined : made.get(parent);
    if (node !== undefined) node.children = children;
  }
  return elk
    .layout({
      id: 'all',
      children: parts.get(null) ?? [],
      edges: graph.edges.map(({ from, to, label }) => ({
        id: `${from}>${to}`,
        sources: [from],
        targets: [to],
        labels: label === '' ? [] : [{ text: label, width: 10 + label.length * 6.4, height: LABEL_HEIGHT }],
      })),
      layoutOptions: {
        'elk.algorithm': 'layered',
        'elk.direction': direction === 'right' ? 'RIGHT' : 'DOWN',
        'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
        ...SPACING,
        'elk.json.edgeCoords': 'ROOT',
        'elk.edgeLabels.inline': 'true',
        'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
        ...(graph.nodes.length > LARGE ? QUICK : {}),
      },
    })
    .then((root) => {
      const places: Places = { nodes: new Map(), routes: new Map() };
      const walk = (node: ElkNode) => {
        for (const edge of node.edges ?? []) {
          const section = edge.sections?.[0];
          const label = edge.labels?.[0];
          if (section === undefined) continue;
          places.routes.set(edge.id, {
            points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint],
            label:
              label === undefined
                ? null
                : {
                    x: (label.x ?? 0) + (label.width ?? 0) / 2,
                    y: (label.y ?? 0) + (label.height ?? 0) / 2,
                  },
          });
        }
        for (const part of node.children ?? []) {
          places.nodes.set(part.id, {
            x: part.x ?? 0,
            y: part.y ?? 0,
            width: part.width ?? 0,
            height: part.height ?? 0,
          });
          walk(part);
        }
      };
      walk(root);
      return places;
    });
}
