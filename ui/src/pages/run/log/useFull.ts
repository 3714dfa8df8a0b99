/** The whole window for one part of a page: a key opens it, Escape leaves it, and the focus comes back. */
import { useFocusTrap, useHotkeys } from '@mantine/hooks';
import { type RefCallback, useCallback, useEffect, useRef } from 'react';

const KEY = 'f';
/** What opens above it takes Escape for itself. */
const OPEN = '[aria-haspopup][aria-expanded="true"]';
const DIALOG = '.mantine-Modal-content, .mantine-Spotlight-content';

/** Return where the part is to be tied to. What has the focus at first carries `data-autofocus`. */
export function useFull(isFull: boolean, turn: (isFull: boolean) => void): RefCallback<HTMLElement> {
  const trap = useFocusTrap(isFull);
  const box = useRef<HTMLElement | null>(null);
  useHotkeys([[KEY, () => document.querySelector(DIALOG) === null && turn(!isFull)]]);
  const leave = useRef(turn);
  leave.current = turn;
  useEffect(() => {
    if (!isFull) return;
    const before = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const overflow = document.body.style.overflow;
    document.body.style.overflow = 'hidden';
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      if (box.current?.querySelector(OPEN) != null || document.querySelector(DIALOG) !== null) return;
      event.preventDefault();
      leave.current(false);
    };
    // Before a menu closes itself and cannot be told from one that was closed.
    document.addEventListener('keydown', onKey, { capture: true });
    return () => {
      document.removeEventListener('keydown', onKey, { capture: true });
      document.body.style.overflow = overflow;
      before?.focus({ preventScroll: true });
    };
  }, [isFull]);
  return useCallback(
    (node) => {
      box.current = node;
      trap(node);
    },
    [trap],
  );
}
