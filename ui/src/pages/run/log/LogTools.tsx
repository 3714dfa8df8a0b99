/** What one does with a log: find, filter by level and source, wrap, keep, and give it the whole window. */
import { Button, Select, TextInput } from '@mantine/core';
import type { KeyboardEvent, RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import classes from './Log.module.css';
import type { RowsHandle } from './LogRows';
import { SourceMenu } from './SourceMenu';
import { LEVELS, type Level } from './store';
import type { Log } from './useLog';

interface Switched {
  isOn: boolean;
  turn: () => void;
}

interface Props {
  log: Log;
  isOver: boolean;
  name: string;
  /** What is looked for, which of the matches is chosen, and the ways to change both. */
  found: {
    typed: string;
    at: number;
    count: number;
    type: (text: string) => void;
    go: (step: number) => void;
  };
  level: Level;
  chooseLevel: (level: Level) => void;
  sources: readonly string[];
  choose: (sources: readonly string[]) => void;
  look: { wrap: Switched; times: Switched; frames: Switched };
  list: RefObject<RowsHandle | null>;
  download: () => void;
  isFull: boolean;
  turnFull: (isFull: boolean) => void;
}

export function LogTools({ log, isOver, name, found, level, chooseLevel, sources, choose, ...more }: Props) {
  const { look, list, download, isFull, turnFull } = more;
  const { t } = useTranslation('run');
  const [zone] = useZone();
  const { store } = log;
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    found.go(event.shiftKey ? -1 : 1);
  };
  return (
    <div className={classes.tools} role="toolbar" aria-label={t('log.title')}>
      {isFull && <span className={classes.fullHead}>{name}</span>}
      <TextInput
        size="xs"
        className={classes.find}
        placeholder={t('log.search')}
        aria-label={t('log.search')}
        value={found.typed}
        onKeyDown={onKey}
        onChange={(event) => found.type(event.currentTarget.value)}
      />
      {found.typed !== '' && (
        <>
          <span className="dim num nowrap" aria-live="polite">
            {found.count === 0 ? t('log.notFound') : t('log.found', { at: found.at + 1, count: found.count })}
          </span>
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('log.previous')}
            onClick={() => found.go(-1)}
          >
            ↑
          </Button>
          <Button size="compact-xs" variant="default" aria-label={t('log.next')} onClick={() => found.go(1)}>
            ↓
          </Button>
        </>
      )}
      <Select
        size="xs"
        w={124}
        allowDeselect={false}
        aria-label={t('log.level')}
        data={LEVELS.map((one) => ({
          value: one,
          label: t(`log.levels.${one === 'debug' ? 'all' : one}`),
        }))}
        value={level}
        onChange={(value) => chooseLevel((value as Level) ?? 'debug')}
      />
      {(store.sources.all.length > 1 || sources.length > 0) && (
        <SourceMenu sources={store.sources} chosen={sources} choose={choose} />
      )}
      <Toggle name={t('log.wrap')} {...look.wrap} />
      <Toggle name={t('log.times')} hint={t('log.timesIn', { zone })} {...look.times} />
      {store.frames.found.length > 0 && (
        <Toggle name={t('log.allFrames')} hint={t('log.allFramesHint')} {...look.frames} />
      )}
      <span className={classes.status}>
        {!log.isDone && !isOver && <span className={classes.live}>{t('log.live')}</span>}
        <span className="num dim nowrap">
          {t('log.lines', { count: store.raw.length, shown: store.raw.length.toLocaleString() })}
        </span>
        <Press sign="start" name={t('log.start')} press={() => list.current?.start()} />
        <Press sign="end" name={t('log.end')} press={() => list.current?.end()} />
        <Press sign="keep" name={t('log.download')} press={download} isOff={log.rows === 0} />
        <Press
          sign={isFull ? 'leave' : 'full'}
          name={isFull ? t('log.leaveFull') : t('log.full')}
          keys={isFull ? 'Escape' : 'f'}
          press={() => turnFull(!isFull)}
        />
      </span>
    </div>
  );
}

function Toggle({
  name,
  hint,
  isOn,
  turn,
}: {
  name: string;
  hint?: string;
  isOn: boolean;
  turn: () => void;
}) {
  return (
    <Button
      size="compact-xs"
      variant={isOn ? 'light' : 'default'}
      aria-pressed={isOn}
      title={hint}
      onClick={turn}
    >
      {name}
    </Button>
  );
}

const SIGNS = {
  start: 'M3 3h10M4 11.5 8 7.5l4 4',
  end: 'M3 13h10M4 4.5l4 4 4-4',
  keep: 'M2.5 10.5v3h11v-3M8 2.5V10M4.5 7 8 10.5 11.5 7',
  full: 'M6 2.5H2.5V6M10 2.5h3.5V6M6 13.5H2.5V10M10 13.5h3.5V10',
  leave: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
} as const;

function Press({
  sign,
  name,
  press,
  keys,
  isOff = false,
}: {
  sign: keyof typeof SIGNS;
  name: string;
  press: () => void;
  keys?: string;
  isOff?: boolean;
}) {
  return (
    <Button
      size="compact-xs"
      px={5}
      variant="default"
      aria-label={name}
      aria-keyshortcuts={keys}
      title={keys === undefined ? name : `${name} (${keys})`}
      disabled={isOff}
      onClick={press}
    >
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className={classes.sign}>
        <path d={SIGNS[sign]} />
      </svg>
    </Button>
  );
}
