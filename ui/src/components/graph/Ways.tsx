/** All ways of a graph in one picture, a path for each look of them: thousands cost no more than one. */
import { ViewportPortal } from '@xyflow/react';
import { memo } from 'react';
import type { Route } from '@/components/graph/layout';
import { arrowOf, pathOf } from '@/components/graph/path';
import classes from './Graph.module.css';

export type WayLook = 'plain' | 'asset' | 'critical';

export interface Way {
  key: string;
  route: Route;
  label: string;
  look: WayLook;
}

/** What stands out is drawn last. */
const LOOKS: readonly WayLook[] = ['asset', 'plain', 'critical'];

export const Ways = memo(function Ways({ ways }: { ways: readonly Way[] }) {
  return (
    <ViewportPortal>
      <svg className={classes.ways} aria-hidden="true">
        {LOOKS.map((look) => {
          const some = ways.filter((way) => way.look === look);
          return (
            <g key={look} className={classes.way} data-look={look}>
              <path d={some.map(({ route }) => pathOf(route.points)).join('')} />
              <path d={some.map(({ route }) => arrowOf(route.points)).join('')} className={classes.arrows} />
            </g>
          );
        })}
        {ways.map(
          ({ key, route, label }) =>
            route.label !== null && (
              <text key={key} x={route.label.x} y={route.label.y} className={classes.edgeLabel}>
                {label}
              </text>
            ),
        )}
      </svg>
    </ViewportPortal>
  );
});
