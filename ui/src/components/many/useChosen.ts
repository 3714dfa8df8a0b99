/** The rows of a list that somebody chose: they stay while the list is asked for anew, until it is filtered otherwise. */
import { useCallback, useMemo, useRef, useState } from 'react';
import { asShown, between, extent, type Kept, type KeyOf, withRows } from './choose';

export interface Chosen<T> {
  /** As they are now, those that are shown first. */
  rows: T[];
  /** How many of them the list does not show: on another page, or no longer of its filter. */
  away: number;
  extent: 'none' | 'some' | 'all';
  has: (row: T) => boolean;
  /** A press on the box of a row; with `isRange`, of all rows since the last press. */
  press: (row: T, isRange: boolean) => void;
  /** Put rows in, or take them out. */
  put: (rows: readonly T[], isOn: boolean) => void;
  /** Choose all that is shown, or, when all is, none of it. */
  pressAll: () => void;
  /** Choose none, or only these. */
  only: (rows: readonly T[]) => void;
}

interface Options<T> {
  /** What the list is of; another filter is another list. */
  about: string;
  shown: readonly T[];
  /** The same function each time. */
  keyOf: KeyOf<T>;
}

export function useChosen<T>({ about, shown, keyOf }: Options<T>): Chosen<T> {
  const [state, setState] = useState<{ about: string; kept: Kept<T> }>({ about, kept: new Map() });
  const last = useRef<string | null>(null);
  if (state.about !== about) setState({ about, kept: new Map() });
  const { kept } = state;
  const rowsNow = useRef(shown);
  rowsNow.current = shown;
  const put = useCallback(
    (rows: readonly T[], isOn: boolean) =>
      setState((before) => ({ ...before, kept: withRows(before.kept, rows, keyOf, isOn) })),
    [keyOf],
  );
  const press = useCallback(
    (row: T, isRange: boolean) => {
      const key = keyOf(row);
      const from = isRange ? last.current : null;
      last.current = key;
      setState((before) => {
        const rows = between(rowsNow.current, keyOf, from, key);
        return { ...before, kept: withRows(before.kept, [...rows, row], keyOf, !before.kept.has(key)) };
      });
    },
    [keyOf],
  );
  const how = extent(kept, shown, keyOf);
  return {
    ...useMemo(() => asShown(kept, shown, keyOf), [kept, shown, keyOf]),
    extent: how,
    has: (row) => kept.has(keyOf(row)),
    press,
    put,
    pressAll: () => put(shown, how !== 'all'),
    only: useCallback(
      (rows: readonly T[]) =>
        setState((before) => ({ ...before, kept: withRows(new Map(), rows, keyOf, true) })),
      [keyOf],
    ),
  };
}
