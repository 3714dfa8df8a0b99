/** Where a graph is looked at first: whole where it can be read so, else at a scale that can be read. Pure. */
import type { Direction } from './layout';

export interface Box {
  id: string;
  left: number;
  top: number;
  width: number;
  height: number;
}
export interface Size {
  width: number;
  height: number;
}
export interface View {
  x: number;
  y: number;
  zoom: number;
}
interface Part {
  id: string;
  parentId?: string | undefined;
  position: { x: number; y: number };
  width?: number | undefined;
  height?: number | undefined;
}

/** No picture is larger than this at first. */
const ZOOM_MAX = 1.1;
/** At this, words can be read anywhere. */
const READABLE = 0.75;
/** The whole in sight is worth more than its smallest words where there is room; a part of it is not, nor is a phone's. */
const WHOLE_LEAST = { wide: 0.4, narrow: READABLE };
/** What stays free at each side, of the whole. */
const PADDING = 0.04;

/** Boxes of all parts in the coordinates of the whole; parts stand behind what they are in. */
export function boxesOf(parts: readonly Part[]): Box[] {
  const found = new Map<string, Box>();
  for (const { id, parentId, position, width = 0, height = 0 } of parts) {
    const outer = parentId === undefined ? undefined : found.get(parentId);
    const left = position.x + (outer?.left ?? 0);
    found.set(id, { id, left, top: position.y + (outer?.top ?? 0), width, height });
  }
  return [...found.values()];
}

/** The box around boxes. */
export function wholeOf(boxes: readonly Box[]): Box {
  const left = Math.min(...boxes.map((one) => one.left));
  const top = Math.min(...boxes.map((one) => one.top));
  const right = Math.max(...boxes.map((one) => one.left + one.width));
  const bottom = Math.max(...boxes.map((one) => one.top + one.height));
  return { id: '', left, top, width: right - left, height: bottom - top };
}

/** Whether all of a box is in sight. */
export function isInSight(whole: Box, size: Size, { x, y, zoom }: View): boolean {
  const left = whole.left * zoom + x;
  const top = whole.top * zoom + y;
  return (
    left >= -1 &&
    top >= -1 &&
    left + whole.width * zoom <= size.width + 1 &&
    top + whole.height * zoom <= size.height + 1
  );
}

/** The box that a graph begins with, in the middle of those beside it. */
function firstOf(boxes: readonly Box[], whole: Box, direction: Direction): Box {
  const along = (one: Box) => (direction === 'right' ? one.left : one.top);
  const aside = (one: Box) =>
    direction === 'right'
      ? Math.abs(one.top + one.height / 2 - whole.top - whole.height / 2)
      : Math.abs(one.left + one.width / 2 - whole.left - whole.width / 2);
  return boxes.reduce((best, one) =>
    along(one) < along(best) || (along(one) === along(best) && aside(one) < aside(best)) ? one : best,
  );
}

/** Return the offset of an axis that brings a middle there, and shows nothing beyond the whole in vain. */
function offset(from: number, length: number, middle: number, size: number, zoom: number): number {
  const free = size * PADDING;
  if (length * zoom + 2 * free <= size) return size / 2 - (from + length / 2) * zoom;
  return Math.min(
    free - from * zoom,
    Math.max(size - free - (from + length) * zoom, size / 2 - middle * zoom),
  );
}

/** Return where to look first: at `chosen` if there is such a box, else at the beginning, unless the whole can be read. */
export function beginOf(
  boxes: readonly Box[],
  size: Size,
  { chosen, direction, isNarrow }: { chosen: string | null; direction: Direction; isNarrow: boolean },
): View {
  const whole = wholeOf(boxes);
  const room = 1 - 2 * PADDING;
  const fit = Math.min(
    ZOOM_MAX,
    (size.width * room) / Math.max(1, whole.width),
    (size.height * room) / Math.max(1, whole.height),
  );
  const at = boxes.find((one) => one.id === chosen) ?? null;
  const least = at === null ? WHOLE_LEAST[isNarrow ? 'narrow' : 'wide'] : READABLE;
  const zoom = fit >= least ? fit : READABLE;
  const middle = at ?? firstOf(boxes, whole, direction);
  return {
    x: offset(whole.left, whole.width, middle.left + middle.width / 2, size.width, zoom),
    y: offset(whole.top, whole.height, middle.top + middle.height / 2, size.height, zoom),
    zoom,
  };
}
