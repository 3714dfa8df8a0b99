/** A log as it grows, and where in it a text is found. */
import { useDeferredValue, useEffect, useRef, useState } from 'react';
import { followLog } from './reading';
import { passes, type Wanted } from './shown';
import { LogStore } from './store';

const TELL_MS = 120;
const SLICE_ROWS = 2_000;
const SLICE_MS = 8;
const FOUND_MS = 100;

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
        const isFirst = store.rows === 0;
        store.append(lines);
        if (isFirst) tell({});
        else
          timer ??= setTimeout(() => {
            timer = null;
            tell({});
          }, TELL_MS);
      },
      broken: (isBroken) => tell({ isBroken }),
    })
      .then(() => !abort.signal.aborted && tell({ isDone: true }))
      .catch((error: Error) => !abort.signal.aborted && tell({ error, isDone: true, isBroken: false }));
    return () => {
      abort.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [address]);
  return log;
}

const blank = (): Log => ({ store: new LogStore(), rows: 0, isDone: false, isBroken: false, error: null });

/** Return the rows that contain a text, found a slice at a time, so that the page stays fluid. */
export function useMatches(
  store: LogStore,
  rows: number,
  text: string,
  { least, sources }: Pick<Wanted, 'least' | 'sources'>,
): number[] {
  const wanted = useDeferredValue(text);
  const among = `${least} ${sources.join()}`;
  const [matches, setMatches] = useState<number[]>([]);
  const state = useRef({ store, wanted, among, at: 0, found: [] as number[] });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `among` tells of `least` and `sources`.
  useEffect(() => {
    const before = state.current;
    if (before.store !== store || before.wanted !== wanted || before.among !== among) {
      state.current = { store, wanted, among, at: 0, found: [] };
      setMatches([]);
    }
    if (wanted === '') return;
    const passing = sources.length === 0 ? null : store.sources.passing(sources);
    let timer: ReturnType<typeof setTimeout>;
    let told = performance.now();
    const step = () => {
      const now = state.current;
      const begin = performance.now();
      while (now.at < rows && performance.now() - begin < SLICE_MS) {
        const to = Math.min(rows, now.at + SLICE_ROWS);
        for (const row of store.find(wanted, now.at, to))
          if (passes(store, row, least, passing)) now.found.push(row);
        now.at = to;
      }
      const isDone = now.at >= rows;
      if (isDone || performance.now() - told > FOUND_MS) {
        told = performance.now();
        setMatches((before) => (before.length === now.found.length ? before : now.found.slice()));
      }
      if (!isDone) timer = setTimeout(step);
    };
    timer = setTimeout(step);
    return () => clearTimeout(timer);
  }, [store, rows, wanted, among]);
  return matches;
}
