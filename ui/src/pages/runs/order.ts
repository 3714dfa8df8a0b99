/** The order of a list, as its address says it. Pure. */

export const NEWEST = '-run_after';

/** Return how a column is ordered. */
export function sortOf(by: string, order: string): 'none' | 'ascending' | 'descending' {
  if (order === by) return 'ascending';
  return order === `-${by}` ? 'descending' : 'none';
}

/** Return the order after a press on a column: the greatest first, then the least, then as it was at first. */
export function nextOrder(by: string, order: string | undefined): string | undefined {
  const steps = by === NEWEST.slice(1) ? [undefined, by] : [undefined, `-${by}`, by];
  return steps[(Math.max(0, steps.indexOf(order)) + 1) % steps.length];
}
