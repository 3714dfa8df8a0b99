/** The sign of a state, drawn. */
import { SIGNS } from '@/lib/signs';
import type { Shape } from '@/lib/states';

const made = new Map<Shape, Path2D>();

/** Draw a sign into a box of 12 by 12. */
export function sign(ctx: CanvasRenderingContext2D, shape: Shape, colour: string): void {
  const { path, width } = SIGNS[shape];
  const drawn = made.get(shape) ?? new Path2D(path);
  made.set(shape, drawn);
  if (width === null) {
    ctx.fillStyle = colour;
    ctx.fill(drawn);
    return;
  }
  ctx.strokeStyle = colour;
  ctx.lineCap = 'round';
  ctx.lineWidth = width;
  ctx.stroke(drawn);
}
