/** How the way of an edge is drawn. Pure. */

export interface Point {
  x: number;
  y: number;
}
const ROUND = 8;

/** Return the way of an edge as a path of SVG, its corners rounded. */
export function pathOf(points: readonly Point[]): string {
  return points
    .map((point, at) => {
      const [before, after] = [points[at - 1], points[at + 1]];
      if (before === undefined) return `M${point.x},${point.y}`;
      if (after === undefined) return `L${point.x},${point.y}`;
      const towards = (other: Point): string => {
        const length = Math.hypot(other.x - point.x, other.y - point.y);
        const part = length === 0 ? 0 : Math.min(ROUND, length / 2) / length;
        return `${point.x + (other.x - point.x) * part},${point.y + (other.y - point.y) * part}`;
      };
      return `L${towards(before)}Q${point.x},${point.y} ${towards(after)}`;
    })
    .join('');
}
