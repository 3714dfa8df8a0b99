/** Draws the part of a grid that is in view. Cells are stamped from small pictures that are made once. */
import { lookOf, type Shape } from '@/lib/states';
import {
  type Column,
  countsAt,
  type Line,
  type Measures,
  type Spot,
  shortCount,
  stateAt,
  type View,
  visible,
} from '@/pages/dag/grid/model';

export const CELL = 16;
const BARS = 42;
const TICKS = 16;
const SIGN = 9;
const INDENT = 14;
const LEAST_BAR = 3;
const TICK_ROOM = 46;

export const MEASURES = { head: TICKS + BARS + SIGN + 7, row: 22, column: 20 };

/** States that are drawn filled; the others are outlined, so that a picture without colour still tells them apart. */
const FILLED = new Set([
  'success',
  'failed',
  'running',
  'restarting',
  'up_for_retry',
  'deferred',
  'awaiting_input',
]);

export interface Palette {
  surface: string;
  line: string;
  text: string;
  dim: string;
  accent: string;
  hover: string;
  font: string;
  states: Record<string, string>;
}

/** The colours of the theme as it is now. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const value = (name: string) => style.getPropertyValue(name).trim();
  const names = ['success', 'failed', 'upstream', 'running', 'queued', 'retry', 'waiting', 'skipped', 'none'];
  return {
    surface: value('--ww-surface'),
    line: value('--ww-line'),
    text: value('--ww-text'),
    dim: value('--ww-dim'),
    accent: value('--ww-accent'),
    hover: value('--ww-hover'),
    font: style.fontFamily,
    states: Object.fromEntries(names.map((name) => [name, value(`--state-${name}`)])),
  };
}

/** Draw a sign into a box of 12 by 12. Success has none inside of a cell: the calm one stays calm. */
function sign(ctx: CanvasRenderingContext2D, shape: Shape, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineCap = 'round';
  ctx.lineWidth = 1.8;
  ctx.beginPath();
  switch (shape) {
    case 'disc':
      ctx.arc(6, 6, 4.5, 0, 2 * Math.PI);
      ctx.fill();
      return;
    case 'ring':
      ctx.lineWidth = 1.5;
      ctx.arc(6, 6, 3.75, 0, 2 * Math.PI);
      break;
    case 'cross':
      ctx.lineWidth = 2.2;
      ctx.moveTo(2.5, 2.5);
      ctx.lineTo(9.5, 9.5);
      ctx.moveTo(9.5, 2.5);
      ctx.lineTo(2.5, 9.5);
      break;
    case 'arrow':
      ctx.moveTo(3, 1.8);
      ctx.lineTo(3, 10.2);
      ctx.lineTo(10.2, 6);
      ctx.fill();
      return;
    case 'pause':
      ctx.lineWidth = 2.4;
      ctx.moveTo(3.5, 2);
      ctx.lineTo(3.5, 10);
      ctx.moveTo(8.5, 2);
      ctx.lineTo(8.5, 10);
      break;
    case 'dots':
      for (const x of [2, 6, 10]) {
        ctx.moveTo(x + 1.3, 6);
        ctx.arc(x, 6, 1.3, 0, 2 * Math.PI);
      }
      ctx.fill();
      return;
    case 'clock':
      ctx.lineWidth = 1.5;
      ctx.arc(6, 6, 4.2, 0, 2 * Math.PI);
      ctx.moveTo(6, 3.6);
      ctx.lineTo(6, 6);
      ctx.lineTo(7.7, 7.2);
      break;
    case 'dash':
      ctx.lineWidth = 2.2;
      ctx.moveTo(2, 6);
      ctx.lineTo(10, 6);
      break;
    case 'hand':
      ctx.moveTo(6, 1.5);
      ctx.lineTo(10.5, 6);
      ctx.lineTo(6, 10.5);
      ctx.lineTo(1.5, 6);
      ctx.fill();
      return;
    case 'turn':
      ctx.lineWidth = 1.6;
      ctx.arc(6, 6, 3.8, 0, 1.75 * Math.PI);
      ctx.moveTo(8.4, 1);
      ctx.lineTo(8.4, 3.4);
      ctx.lineTo(6, 3.4);
      break;
  }
  ctx.stroke();
}

