/** The shapes of states, as paths in a box of 12 by 12: pages, canvases and documents draw the same. */
import type { Shape } from '@/lib/states';

export interface Sign {
  path: string;
  /** How wide its line is; null when it is filled. */
  width: number | null;
}

export const SIGNS: Readonly<Record<Shape, Sign>> = {
  disc: { path: 'M1.5 6a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0', width: null },
  ring: { path: 'M2.25 6a3.75 3.75 0 1 0 7.5 0a3.75 3.75 0 1 0-7.5 0', width: 1.5 },
  cross: { path: 'M2.5 2.5l7 7m0-7l-7 7', width: 2.2 },
  arrow: { path: 'M3 1.8v8.4L10.2 6z', width: null },
  pause: { path: 'M3.5 2v8M8.5 2v8', width: 2.4 },
  dots: { path: 'M2 6h.01M6 6h.01M10 6h.01', width: 2.8 },
  clock: { path: 'M1.8 6a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0M6 3.6V6l1.7 1.2', width: 1.5 },
  dash: { path: 'M2 6h8', width: 2.2 },
  hand: { path: 'M6 1.5l4.5 4.5L6 10.5 1.5 6z', width: null },
  turn: { path: 'M9.8 6A3.8 3.8 0 1 1 8.4 3M8.4 1v2.4H6', width: 1.6 },
};
