/** Small pictures of cells and signs, in the colours of the theme: made once, stamped often. */
import { lookOf, type Shape } from '@/lib/states';

export const CELL = 16;
export const SIGN = 9;

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