/** Small pictures of cells and signs, made when first wanted. */
export class Stamps {
  private readonly made = new Map<string, HTMLCanvasElement>();

  constructor(
    readonly palette: Palette,
    readonly scale: number,
  ) {}

  private make(key: string, width: number, height: number, draw: (ctx: CanvasRenderingContext2D) => void) {
    const kept = this.made.get(key);
    if (kept !== undefined) return kept;
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(width * this.scale);
    canvas.height = Math.ceil(height * this.scale);
    const ctx = canvas.getContext('2d');
    if (ctx !== null) {
      ctx.scale(this.scale, this.scale);
      draw(ctx);
    }
    this.made.set(key, canvas);
    return canvas;
  }

  /** A cell of a task, or a smaller one of a group; with a number in the place of its sign. */
  cell(state: string, isGroup: boolean, count: string): HTMLCanvasElement {
    return this.make(`${state}|${isGroup}|${count}`, CELL, CELL, (ctx) => {
      const look = lookOf(state);
      const colour = this.palette.states[look.colour] ?? this.palette.dim;
      const isFilled = FILLED.has(state);
      const inset = isGroup ? 2 : 0;
      ctx.beginPath();
      ctx.roundRect(inset + 0.5, inset + 0.5, CELL - 2 * inset - 1, CELL - 2 * inset - 1, isGroup ? 6 : 3);
      ctx.lineWidth = 1;
      ctx.strokeStyle = colour;
      if (isFilled) {
        ctx.fillStyle = colour;
        ctx.fill();
      }
      ctx.stroke();
      const ink = isFilled ? this.palette.surface : colour;
      if (count !== '') {
        ctx.fillStyle = isFilled ? this.palette.surface : this.palette.text;
        ctx.font = `600 ${count.length > 2 ? 7.5 : 9.5}px ${this.palette.font}`;
        ctx.textAlign = 'center';
        ctx.textBaseline = 'middle';
        ctx.fillText(count, CELL / 2, CELL / 2 + 0.5);
        if (state === 'failed' || state === 'upstream_failed') {
          // A torn corner says the same as the colour.
          ctx.fillStyle = this.palette.surface;
          ctx.beginPath();
          ctx.moveTo(CELL - 5, 0);
          ctx.lineTo(CELL, 0);
          ctx.lineTo(CELL, 5);
          ctx.fill();
        }
        return;
      }
      if (state === 'success') return;
      const room = isGroup ? 7 : 9;
      ctx.translate((CELL - room) / 2, (CELL - room) / 2);
      ctx.scale(room / 12, room / 12);
      sign(ctx, look.shape, ink);
    });
  }

  sign(state: string): HTMLCanvasElement {
    return this.make(`sign|${state}`, SIGN, SIGN, (ctx) => {
      const look = lookOf(state);
      ctx.scale(SIGN / 12, SIGN / 12);
      sign(ctx, look.shape, this.palette.states[look.colour] ?? this.palette.dim);
    });
  }
}

export interface Scene {
  lines: readonly Line[];
  runs: readonly Column[];
  stateNames: readonly string[];
  size: Measures;
  view: View;
  hover: Spot | null;
  focus: Spot | null;
  isFocused: boolean;
  /** The run that the address names. */
  selected: number;
  longest: number;
  now: number;
  zone: string;
  /** Day and time of day of a moment: `11-29`, `08:15`. */
  dayOf: (at: string) => [string, string];
  lengthOf: (run: Column) => number;
  longestWord: string;
}

