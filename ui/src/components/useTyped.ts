/** A text that somebody types and that stands in the address: written there after a moment, read from there on Back. */
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useRef, useState } from 'react';

const PATIENCE_MS = 200;

/** Return what the field shows, and what to do with what is typed; `put` writes it to the address. */
export function useTyped(
  inAddress: string | undefined,
  put: (text: string | undefined) => void,
): [string, (text: string) => void] {
  const now = inAddress ?? '';
  const [typed, setTyped] = useState(now);
  // What was written there comes back later, when more may have been typed: only what others wrote is taken over.
  const known = useRef(now);
  useEffect(() => {
    if (known.current === now) return;
    known.current = now;
    setTyped(now);
  }, [now]);
  const send = useDebouncedCallback((text: string) => {
    known.current = text;
    put(text || undefined);
  }, PATIENCE_MS);
  return [
    typed,
    (text) => {
      setTyped(text);
      send(text);
    },
  ];
}
