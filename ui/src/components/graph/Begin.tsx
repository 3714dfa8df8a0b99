/** Where a graph is looked at first, and the map of one that is larger than what is in sight. */
import { useMediaQuery } from '@mantine/hooks';
import { MiniMap, type MiniMapProps, type Node, useReactFlow, useStore } from '@xyflow/react';
import { useLayoutEffect, useMemo, useRef } from 'react';
import { beginOf, boxesOf, isInSight, wholeOf } from './begin';
import classes from './Graph.module.css';
import type { Direction } from './layout';

const NARROW = '(max-width: 700px)';
const MASK_STROKE = 1.5;

interface BeginProps {
  nodes: readonly Node[];
  chosen: string | null;
  direction: Direction;
}

/** Looks once, when it is known how much room there is; then people move it. */
export function Begin({ nodes, chosen, direction }: BeginProps) {
  const { setViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const isDone = useRef(false);
  useLayoutEffect(() => {
    if (isDone.current || width === 0 || height === 0 || nodes.length === 0) return;
    isDone.current = true;
    const isNarrow = window.matchMedia(NARROW).matches;
    void setViewport(beginOf(boxesOf(nodes), { width, height }, { chosen, direction, isNarrow }));
  }, [nodes, chosen, direction, width, height, setViewport]);
  return null;
}

/**
 * A map for those who point: drawn while some of the graph is out of sight, and where it hides less than it shows.
 * Who uses the keyboard or hears the page gets to each node by its link, so for them it does not exist.
 */
export function GraphMap({
  nodes,
  ...looks
}: { nodes: readonly Node[] } & Pick<MiniMapProps<Node>, 'nodeColor' | 'nodeBorderRadius'>) {
  const { setCenter, getZoom } = useReactFlow();
  const isNarrow = useMediaQuery(NARROW, false, { getInitialValueInEffect: false });
  const whole = useMemo(() => wholeOf(boxesOf(nodes)), [nodes]);
  const isWhole = useStore(({ width, height, transform: [x, y, zoom] }) =>
    isInSight(whole, { width, height }, { x, y, zoom }),
  );
  if (isNarrow || isWhole) return null;
  return (
    <div aria-hidden="true" className={classes.map}>
      <MiniMap
        {...looks}
        pannable
        zoomable
        ariaLabel={null}
        maskStrokeColor="var(--ww-accent)"
        maskStrokeWidth={MASK_STROKE}
        onClick={(_, { x, y }) => void setCenter(x, y, { zoom: getZoom() })}
      />
    </div>
  );
}
