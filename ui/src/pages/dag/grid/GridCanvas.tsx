/** The grid itself: tasks against runs, drawn on a canvas as far as it is in view, moved through by keys. */
import { useComputedColorScheme } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { paletteOf } from '@/components/canvas/palette';
import { lengthBetween, showLength, showMoment } from '@/lib/time';
import {
  type Column,
  countsAt,
  type Grid,
  linesOf,
  moved,
  type Spot,
  scrollTo,
  spotAt,
  stateAt,
  type View,
} from '@/pages/dag/grid/model';
import { MEASURES, paint, type Scene } from '@/pages/dag/grid/paint';
import { Stamps } from '@/pages/dag/grid/stamps';
import { Tip } from '@/pages/dag/grid/Tip';
import classes from './Grid.module.css';

const route = getRouteApi('/dags/$dagId');
const LABELS_LEAST = 136;
const LABELS_MOST = 300;
const LABELS_NARROW = 132;
const NARROW = 640;
const CHARACTER = 6.9;

interface CanvasProps {
  dagId: string;
  grid: Grid;
  folded: ReadonlySet<string>;
  fold: (next: Iterable<string>) => void;
  wanted: string;
}

export function GridCanvas({ dagId, grid, folded, fold, wanted }: CanvasProps) {
  const { t } = useTranslation('dag');
  const router = useRouter();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [zone] = useZone();
  const scheme = useComputedColorScheme('light');
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const stamps = useRef<Stamps | null>(null);
  const frame = useRef(0);
  const [hover, setHover] = useState<(Spot & { x: number; y: number }) | null>(null);
  const [isFocused, setFocused] = useState(false);
  const [room, setRoom] = useState({ width: 0, height: 0 });
  const lines = useMemo(
    () => linesOf(grid.tasks, grid.groups, folded, wanted),
    [grid.tasks, grid.groups, folded, wanted],
  );
  const { runs } = grid;
  const [focus, setFocus] = useState<Spot>(() => {
    const row = lines.findIndex((line) => line.id === search.task);
    const column = runs.findIndex((run) => run.dag_run_id === search.run);
    return { row: Math.max(0, row), column: column < 0 ? runs.length - 1 : column };
  });
  const isNarrow = room.width > 0 && room.width < NARROW;
  const labels = useMemo(() => {
    if (isNarrow) return LABELS_NARROW;
    const wide = Math.max(
      ...lines.map(
        (line) =>
          line.depth * 14 + 56 + line.label.length * (line.kind === 'group' ? CHARACTER + 1 : CHARACTER),
      ),
      0,
    );
    return Math.round(Math.max(LABELS_LEAST, Math.min(LABELS_MOST, wide)));
  }, [lines, isNarrow]);
  const size = useMemo(() => ({ ...MEASURES, labels }), [labels]);

  const days = useMemo(() => {
    const kept = new Map<string, [string, string]>();
    return (at: string): [string, string] => {
      const found = kept.get(at);
      if (found !== undefined) return found;
      const shown = showMoment(at, zone, false);
      const made: [string, string] = [shown.slice(5, 10), shown.slice(11, 16)];
      kept.set(at, made);
      return made;
    };
  }, [zone]);
  const lengthOf = useCallback(
    (run: Column) => lengthBetween(run.start_date, run.end_date, Date.now()) ?? 0,
    [],
  );
  const longest = useMemo(() => Math.max(1, ...runs.map(lengthOf)), [runs, lengthOf]);

  const viewOf = (): View => ({
    left: scroller.current?.scrollLeft ?? 0,
    top: scroller.current?.scrollTop ?? 0,
    ...room,
  });
  const scene = useRef<Omit<Scene, 'view'> | null>(null);
  scene.current = {
    lines,
    runs,
    stateNames: grid.stateNames,
    size,
    hover,
    focus,
    isFocused,
    selected: runs.findIndex((run) => run.dag_run_id === search.run),
    longest,
    now: Date.now(),
    zone,
    dayOf: days,
    lengthOf,
    longestWord: longest > 1 ? showLength(longest) : '',
  };
  const draw = useCallback(() => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const [target, box, what] = [canvas.current, scroller.current, scene.current];
      const ctx = target?.getContext('2d', { alpha: false });
      if (target == null || box === null || what === null || ctx == null) return;
      const scale = window.devicePixelRatio || 1;
      const [width, height] = [box.clientWidth, box.clientHeight];
      if (target.width !== Math.round(width * scale) || target.height !== Math.round(height * scale)) {
        target.width = Math.round(width * scale);
        target.height = Math.round(height * scale);
        target.style.width = `${width}px`;
        target.style.height = `${height}px`;
      }
      if (stamps.current === null || stamps.current.scale !== scale) {
        stamps.current = new Stamps(paletteOf(target), scale);
      }
      ctx.setTransform(scale, 0, 0, scale, 0, 0);
      paint(
        ctx,
        { ...what, view: { left: box.scrollLeft, top: box.scrollTop, width, height } },
        stamps.current,
      );
    });
  }, []);
  // Whatever was rendered anew is drawn anew, at most once a frame.
  useEffect(draw);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    stamps.current = null;
    draw();
  }, [scheme, draw]);
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box === null) return;
    const watcher = new ResizeObserver(() => {
      setRoom({ width: box.clientWidth, height: box.clientHeight });
      draw();
    });
    watcher.observe(box);
    return () => {
      watcher.disconnect();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [draw]);
  // The newest runs are at the right: there one begins, and stays as runs come.
  const wasAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new runs move the end
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box !== null && wasAtEnd.current) box.scrollLeft = box.scrollWidth;
  }, [runs.length, runs.at(-1)?.dag_run_id, labels, room.width]);

  const keep = useDebouncedCallback((spot: Spot) => {
    void navigate({
      search: (before) => ({
        ...before,
        task: lines[spot.row]?.id,
        run: spot.column < 0 ? before.run : runs[spot.column]?.dag_run_id,
      }),
      replace: true,
      resetScroll: false,
    });
  }, 300);
  const focusOn = (spot: Spot) => {
    setFocus(spot);
    keep(spot);
    const box = scroller.current;
    if (box !== null) box.scrollTo(scrollTo(spot, viewOf(), size));
  };
  const open = (spot: Spot, isAside: boolean) => {
    const line = lines[spot.row];
    const run = runs[spot.column];
    if (spot.column < 0 || run === undefined) {
      if (line?.kind === 'group') {
        const next = new Set(folded);
        if (!next.delete(line.id)) next.add(line.id);
        fold(next);
      }
      return;
    }
    const target = {
      to: '/dags/$dagId/runs/$runId' as const,
      params: { dagId, runId: run.dag_run_id },
      search: line?.kind === 'task' ? { task: line.id } : {},
    };
    if (isAside) window.open(router.buildLocation(target).href, '_blank', 'noopener');
    else void router.navigate(target);
  };
  const at = (event: React.MouseEvent): Spot | null => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return null;
    return spotAt(
      event.clientX - box.left,
      event.clientY - box.top,
      viewOf(),
      size,
      lines.length,
      runs.length,
    );
  };
  const inWords = (spot: Spot): string => {
    const line = lines[spot.row];
    const run = runs[spot.column];
    if (run === undefined) {
      if (line === undefined) return '';
      return line.kind === 'group'
        ? t(line.isFolded ? 'grid.saysFolded' : 'grid.saysOpen', {
            group: line.label,
            count: line.places.length,
          })
        : line.id;
    }
    const state = line === undefined ? run.state : stateAt(line, run, grid.stateNames);
    const word = state === null ? t('grid.absent') : t(`common:states.${state}`, { defaultValue: state });
    const counts = line === undefined ? null : countsAt(line, run);
    const more = counts?.map(([name, count]) => `${count} ${t(`common:states.${name}`)}`).join(', ');
    return [line?.id, run.dag_run_id, word, more].filter(Boolean).join(', ');
  };
  const rows = Math.max(1, Math.floor((room.height - size.head) / size.row) - 1);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const next = moved(focus, event.key, lines.length, runs.length, rows);
    if (next !== null) {
      event.preventDefault();
      focusOn(next);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      open(focus, event.ctrlKey || event.metaKey);
    }
  };
  const full = {
    width: labels + runs.length * size.column + 4,
    height: size.head + lines.length * size.row + 2,
  };
  return (
    <>
      <div className={`card ${classes.frame}`}>
        <div
          ref={scroller}
          className={classes.scroller}
          style={{ height: full.height + 12 }}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved through by arrows
          tabIndex={0}
          role="application"
          aria-label={t('grid.label', { tasks: grid.tasks.length, runs: runs.length })}
          aria-describedby="grid-focus"
          onKeyDown={onKeyDown}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
          onScroll={(event) => {
            const box = event.currentTarget;
            wasAtEnd.current = box.scrollLeft + box.clientWidth >= box.scrollWidth - 4;
            if (hover !== null) setHover(null);
            draw();
          }}
          onMouseMove={(event) => {
            const spot = at(event);
            if (spot?.row === hover?.row && spot?.column === hover?.column) return;
            const box = scroller.current?.parentElement?.getBoundingClientRect();
            setHover(
              spot === null || box === undefined
                ? null
                : { ...spot, x: event.clientX - box.left, y: event.clientY - box.top },
            );
          }}
          onMouseLeave={() => setHover(null)}
          onClick={(event) => {
            const spot = at(event);
            if (spot === null) return;
            setFocus(spot);
            open(spot, event.ctrlKey || event.metaKey);
          }}
          onAuxClick={(event) => {
            const spot = at(event);
            if (spot !== null && event.button === 1) open(spot, true);
          }}
          data-pointing={hover !== null && (hover.column >= 0 || lines[hover.row]?.kind === 'group')}
        >
          <canvas ref={canvas} className={classes.canvas} />
          <div className={classes.extent} style={full} />
        </div>
        {hover !== null && <Tip spot={hover} width={room.width} lines={lines} grid={grid} zone={zone} />}
      </div>
      <div id="grid-focus" className={classes.unseen} aria-live="polite">
        {isFocused ? inWords(focus) : ''}
      </div>
      <p className={`dim ${classes.hint}`}>{t('grid.keys')}</p>
    </>
  );
}
