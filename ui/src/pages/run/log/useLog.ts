/** A log as it grows, and where in it a text is found. */
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { followLog } from './reading';
import { LogStore } from './store';

const TELL_MS = 120;
const SLICE_ROWS = 20_000;

export interface Log {
  store: LogStore;
  /** How many rows there are: it grows. */
  rows: number;
  isDone: boolean;
  isBroken: boolean;
  error: Error | null;
}

export function useLog(address: string): Log {
  const [log, setLog] = useState<Log>(() => blank());
  useEffect(() => {
    const abort = new AbortController();
    const { store } = blank();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const tell = (more: Partial<Log>) =>
      setLog((before) => ({
        ...(before.store === store ? before : blank()),
        store,
        rows: store.rows,
        ...more,
      }));
    tell({});
    followLog(address, {
      signal: abort.signal,
      take: (lines) => {
        store.append(lines);
        timer ??= setTimeout(() => {
          timer = null;
          tell({});
        }, TELL_MS);
      },
      broken: (isBroken) => tell({ isBroken }),
    })
      .then(() => !abort.signal.aborted && tell({ isDone: true }))
      .catch((error: Error) => !abort.signal.aborted && tell({ error, isDone: true }));
    return () => {
      abort.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [address]);
  return log;
}

const blank = (): Log => ({ store: new LogStore(), rows: 0, isDone: false, isBroken: false, error: null });

/** Return the rows that contain a text, found a slice at a time, so that the page stays fluid. */
export function useMatches(store: LogStore, rows: number, text: string): number[] {
  const wanted = useDeferredValue(text);
  const [matches, setMatches] = useState<number[]>([]);
  const state = useRef({ store, wanted, at: 0, found: [] as number[] });
  useEffect(() => {
    if (state.current.store !== store || state.current.wanted !== wanted) {
      state.current = { store, wanted, at: 0, found: [] };
      setMatches([]);
    }
    if (wanted === '') return;
    let timer: ReturnType<typeof setTimeout>;
    const step = () => {
      const now = state.current;
      const to = Math.min(rows, now.at + SLICE_ROWS);
      const more = store.find(wanted, now.at, to);
      now.at = to;
      if (more.length > 0) {
        now.found = [...now.found, ...more];
        setMatches(now.found);
      }
      if (to < rows) timer = setTimeout(step);
    };
    timer = setTimeout(step);
    return () => clearTimeout(timer);
  }, [store, rows, wanted]);
  return matches;
}
