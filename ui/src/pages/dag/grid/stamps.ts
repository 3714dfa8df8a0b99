/** Small pictures of cells and signs, in the colours of the theme: made once, stamped often. */
import type { Palette } from '@/components/canvas/palette';
import { sign } from '@/components/canvas/sign';
import { lookOf } from '@/lib/states';

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
      // The calm one stays calm.
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
