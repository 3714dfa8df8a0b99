/** The ways between nodes of a graph, led around what stands between them; and the sign of an asset. */
import type { Edge, EdgeProps } from '@xyflow/react';
import type { Route } from '@/components/graph/layout';
import { pathOf } from '@/components/graph/path';
import classes from './Graph.module.css';

export function AssetSign() {
  return (
    <svg viewBox="0 0 12 12" width={12} height={12} aria-hidden="true" className={classes.assetSign}>
      <ellipse cx="6" cy="2.6" rx="4.4" ry="1.7" />
      <path d="M1.6 2.6v6.8c0 .9 2 1.7 4.4 1.7s4.4-.8 4.4-1.7V2.6M1.6 6c0 .9 2 1.7 4.4 1.7s4.4-.8 4.4-1.7" />
    </svg>
  );
}

export interface Routed extends Record<string, unknown> {
  route: Route;
  label: string;
}

function RoutedEdge({ data, style, markerEnd }: EdgeProps<Edge<Routed>>) {
  if (data === undefined) return null;
  const { route, label } = data;
  return (
    <>
      <path d={pathOf(route.points)} fill="none" style={style} markerEnd={markerEnd} />
      {route.label !== null && (
        <text x={route.label.x} y={route.label.y} className={classes.edgeLabel}>
          {label}
        </text>
      )}
    </>
  );
}

export const EDGE_TYPES = { routed: RoutedEdge };