/** Draw it. The context is scaled to the pixels of the screen already. */
export function paint(ctx: CanvasRenderingContext2D, scene: Scene, stamps: Stamps): void {
  const { view, size, lines, runs } = scene;
  const { palette } = stamps;
  const seen = visible(view, size, lines.length, runs.length);
  const xOf = (column: number) => size.labels + column * size.column - view.left;
  const yOf = (row: number) => size.head + row * size.row - view.top;
  const gap = (size.column - CELL) / 2;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, view.width, view.height);

  ctx.save();
  ctx.beginPath();
  ctx.rect(size.labels, size.head, view.width - size.labels, view.height - size.head);
  ctx.clip();
  const crossRow = scene.hover?.row ?? -1;
  ctx.fillStyle = palette.hover;
  if (crossRow >= 0) ctx.fillRect(size.labels, yOf(crossRow), view.width, size.row);
  for (const column of [scene.selected, scene.hover?.column ?? -1]) {
    if (column >= 0) ctx.fillRect(xOf(column), size.head, size.column, view.height);
  }
  for (let row = seen.firstRow; row < seen.endRow; row += 1) {
    const line = lines[row];
    if (line === undefined) continue;
    const y = yOf(row) + (size.row - CELL) / 2;
    for (let column = seen.firstColumn; column < seen.endColumn; column += 1) {
      const run = runs[column];
      if (run === undefined) continue;
      const state = stateAt(line, run, scene.stateNames);
      if (state === null) continue;
      const counts = line.isMapped ? countsAt(line, run) : null;
      const count = counts === null ? '' : shortCount(counts[0]?.[1] ?? 0);
      const stamp = stamps.cell(state, line.kind === 'group' && !line.isFolded, count);
      ctx.drawImage(stamp, xOf(column) + gap, y, CELL, CELL);
    }
  }
  ctx.restore();

  head(ctx, scene, stamps, seen.firstColumn, seen.endColumn, xOf);
  labels(ctx, scene, stamps, seen.firstRow, seen.endRow, yOf);
  corner(ctx, scene, palette);
  ctx.fillStyle = palette.line;
  ctx.fillRect(0, size.head - 1, view.width, 1);
  ctx.fillRect(size.labels - 1, 0, 1, view.height);
  const { focus } = scene;
  if (focus !== null && scene.isFocused) {
    const x = focus.column < 0 ? 0 : xOf(focus.column);
    const y = focus.row < 0 ? 0 : yOf(focus.row);
    const width = focus.column < 0 ? size.labels : size.column;
    const height = focus.row < 0 ? size.head : size.row;
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 2;
    ctx.strokeRect(x + 1, y + 1, width - 2, height - 2);
  }
}

function head(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  stamps: Stamps,
  first: number,
  end: number,
  xOf: (column: number) => number,
): void {
  const { view, size, runs } = scene;
  const { palette } = stamps;
  ctx.save();
  ctx.beginPath();
  ctx.rect(size.labels, 0, view.width - size.labels, size.head);
  ctx.clip();
  ctx.fillStyle = palette.surface;
  ctx.fillRect(size.labels, 0, view.width, size.head);
  const foot = TICKS + BARS;
  ctx.font = `10.5px ${palette.font}`;
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  ctx.fillStyle = palette.hover;
  for (const column of [scene.selected, scene.hover?.column ?? -1]) {
    if (column >= 0) ctx.fillRect(xOf(column), TICKS, size.column, size.head - TICKS);
  }
  let free = Number.NEGATIVE_INFINITY;
  for (let column = Math.max(0, first - 3); column < end; column += 1) {
    const run = runs[column];
    if (run === undefined) continue;
    const x = xOf(column);
    const [day, hour] = scene.dayOf(run.run_after);
    const before = runs[column - 1];
    const isNewDay = before === undefined || scene.dayOf(before.run_after)[0] !== day;
    if (x >= free && (isNewDay || column % 4 === 0)) {
      ctx.fillStyle = isNewDay ? palette.text : palette.dim;
      ctx.fillText(isNewDay ? day : hour, x + 3, TICKS / 2 + 1);
      ctx.fillStyle = palette.line;
      ctx.fillRect(x, 3, 1, TICKS - 3);
      free = x + TICK_ROOM;
    }
    const length = scene.lengthOf(run);
    const height = Math.max(LEAST_BAR, Math.round(BARS * Math.min(1, length / scene.longest)));
    const look = lookOf(run.state);
    ctx.fillStyle = palette.states[look.colour] ?? palette.dim;
    ctx.globalAlpha = run.state === 'success' ? 0.75 : 1;
    ctx.beginPath();
    ctx.roundRect(x + 4, foot - height, size.column - 8, height, [2, 2, 0, 0]);
    ctx.fill();
    ctx.globalAlpha = 1;
    ctx.drawImage(stamps.sign(run.state), x + (size.column - SIGN) / 2, foot + 3, SIGN, SIGN);
  }
  ctx.restore();
}

