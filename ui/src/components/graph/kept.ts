/**
 * Where graphs were placed, kept by the browser: a graph that was seen before shows at once.
 *
 * Only numbers are kept, in the order of the graph's own nodes and edges, under a digest of it: no name of a task stays
 * behind. A browser that keeps nothing (or is full) places anew.
 */
import type { Drawn, Places, Route } from '@/components/graph/layout';

/** Grows when graphs are placed in another way. */
const EDITION = 2;
const KEPT_MAX = 100;
const [NAME, STORE] = ['windward', 'places'];

interface Kept {
  key: string;
  at: number;
  numbers: Float32Array;
}

/** Return a digest of a text, of 106 bits: two graphs of one browser do not meet in it. */
export function digestOf(text: string): string {
  const halves = [0x9e3779b9, 0x85ebca6b].map((seed) => {
    let [high, low] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
  });
  return `${EDITION}.${text.length.toString(36)}.${halves.join('.')}`;
}

/** Write places as numbers: four of each node; of each edge how many points, the points, and its label or NaN. */
export function packed(graph: Drawn, places: Places): Float32Array {
  const numbers: number[] = [];
  for (const { id } of graph.nodes) {
    const place = places.nodes.get(id);
    numbers.push(place?.x ?? Number.NaN, place?.y ?? 0, place?.width ?? 0, place?.height ?? 0);
  }
  for (const { from, to } of graph.edges) {
    const route = places.routes.get(`${from}>${to}`);
    numbers.push(route?.points.length ?? 0);
    for (const { x, y } of route?.points ?? []) numbers.push(x, y);
    numbers.push(route?.label?.x ?? Number.NaN, route?.label?.y ?? Number.NaN);
  }
  return new Float32Array(numbers);
}

/** Read places back; null when the numbers are not of this graph. */
export function unpacked(graph: Drawn, numbers: Float32Array): Places | null {
  const places: Places = { nodes: new Map(), routes: new Map() };
  let at = 0;
  const next = () => {
    at += 1;
    return numbers[at - 1] ?? Number.NaN;
  };
  for (const { id } of graph.nodes) {
    const [x, y, width, height] = [next(), next(), next(), next()];
    if (!Number.isNaN(x)) places.nodes.set(id, { x, y, width, height });
  }
  for (const { from, to } of graph.edges) {
    const count = next();
    if (!(count >= 0 && at + 2 * count + 2 <= numbers.length)) return null;
    const points = Array.from({ length: count }, () => ({ x: next(), y: next() }));
    const label = { x: next(), y: next() };
    const route: Route = { points, label: Number.isNaN(label.x) ? null : label };
    if (count > 0) places.routes.set(`${from}>${to}`, route);
  }
  return at === numbers.length ? places : null;
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(STORE, { keyPath: 'key' }).createIndex('at', 'at');
    };
    request.onsuccess = () => {
      // Another tab, or the browser, may want it gone.
      request.result.onversionchange = () => request.result.close();
      request.result.onclose = () => {
        opened = null;
      };
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Return where a graph was placed before, or null. */
export async function kept(key: string, graph: Drawn): Promise<Places | null> {
  try {
    const store = (await database()).transaction(STORE, 'readwrite').objectStore(STORE);
    const found = (await answered(store.get(key))) as Kept | undefined;
    if (found === undefined) return null;
    store.put({ ...found, at: Date.now() } satisfies Kept);
    return unpacked(graph, found.numbers);
  } catch {
    return null;
  }
}

/** Keep where a graph was placed; those that were not looked at for longest make room. */
export async function keep(key: string, graph: Drawn, places: Places): Promise<void> {
  try {
    const store = (await database()).transaction(STORE, 'readwrite').objectStore(STORE);
    store.put({ key, at: Date.now(), numbers: packed(graph, places) } satisfies Kept);
    let tooMany = (await answered(store.count())) - KEPT_MAX;
    if (tooMany <= 0) return;
    store.index('at').openKeyCursor().onsuccess = (event) => {
      const cursor = (event.target as IDBRequest<IDBCursor | null>).result;
      if (cursor === null || tooMany <= 0) return;
      tooMany -= 1;
      store.delete(cursor.primaryKey);
      cursor.continue();
    };
  } catch {
    // It is placed anew the next time.
  }
}
