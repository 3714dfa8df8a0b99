/** How full a pool was, as the outlines of a picture: what ran, and what waited on top of it. Pure. */

export interface Use {
  running: readonly number[];
  queued: readonly number[];
}

export interface Outline {
  running: string;
  queued: string;
  /** Where the pool is full, from the top; nothing when it has no end. */
  full: number | null;
  most: number;
}

const FAR = 4;

/** Return the outlines of a pool's use in a picture so wide and so high. */
export function outlineOf(use: Use, slots: number, width: number, height: number): Outline {
  const sums = use.running.map((count, at) => count + (use.queued[at] ?? 0));
  // A pool that is far from full is drawn by what there was: else nothing of it could be seen.
  const busiest = Math.max(...sums, 0);
  const most = slots > 0 && busiest * FAR > slots ? Math.max(busiest, slots) : busiest || 1;
  const up = (count: number) => height - (height * count) / most;
  const step = width / Math.max(1, sums.length);
  const steps = (counts: readonly number[]) =>
    counts.map((count, at) => `H${round(at * step)}V${round(up(count))}H${round((at + 1) * step)}`).join('');
  return {
    running: `M0,${height}${steps(use.running)}V${height}Z`,
    queued: `M0,${height}${steps(sums)}V${height}Z`,
    full: slots > 0 && slots <= most ? round(up(slots)) : null,
    most: Math.max(0, ...use.running),
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
