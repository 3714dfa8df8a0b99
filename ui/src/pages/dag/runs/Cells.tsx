/** Squares of a calendar: those with runs lead to them; arrows go from one to the next, and what each holds is said. */
import { Link } from '@tanstack/react-router';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { outcomeOf } from './calendar';
import classes from './Runs.module.css';
import { SIDE, Sign } from './Sign';

export interface Cell {
  key: string;
  x: number;
  y: number;
  /** What it is, and what it holds in words. */
  when: string;
  words: string;
  counts: Record<string, number>;
  /** The span of its runs. */
  from: string;
  to: string;
}

interface Props {
  dagId: string;
  label: string;
  width: number;
  height: number;
  cells: readonly Cell[];
  /** Whether more than one run is said by its number, beside the square. */
  withNumbers?: boolean;
  /** What stands around the squares. */
  children: ReactNode;
}

interface Tip {
  cell: Cell;
  /** Where the square is, from the edges of what contains it. */
  left: number;
  right: number;
  top: number;
}

/** How many runs there were; what is planned has not been. */
const totalOf = ({ planned: _planned, ...made }: Record<string, number>) =>
  Object.values(made).reduce((sum, count) => sum + count, 0);

const STEPS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const BESIDE = SIDE + 10;
/** How much of what follows the latest square is in sight. */
const AFTER_LAST = 84;
/** Going aside counts for more than going on, so that one stays in a line while there is something in it. */
const ASIDE = 20;

/** Return the square that one comes to from another in a direction. */
export function nextOf(cells: readonly Cell[], from: Cell, [dx, dy]: [number, number]): Cell | null {
  let [found, least]: [Cell | null, number] = [null, Number.POSITIVE_INFINITY];
  for (const cell of cells) {
    const [x, y] = [cell.x - from.x, cell.y - from.y];
    const [on, aside] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    if (on <= 0 || on + aside * ASIDE >= least) continue;
    [found, least] = [cell, on + aside * ASIDE];
  }
  return found;
}

export function Cells({ dagId, label, width, height, cells, withNumbers = false, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [tip, setTip] = useState<Tip | null>(null);
  const [at, setAt] = useState<string | null>(null);
  const led = cells.filter((cell) => totalOf(cell.counts) > 0);
  const stop = led.find((cell) => cell.key === at) ?? led.at(-1);
  const calendar = useRef<HTMLDivElement>(null);
  const last = led.at(-1)?.x;
  // Where not all are in sight, the latest are.
  useEffect(() => {
    if (calendar.current !== null && last !== undefined)
      calendar.current.scrollLeft = last + AFTER_LAST - calendar.current.clientWidth;
  }, [last]);
  const say = (target: EventTarget) => {
    const one = (target as Element).closest('[data-cell]');
    const cell = cells.find((other) => other.key === one?.getAttribute('data-cell'));
    if (!one || !cell || !box.current) return setTip(null);
    const [place, all] = [one.getBoundingClientRect(), box.current.getBoundingClientRect()];
    setTip({ cell, left: place.left - all.left, right: all.right - place.right, top: place.top - all.top });
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setTip(null);
    const direction = STEPS[event.key];
    const here = led.find((cell) => cell.key === document.activeElement?.getAttribute('data-cell'));
    const next = direction && here && nextOf(led, here, direction);
    if (!next) return;
    event.preventDefault();
    setAt(next.key);
    box.current?.querySelector<SVGAElement>(`[data-cell="${next.key}"]`)?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears what its links are told.
    <div
      ref={box}
      className={classes.cells}
      onKeyDown={onKey}
      onMouseOver={(event) => say(event.target)}
      onFocus={(event) => say(event.target)}
      onMouseLeave={() => setTip(null)}
      onBlur={() => setTip(null)}
    >
      <div ref={calendar} className={classes.calendar}>
        <svg width={width} height={height} className={classes.year} role="group" aria-label={label}>
          {children}
          {cells.map((cell) => {
            const total = totalOf(cell.counts);
            const outcome = outcomeOf(cell.counts);
            const isOneNumber = cell.counts[outcome ?? ''] === total;
            const place = `translate(${cell.x} ${cell.y})`;
            if (total === 0)
              return (
                <g key={cell.key} transform={place} data-cell={cell.key}>
                  <Sign outcome={outcome} />
                </g>
              );
            return (
              <Link
                key={cell.key}
                to="/dags/$dagId"
                params={{ dagId }}
                search={{ tab: 'runs', from: cell.from, to: cell.to }}
                aria-label={`${cell.when}: ${isOneNumber ? '' : `${total} · `}${cell.words}`}
                data-cell={cell.key}
                tabIndex={cell === stop ? 0 : -1}
                onFocus={() => setAt(cell.key)}
              >
                <g transform={place}>
                  <Sign outcome={outcome} />
                  {withNumbers && total > 1 && (
                    <text x={SIDE + 3} y={SIDE - 4}>
                      {total}
                    </text>
                  )}
                </g>
              </Link>
            );
          })}
        </svg>
      </div>
      {tip !== null && (
        <div
          className={classes.tip}
          aria-hidden="true"
          style={{
            top: tip.top - 10,
            // Beside the square, where more room is: those above and below it stay in sight.
            ...(tip.left > tip.right ? { right: tip.right + BESIDE } : { left: tip.left + BESIDE }),
          }}
        >
          <div className="num dim">{tip.cell.when}</div>
          {tip.cell.words}
        </div>
      )}
    </div>
  );
}
