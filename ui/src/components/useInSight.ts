/** A row of tabs that is longer than the window is wide: the chosen one is in sight. */
import { type RefCallback, useCallback, useEffect, useRef } from 'react';

const ROOM_PX = 24;

interface Span {
  left: number;
  right: number;
}

/** Return how far a row is to be moved for a tab to be in sight, with some room beside it. */
export function stepTo(row: Span, tab: Span): number {
  if (tab.left < row.left) return tab.left - row.left - ROOM_PX;
  if (tab.right > row.right) return Math.min(tab.right - row.right + ROOM_PX, tab.left - row.left);
  return 0;
}

function bringIntoSight(row: HTMLElement): void {
  const tab = row.querySelector('[role=tab][aria-selected=true]');
  if (tab === null) return;
  row.scrollLeft += stepTo(row.getBoundingClientRect(), tab.getBoundingClientRect());
}

/**
 * Return what the row of tabs is to have as `ref`; `count` is how many it has, for some come later.
 * Only the row is moved: the page stays where it is.
 */
export function useInSight(chosen: string, count: number): RefCallback<HTMLElement> {
  const row = useRef<HTMLElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the tab is looked for when another is chosen or there are more
  useEffect(() => {
    if (row.current !== null) bringIntoSight(row.current);
  }, [chosen, count]);
  return useCallback((element) => {
    row.current = element;
    if (element !== null) bringIntoSight(element);
  }, []);
}
