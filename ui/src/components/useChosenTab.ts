/** A row of tabs that may be wider than the page: the chosen one is scrolled into sight. */
import { useCallback } from 'react';

/** Returns a ref for the row: it is called when the row appears, and with each other `tab`. */
export function useChosenTab(tab: string): (row: HTMLElement | null) => void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: React calls it again because it is another one with each tab
  return useCallback(
    (row: HTMLElement | null) => {
      const chosen = row?.querySelector('[aria-selected=true]');
      if (!row || !chosen) return;
      const around = row.getBoundingClientRect();
      const place = chosen.getBoundingClientRect();
      if (place.left < around.left) row.scrollLeft -= around.left - place.left;
      else if (place.right > around.right) row.scrollLeft += place.right - around.right;
    },
    [tab],
  );
}
