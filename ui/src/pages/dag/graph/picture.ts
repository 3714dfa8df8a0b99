/** The picture of a large graph that is shown while it is moved: what its nodes and ways look like, drawn. */
import type { Palette } from '@/components/canvas/palette';
import { sign } from '@/components/canvas/sign';
import { arrowOf, pathOf } from '@/components/graph/path';
import type { Way, WayLook } from '@/components/graph/Ways';
import { lookOf } from '@/lib/states';
import type { ShownNode } from '@/pages/dag/graph/GraphNodes';

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** A node where it stands in the whole, and not in its group. */
export interface Piece extends Box {
  node: ShownNode;
}

/** A way, and where it goes. */
interface Line extends Box {
  way: Way;
  path: Path2D;
  arrow: Path2D;
}

export interface Picture {
  pieces: readonly Piece[];
  lines: readonly Line[];
  /** All ways of a look in one: seen from far, they are drawn at once. */
  all: ReadonlyMap<WayLook, Path2D>;
  /** Texts as they fit into their nodes, made when first drawn. */
  fitted: Map<string, string>;
}

export interface Viewport {
  x: number;
  y: number;
  zoom: number;
}

const ROUND = 6;
const EDGE = 4;
const INSET = 10;
const SIGN = 12;
const GAP = 6;
const LOOKS: readonly WayLook[] = ['asset', 'plain', 'critical'];

/** Return the part of the whole that is in sight. */
export function sightOf({ x, y, zoom }: Viewport, width: number, height: number): Box {
  return { left: -x / zoom, top: -y / zoom, right: (width - x) / zoom, bottom: (height - y) / zoom };
}

export function meets(a: Box, b: Box): boolean {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

/** Return the nodes where they stand in the whole; those of a group stand relative to it, and come after it. */
export function piecesOf(nodes: readonly ShownNode[]): Piece[] {
  const found = new Map<string, Piece>();
  for (const node of nodes) {
    const group = node.parentId === undefined ? undefined : found.get(node.parentId);
    const [left, top] = [(group?.left ?? 0) + node.position.x, (group?.top ?? 0) + node.position.y];
    found.set(node.id, {
      node,
      left,
      top,
      right: left + (node.width ?? 0),
      bottom: top + (node.height ?? 0),
    });
  }
  return [...found.values()];
}

/** Make ready what is drawn in each frame. */
export function pictureOf(nodes: readonly ShownNode[], ways: readonly Way[]): Picture {
  const all = new Map<WayLook, Path2D>(LOOKS.map((look) => [look, new Path2D()]));
  const lines = ways.map((way): Line => {
    const { points } = way.route;
    const [path, arrow] = [new Path2D(pathOf(points)), new Path2D(arrowOf(points))];
    const [across, down] = [points.map(({ x }) => x), points.map(({ y }) => y)];
    const straight = all.get(way.look);
    points.forEach(({ x, y }, at) => {
      if (at === 0) straight?.moveTo(x, y);
      else straight?.lineTo(x, y);
    });
    return {
      way,
      path,
      arrow,
      left: Math.min(...across) - ROUND,
      top: Math.min(...down) - ROUND,
      right: Math.max(...across) + ROUND,
      bottom: Math.max(...down) + ROUND,
    };
  });
  return { pieces: piecesOf(nodes), lines, all, fitted: new Map() };
}

/** Return a text cut so that it fits, with dots where something is missing. */
export function fitted(text: string, room: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= room) return text;
  let [fits, most] = [0, text.length];
  while (fits < most) {
    const middle = Math.ceil((fits + most) / 2);
    if (widthOf(`${text.slice(0, middle)}…`) <= room) fits = middle;
    else most = middle - 1;
  }
  return `${text.slice(0, fits)}…`;
}

function write(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  text: string,
  [x, y, room]: readonly [number, number, number],
): void {
  const key = `${ctx.font}\n${room}\n${text}`;
  let short = picture.fitted.get(key);
  if (short === undefined) {
    short = fitted(text, room, (some) => ctx.measureText(some).width);
    picture.fitted.set(key, short);
  }
  ctx.fillText(short, x, y);
}

function drawLines(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  sight: Box,
  isFar: boolean,
): void {
  for (const look of LOOKS) {
    const isCritical = look === 'critical';
    const colour = isCritical ? palette.accent : (palette.states.queued ?? palette.dim);
    ctx.strokeStyle = colour;
    ctx.fillStyle = colour;
    ctx.lineWidth = isCritical ? 2.5 : 1;
    ctx.globalAlpha = isCritical ? 1 : 0.8;
    if (isFar) {
      ctx.stroke(picture.all.get(look) ?? new Path2D());
      continue;
    }
    ctx.setLineDash(look === 'asset' ? [4, 3] : []);
    for (const line of picture.lines) {
      if (line.way.look !== look || !meets(line, sight)) continue;
      ctx.stroke(line.path);
      ctx.fill(line.arrow);
    }
  }
  ctx.globalAlpha = 1;
  ctx.setLineDash([]);
  if (isFar) return;
  ctx.font = `11px ${palette.font}`;
  ctx.textAlign = 'center';
  for (const line of picture.lines) {
    const { label } = line.way.route;
    if (label === null || !meets(line, sight)) continue;
    ctx.lineWidth = 4;
    ctx.strokeStyle = palette.surface;
    ctx.strokeText(line.way.label, label.x, label.y);
    ctx.fillStyle = palette.text;
    ctx.fillText(line.way.label, label.x, label.y);
  }
  ctx.textAlign = 'left';
}