const widths = new Map<string, string>();

/** Cut a text to a width, with an ellipsis. */
function cut(ctx: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${ctx.font}|${width}|${text}`;
  const kept = widths.get(key);
  if (kept !== undefined) return kept;
  let shown = text;
  if (ctx.measureText(text).width > width) {
    let [low, high] = [0, text.length];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (ctx.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
      else high = middle - 1;
    }
    shown = `${text.slice(0, low)}…`;
  }
  if (widths.size > 5000) widths.clear();
  widths.set(key, shown);
  return shown;
}

function labels(
  ctx: CanvasRenderingContext2D,
  scene: Scene,
  stamps: Stamps,
  first: number,
  end: number,
  yOf: (row: number) => number,
): void {
  const { view, size, lines } = scene;
  const { palette } = stamps;
  ctx.save();
  ctx.beginPath();
  ctx.rect(0, size.head, size.labels, view.height - size.head);
  ctx.clip();
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, size.head, size.labels, view.height);
  ctx.textBaseline = 'middle';
  ctx.textAlign = 'left';
  for (let row = first; row < end; row += 1) {
    const line = lines[row];
    if (line === undefined) continue;
    const y = yOf(row);
    if (row === scene.hover?.row) {
      ctx.fillStyle = palette.hover;
      ctx.fillRect(0, y, size.labels, size.row);
    }
    for (let depth = 0; depth < line.depth; depth += 1) {
      ctx.fillStyle = palette.line;
      ctx.fillRect(12 + depth * INDENT, y, 1, size.row);
    }
    let x = 8 + line.depth * INDENT;
    const middle = y + size.row / 2;
    if (line.kind === 'group') {
      ctx.strokeStyle = palette.dim;
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      if (line.isFolded) {
        ctx.moveTo(x + 3, middle - 3.5);
        ctx.lineTo(x + 6.5, middle);
        ctx.lineTo(x + 3, middle + 3.5);
      } else {
        ctx.moveTo(x + 1, middle - 2);
        ctx.lineTo(x + 4.5, middle + 1.5);
        ctx.lineTo(x + 8, middle - 2);
      }
      ctx.stroke();
      x += 14;
    } else if (line.depth > 0) x += 4;
    ctx.font = `${line.kind === 'group' ? '600 ' : ''}12.5px ${palette.font}`;
    ctx.fillStyle = line.isGone ? palette.dim : palette.text;
    const mark = line.isMapped ? ' [ ]' : line.kind === 'group' ? ` ${line.places.length}` : '';
    const room = size.labels - x - 10 - (mark === '' ? 0 : ctx.measureText(mark).width);
    const shown = cut(ctx, line.label, Math.max(20, room));
    ctx.fillText(shown, x, middle + 0.5);
    const wide = ctx.measureText(shown).width;
    if (line.isGone) ctx.fillRect(x, middle, wide, 1);
    if (mark !== '') {
      ctx.font = `11px ${palette.font}`;
      ctx.fillStyle = palette.dim;
      ctx.fillText(mark, x + wide + 2, middle + 0.5);
    }
  }
  ctx.restore();
}

function corner(ctx: CanvasRenderingContext2D, scene: Scene, palette: Palette): void {
  const { size } = scene;
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, size.labels, size.head);
  ctx.font = `10.5px ${palette.font}`;
  ctx.fillStyle = palette.dim;
  ctx.textAlign = 'right';
  ctx.textBaseline = 'middle';
  ctx.fillText(cut(ctx, scene.zone, size.labels - 16), size.labels - 8, TICKS / 2 + 1);
  ctx.fillText(scene.longestWord, size.labels - 8, TICKS + 7);
  ctx.fillText('0', size.labels - 8, TICKS + BARS - 2);
  ctx.fillStyle = palette.line;
  ctx.fillRect(size.labels - 5, TICKS, 4, 1);
  ctx.fillRect(size.labels - 5, TICKS + BARS - 1, 4, 1);
}
