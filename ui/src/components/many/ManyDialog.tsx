/** Asks before something is done to many rows, does it, and says of each that was refused why. */
import { Button, Modal, Progress } from '@mantine/core';
import { type ReactNode, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { tellDone } from '@/app/telling';
import { Said } from '@/components/Said';
import { carryOut, type Outcome, type Step } from './carryOut';
import classes from './Many.module.css';

const SHOWN_MAX = 200;

interface Props<T> {
  title: string;
  /** What the button says. */
  label: string;
  isDangerous?: boolean;
  rows: readonly T[];
  nameOf: (row: T) => ReactNode;
  keyOf: (row: T) => string;
  /** How many rows go into one request, and what it is. */
  size: number;
  step: Step<T>;
  /** What is said when all of them are done. */
  done: (count: number) => string;
  /** What is left to do is asked for again, and what was refused stays chosen. */
  settle: (refused: T[]) => Promise<unknown>;
  close: () => void;
  isReady?: boolean;
  /** What it is done to in the end, where that is more than the rows that were chosen. */
  targets?: readonly T[] | undefined;
  children?: ReactNode;
}

export function ManyDialog<T>(props: Props<T>) {
  const { title, label, isDangerous, rows, nameOf, keyOf, size, step, done, settle, close } = props;
  const { t } = useTranslation('many');
  // What is done is what was asked about: the list behind the dialog goes on.
  const [chosen] = useState(rows);
  const asked = props.targets ?? chosen;
  const [through, setThrough] = useState<number | null>(null);
  const [refused, setRefused] = useState<Outcome<T>[] | null>(null);
  const isStopped = useRef(false);
  const begin = async () => {
    setThrough(0);
    const outcomes = await carryOut(asked, step, {
      size,
      tell: setThrough,
      isStopped: () => (isStopped.current ? t('stopped') : null),
    });
    const bad = outcomes.filter((one) => one.problem !== null);
    const good = outcomes.length - bad.length;
    if (good > 0) tellDone(done(good));
    if (bad.length > 0) setRefused(bad);
    await settle(bad.map((one) => one.row));
    if (bad.length === 0) close();
  };
  const isGoing = through !== null && refused === null;
  const stop = () => {
    if (isGoing) isStopped.current = true;
    else close();
  };
  return (
    <Modal
      opened
      onClose={stop}
      closeOnClickOutside={!isGoing}
      size="lg"
      title={title}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      {refused === null ? (
        (props.children ?? <Names rows={asked} nameOf={nameOf} keyOf={keyOf} />)
      ) : (
        <div role="alert">
          <p className={classes.say}>
            <strong>{t('refused', { count: refused.length })}</strong>{' '}
            <span className="dim">{t('through', { count: asked.length - refused.length })}</span>
          </p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys. */}
          <ul className={classes.list} tabIndex={0}>
            {refused.map(({ row, problem }) => (
              <li key={keyOf(row)}>
                {nameOf(row)}
                <span className={classes.problem}>
                  <Said text={problem} />
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div className={classes.buttons}>
        {isGoing && (
          <>
            <Progress
              className={classes.progress ?? ''}
              value={(100 * through) / asked.length}
              aria-label={t('progress', { done: through, count: asked.length })}
            />
            <span className="num dim">{t('progress', { done: through, count: asked.length })}</span>
          </>
        )}
        <Button
          variant="default"
          onClick={stop}
          data-autofocus={isDangerous || refused !== null || undefined}
        >
          {t(isGoing ? 'stop' : refused === null ? 'cancel' : 'close')}
        </Button>
        {refused === null && (
          <Button
            color={isDangerous ? 'red' : undefined}
            loading={isGoing}
            disabled={props.isReady === false}
            data-autofocus={!isDangerous || undefined}
            onClick={() => void begin()}
          >
            {label}
          </Button>
        )}
      </div>
    </Modal>
  );
}

/** What it is about, each named. */
export function Names<T>({ rows, nameOf, keyOf }: Pick<Props<T>, 'rows' | 'nameOf' | 'keyOf'>) {
  const { t } = useTranslation('many');
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys.
    <ul className={classes.list} tabIndex={0}>
      {rows.slice(0, SHOWN_MAX).map((row) => (
        <li key={keyOf(row)}>{nameOf(row)}</li>
      ))}
      {rows.length > SHOWN_MAX && <li className="dim">{t('more', { count: rows.length - SHOWN_MAX })}</li>}
    </ul>
  );
}
