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

const [ARROW_LENGTH, ARROW_HALF] = [8, 4];

/** Return the point of an arrow where a way ends, as a path of SVG. */
export function arrowOf(points: readonly Point[]): string {
  const [tip, before] = [points.at(-1), points.at(-2)];
  if (tip === undefined || before === undefined) return '';
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [x, y] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const foot = { x: tip.x - x * ARROW_LENGTH, y: tip.y - y * ARROW_LENGTH };
  const [aside, along] = [-y * ARROW_HALF, x * ARROW_HALF];
  return `M${tip.x},${tip.y}L${foot.x + aside},${foot.y + along}L${foot.x - aside},${foot.y - along}Z`;
}
