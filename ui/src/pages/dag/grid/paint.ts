/** Draws the part of a grid that is in view. Cells are stamped from small pictures that are made once. */

import type { Palette } from '@/components/canvas/palette';
import { lookOf } from '@/lib/states';
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
import { CELL, SIGN, type Stamps } from '@/pages/dag/grid/stamps';

const BARS = 42;
const TICKS = 16;
const INDENT = 14;
const LEAST_BAR = 3;
const TICK_ROOM = 46;

export const MEASURES = { head: TICKS + BARS + SIGN + 7, row: 22, column: 20 };

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
