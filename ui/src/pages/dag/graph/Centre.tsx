/** Brings the node that was looked for into the middle. */
import { useReactFlow, useStore } from '@xyflow/react';
import { useEffect, useRef } from 'react';
import type { ShownNode } from './GraphNodes';
import { piecesOf } from './picture';

const READABLE = 0.9;
const MOVE_MS = 250;

/** `id` is the node's, or null; once it is in the middle, it stays where people move it. */
export function Centre({ id, nodes }: { id: string | null; nodes: readonly ShownNode[] }) {
  const { setCenter, getZoom } = useReactFlow();
  const isMeasured = useStore(({ width, height }) => width > 0 && height > 0);
  const latest = useRef(nodes);
  latest.current = nodes;
  useEffect(() => {
    if (id === null || !isMeasured) return;
    const piece = piecesOf(latest.current).find((one) => one.node.id === id);
    if (piece === undefined) return;
    // Behind the first fitting of the whole, which is done in a frame of its own.
    const timer = setTimeout(() => {
      const isCalm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;
      void setCenter((piece.left + piece.right) / 2, (piece.top + piece.bottom) / 2, {
        zoom: Math.max(READABLE, getZoom()),
        duration: isCalm ? 0 : MOVE_MS,
      });
    }, 60);
    return () => clearTimeout(timer);
  }, [id, isMeasured, setCenter, getZoom]);
  return null;
}
