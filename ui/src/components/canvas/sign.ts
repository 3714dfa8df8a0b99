/** The sign of a state, drawn. */
import type { Shape } from '@/lib/states';

/** Draw a sign into a box of 12 by 12: the shapes of `State`. */
export function sign(ctx: CanvasRenderingContext2D, shape: Shape, colour: string): void {
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