function drawGroup(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  piece: Piece,
  isFar: boolean,
): void {
  const { left, top, right, bottom, node } = piece;
  ctx.beginPath();
  ctx.roundRect(left + 0.5, top + 0.5, right - left - 1, bottom - top - 1, ROUND + 2);
  ctx.globalAlpha = 0.55;
  ctx.fillStyle = palette.hover;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1;
  ctx.strokeStyle = palette.states.queued ?? palette.dim;
  ctx.setLineDash([3, 3]);
  ctx.stroke();
  ctx.setLineDash([]);
  if (isFar) return;
  ctx.font = `600 13px ${palette.font}`;
  ctx.fillStyle = palette.text;
  write(ctx, picture, `▾ ${node.data.label}`, [left + INSET, top + 16, right - left - 2 * INSET]);
}

function drawFar(ctx: CanvasRenderingContext2D, palette: Palette, { left, top, right, bottom, node }: Piece) {
  const colour = palette.states[lookOf(node.data.state).colour] ?? palette.dim;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.globalAlpha = 0.6;
  ctx.fillStyle = colour;
  ctx.fillRect(left, top, right - left, bottom - top);
  ctx.globalAlpha = 1;
  ctx.fillRect(left, top, EDGE, bottom - top);
  if (!node.data.isCritical) return;
  ctx.lineWidth = 2;
  ctx.strokeStyle = palette.accent;
  ctx.strokeRect(left - 1, top - 1, right - left + 2, bottom - top + 2);
}

function drawFrame(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  { left, top, right, bottom, node }: Piece,
) {
  const { data } = node;
  const [width, height] = [right - left, bottom - top];
  const isAsset = node.type === 'asset';
  if (data.isCritical) {
    ctx.beginPath();
    ctx.roundRect(left - 2, top - 2, width + 4, height + 4, ROUND + 2);
    ctx.fillStyle = palette.accent;
    ctx.fill();
  }
  ctx.beginPath();
  ctx.roundRect(left + 0.5, top + 0.5, width - 1, height - 1, isAsset ? height / 2 : ROUND);
  ctx.fillStyle = isAsset ? palette.hover : palette.surface;
  ctx.fill();
  ctx.lineWidth = 1;
  ctx.strokeStyle = isAsset ? (palette.states.queued ?? palette.dim) : palette.line;
  ctx.stroke();
  if (isAsset) return;
  ctx.beginPath();
  ctx.roundRect(left, top, EDGE, height, [ROUND, 0, 0, ROUND]);
  ctx.fillStyle = palette.states[lookOf(data.state).colour] ?? palette.dim;
  ctx.fill();
}

/** Draw the sign of a state, as large as it is said, and return where it ends. */
function drawSign(
  ctx: CanvasRenderingContext2D,
  palette: Palette,
  state: string | null,
  [x, y, size]: readonly [number, number, number],
): number {
  const look = lookOf(state);
  ctx.save();
  ctx.translate(x, y);
  ctx.scale(size / SIGN, size / SIGN);
  sign(ctx, look.shape, palette.states[look.colour] ?? palette.dim);
  ctx.restore();
  return x + size;
}

function drawNode(ctx: CanvasRenderingContext2D, picture: Picture, palette: Palette, piece: Piece): void {
  const { left, top, right, node } = piece;
  const { data } = node;
  const isAsset = node.type === 'asset';
  const begin = left + (isAsset ? SIGN + 1 : EDGE + INSET);
  const end = right - INSET - 1;
  drawFrame(ctx, palette, piece);
  let x = begin;
  if (isAsset) x += SIGN + GAP;
  else if (data.state !== null) x = GAP + drawSign(ctx, palette, data.state, [begin, top + 9, SIGN]);
  ctx.font = `600 13px ${palette.font}`;
  ctx.fillStyle = palette.text;
  write(ctx, picture, `${data.toggle === null ? '' : '▸ '}${data.label}`, [x, top + 15, end - x]);
  ctx.font = `11px ${palette.font}`;
  ctx.fillStyle = palette.dim;
  if (data.counts.length === 0) {
    write(ctx, picture, data.under, [begin, top + 33, end - begin]);
    return;
  }
  let at = begin;
  for (const [state, count] of data.counts) {
    const after = drawSign(ctx, palette, state, [at, top + 28.5, 9]) + 3;
    ctx.fillStyle = palette.dim;
    ctx.fillText(String(count), after, top + 33);
    at = after + 8 + ctx.measureText(String(count)).width;
  }
}

/** Draw what is in sight. The context is scaled to the pixels of the screen already. */
export function draw(
  ctx: CanvasRenderingContext2D,
  picture: Picture,
  palette: Palette,
  { viewport, width, height, isFar }: { viewport: Viewport; width: number; height: number; isFar: boolean },
): void {
  const sight = sightOf(viewport, width, height);
  ctx.clearRect(0, 0, width, height);
  ctx.save();
  ctx.translate(viewport.x, viewport.y);
  ctx.scale(viewport.zoom, viewport.zoom);
  ctx.textBaseline = 'middle';
  const seen = picture.pieces.filter((piece) => meets(piece, sight));
  for (const piece of seen) {
    if (piece.node.type === 'container') drawGroup(ctx, picture, palette, piece, isFar);
  }
  for (const piece of seen) {
    if (piece.node.type === 'container') continue;
    if (isFar) drawFar(ctx, palette, piece);
    else drawNode(ctx, picture, palette, piece);
  }
  drawLines(ctx, picture, palette, sight, isFar);
  ctx.restore();
}
