/** The boxes that choose rows: one for each, and one for all. Arrows go from box to box; with Shift they choose a range. */
import { type KeyboardEvent, type MouseEvent, memo, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Many.module.css';
import type { Chosen } from './useChosen';

/** A press with Shift would mark the text between, too. */
const keepUnmarked = (event: MouseEvent) => {
  if (event.shiftKey) event.preventDefault();
};

function toNext(event: KeyboardEvent<HTMLInputElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  event.stopPropagation();
  const all = [...document.querySelectorAll<HTMLInputElement>('input[data-choose]')];
  const next = all[all.indexOf(event.currentTarget) + step];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}

interface OneProps {
  /** What the row is called. */
  name: string;
  isChosen: boolean;
  isPartly?: boolean;
  press: (isRange: boolean) => void;
}

export const OneBox = memo(function OneBox({ name, isChosen, isPartly = false, press }: OneProps) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = isPartly;
  }, [isPartly]);
  return (
    <label className={classes.box} onMouseDown={keepUnmarked}>
      <input
        ref={box}
        type="checkbox"
        data-choose
        checked={isChosen}
        aria-label={t('choose.one', { name })}
        onKeyDown={toNext}
        onChange={(event) => press((event.nativeEvent as globalThis.MouseEvent).shiftKey === true)}
      />
    </label>
  );
});

export function AllBox<T>({ chosen }: { chosen: Pick<Chosen<T>, 'extent' | 'pressAll'> }) {
  const { t } = useTranslation();
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = chosen.extent === 'some';
  }, [chosen.extent]);
  return (
    <label className={classes.box}>
      <input
        ref={box}
        type="checkbox"
        data-choose
        checked={chosen.extent === 'all'}
        aria-label={t('choose.all')}
        onKeyDown={toNext}
        onChange={chosen.pressAll}
      />
    </label>
  );
}

/** The place of a box in a table's row. */
export const cell = classes.cell;
