/** The rows of a log that are in sight; the others are only a height. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Log.module.css';
import { OneRow, type RowProps } from './LogRow';
import type { LogStore } from './store';

const ROW_HEIGHT = 20;
const OVERSCAN = 10;
/** What browsers can scroll: beyond it, rows are closer to each other on the scroll bar than on the screen. */
const HEIGHT_MAX = 15_000_000;
const AT_END_PX = 24;

export interface RowsHandle {
  /** Bring a row of the store into sight. */
  show: (row: number) => void;
  start: () => void;
  end: () => void;
}

interface Props {
  handle: RefObject<RowsHandle | null>;
  store: LogStore;
  /** The rows to show, or null for all of them. */
  shown: readonly number[] | null;
  count: number;
  zone: string;
  hasTimes: boolean;
  hasWrap: boolean;
  wanted: string;
  chosen: number;
  isFolded: (group: number) => boolean;
  fold: (group: number) => void;
  /** Whether frames of libraries fold, and which of them do. */
  hasFrames: boolean;
  areFramesFolded: (frames: number) => boolean;
  foldFrames: (frames: number) => void;
}

export function LogRows(props: Props) {
  return props.hasWrap ? <Wrapped {...props} /> : <Flat {...props} />;
}

/** Return where a row of the store is among those that are shown: itself, or the last before it. */
function indexOf(row: number, shown: readonly number[] | null): number {
  if (shown === null) return row;
  let low = 0;
  let high = shown.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((shown[middle] ?? 0) <= row) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Keep to the end while it is in sight. */
function useEnd(scroller: RefObject<HTMLDivElement | null>, count: number, isFirst: boolean) {
  const isAtEnd = useRef(isFirst);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever rows come, the end is somewhere else.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && isAtEnd.current) box.scrollTop = box.scrollHeight;
  }, [scroller, count]);
  const look = () => {
    const box = scroller.current;
    if (box) isAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
  };
  return { isAtEnd, look };
}

function Flat(props: Props) {
  const { handle, store, shown, count } = props;
  const { t } = useTranslation('run');
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const whole = count * ROW_HEIGHT;
  const height = Math.min(whole, HEIGHT_MAX);
  // Where the scroll bar is, as a part of its way, is where the rows are, as a part of theirs.
  const scale = whole <= HEIGHT_MAX ? 1 : (whole - view.height) / Math.max(1, height - view.height);
  const { isAtEnd, look } = useEnd(scroller, count, props.chosen < 0);
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const watch = new ResizeObserver(() => {
      if (isAtEnd.current) box.scrollTop = box.scrollHeight;
      setView({ top: box.scrollTop, height: box.clientHeight });
    });
    watch.observe(box);
    return () => watch.disconnect();
  }, [isAtEnd]);
  const to = (index: number) => {
    const box = scroller.current;
    if (!box) return;
    isAtEnd.current = false;
    box.scrollTop = Math.max(0, (index * ROW_HEIGHT - box.clientHeight / 3) / scale);
  };
  useImperativeHandle(handle, () => ({
    // Groups may have to unfold first.
    show: (row) => setTimeout(() => to(indexOf(row, latest.current)), 0),
    start: () => to(0),
    end: () => {
      const box = scroller.current;
      if (box) box.scrollTop = box.scrollHeight;
    },
  }));
  // What was found stays in sight when the lines are wrapped, or no longer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at first only.
  useEffect(() => {
    if (props.chosen >= 0) handle.current?.show(props.chosen);
  }, []);
  const latest = useRef(shown);
  latest.current = shown;
  const offset = view.top * scale;
  const first = Math.max(0, Math.floor(offset / ROW_HEIGHT) - OVERSCAN);
  const last = Math.min(count, Math.ceil((offset + view.height) / ROW_HEIGHT) + OVERSCAN);
  const rows = Array.from({ length: Math.max(0, last - first) }, (_, number) => first + number);
  return (
    <div
      ref={scroller}
      className={classes.rows}
      role="log"
      aria-live="off"
      aria-label={t('log.title')}
      data-autofocus
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys.
      tabIndex={0}
      onScroll={(event) => {
        look();
        setView({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight });
      }}
    >
      <div className={classes.room} style={{ height }}>
        <div
          className={classes.block}
          style={{ transform: `translateY(${first * ROW_HEIGHT - offset + view.top}px)` }}
        >
          {rows.map((index) => {
            const row = shown === null ? index : shown[index];
            return row !== undefined && row < store.rows ? (
              <OneRow key={row} {...aboutRow(row, props)} />
            ) : null;
          })}
        </div>
      </div>
    </div>
  );
}

function Wrapped(props: Props) {
  const { handle, store, shown, count } = props;
  const { t } = useTranslation('run');
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const { isAtEnd, look } = useEnd(scroller, virtual.getTotalSize(), props.chosen < 0);
  const latest = useRef(shown);
  latest.current = shown;
  useImperativeHandle(handle, () => ({
    show: (row) => {
      isAtEnd.current = false;
      setTimeout(() => virtual.scrollToIndex(indexOf(row, latest.current), { align: 'center' }), 0);
    },
    start: () => {
      isAtEnd.current = false;
      virtual.scrollToIndex(0);
    },
    end: () => {
      const box = scroller.current;
      if (box) box.scrollTop = box.scrollHeight;
    },
  }));
  // What was found stays in sight when the lines are wrapped, or no longer.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at first only.
  useEffect(() => {
    if (props.chosen >= 0) handle.current?.show(props.chosen);
  }, []);
  return (
    <div
      ref={scroller}
      className={classes.rows}
      data-wrap
      role="log"
      aria-live="off"
      aria-label={t('log.title')}
      data-autofocus
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys.
      tabIndex={0}
      onScroll={look}
    >
      <div className={classes.room} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map((item) => {
          const row = shown === null ? item.index : shown[item.index];
          return row !== undefined && row < store.rows ? (
            <div
              key={item.key}
              ref={virtual.measureElement}
              data-index={item.index}
              className={classes.block}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <OneRow {...aboutRow(row, props)} />
            </div>
          ) : null;
        })}
      </div>
    </div>
  );
}

function aboutRow(row: number, props: Props): RowProps {
  const { store, zone, hasTimes, wanted, chosen, isFolded, fold, foldFrames } = props;
  const group = store.headed(row);
  const hidden = group >= 0 && isFolded(group) ? sizeOf(store, group) : -1;
  const around = props.hasFrames ? store.frames.at(row) : -1;
  const frames = store.frames.found[around]?.first === row ? around : -1;
  const frameCount = store.frames.found[frames]?.count ?? 0;
  const areFolded = frames >= 0 && props.areFramesFolded(frames);
  const isChosen = row === chosen;
  const shared = { row, store, zone, hasTimes, wanted, fold, foldFrames };
  return { ...shared, isChosen, hidden, frames, frameCount, areFolded };
}

function sizeOf(store: LogStore, group: number): number {
  const found = store.groups[group];
  return found === undefined ? 0 : found.end - found.head - 1;
}
