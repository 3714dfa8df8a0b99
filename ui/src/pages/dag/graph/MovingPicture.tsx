/** While a large graph is moved, a picture of it moves: to paint a thousand nodes of a page takes longer than a frame. */
import { useOnViewportChange, useStoreApi } from '@xyflow/react';
import { type RefObject, useCallback, useEffect, useMemo, useRef } from 'react';
import { type Palette, paletteOf } from '@/components/canvas/palette';
import type { Way } from '@/components/graph/Ways';
import type { ShownNode } from '@/pages/dag/graph/GraphNodes';
import classes from './Graph.module.css';
import { draw, pictureOf, type Viewport } from './picture';

const SCALE_MAX = 2;

interface Props {
  nodes: readonly ShownNode[];
  ways: readonly Way[];
  /** What contains the graph: it is told that a picture stands in for the nodes. */
  of: RefObject<HTMLElement | null>;
  /** Below this scale words cannot be read. */
  far: number;
}

export function MovingPicture({ nodes, ways, of, far }: Props) {
  const store = useStoreApi();
  const canvas = useRef<HTMLCanvasElement>(null);
  const palette = useRef<Palette | null>(null);
  const next = useRef<{ viewport: Viewport; frame: number } | null>(null);
  const picture = useMemo(() => pictureOf(nodes, ways), [nodes, ways]);

  const show = useCallback(() => {
    const [target, asked] = [canvas.current, next.current];
    const ctx = target?.getContext('2d');
    if (target == null || ctx == null || asked === null) return;
    asked.frame = 0;
    const { width, height } = store.getState();
    const scale = Math.min(SCALE_MAX, window.devicePixelRatio);
    if (target.width !== Math.round(width * scale) || target.height !== Math.round(height * scale)) {
      target.width = Math.round(width * scale);
      target.height = Math.round(height * scale);
    }
    palette.current ??= paletteOf(target);
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    const { viewport } = asked;
    draw(ctx, picture, palette.current, { viewport, width, height, isFar: viewport.zoom < far });
  }, [picture, store, far]);

  const move = useCallback(
    (viewport: Viewport) => {
      if (next.current === null) {
        next.current = { viewport, frame: 0 };
        show();
        of.current?.setAttribute('data-moving', '');
        return;
      }
      next.current.viewport = viewport;
      next.current.frame ||= requestAnimationFrame(show);
    },
    [of, show],
  );
  const stop = useCallback(() => {
    if (next.current === null) return;
    cancelAnimationFrame(next.current.frame);
    next.current = null;
    palette.current = null;
    of.current?.removeAttribute('data-moving');
  }, [of]);
  useOnViewportChange({ onChange: move, onEnd: stop });
  useEffect(() => stop, [stop]);
  return <canvas ref={canvas} className={classes.moving} />;
}
