/** The log of an attempt: live, in colours, with levels, groups and a search; a million lines are as quick as ten. */
import { Button, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useLocalStorage } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { logAddress, type Place } from '../queries';
import classes from './Log.module.css';
import { LogRows, type RowsHandle } from './LogRows';
import { LEVELS, type Level } from './store';
import { useLog, useMatches } from './useLog';

const FIND_MS = 200;
const route = getRouteApi('/dags/$dagId/runs/$runId');

interface Props {
  place: Place;
  tryNumber: number;
  /** Whether nothing is written to it any more. */
  isOver: boolean;
}

export function LogView({ place, tryNumber, isOver }: Props) {
  const { t } = useTranslation('run');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [hasWrap, setWrap] = useLocalStorage({ key: 'windward.log.wrap', defaultValue: false });
  const [hasTimes, setTimes] = useLocalStorage({ key: 'windward.log.times', defaultValue: true });
  const log = useLog(logAddress(place, tryNumber));
  const { store, rows } = log;
  const [typed, setTyped] = useState(search.find ?? '');
  const keep = useDebouncedCallback(
    (find: string) =>
      void navigate({
        search: (before) => ({ ...before, find: find || undefined }),
        replace: true,
        resetScroll: false,
      }),
    FIND_MS,
  );
  const matches = useMatches(store, rows, typed);
  const [at, setAt] = useState(-1);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const list = useRef<RowsHandle>(null);
  const level = LEVELS.find((one) => one === search.level) ?? 'debug';
  const groups = store.groups.length;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the store grows in place; `rows` and `groups` tell.
  const shown = useMemo(() => {
    const folded = new Set<number>();
    store.groups.forEach((group, number) => {
      // A group that is being written stays open.
      if (!unfolded.has(number) && group.end >= 0) folded.add(number);
    });
    return store.visible(folded, LEVELS.indexOf(level));
  }, [store, rows, groups, unfolded, level]);

  const go = (step: number) => {
    if (matches.length === 0) return;
    const next = (at + step + matches.length) % matches.length;
    const row = matches[next] ?? 0;
    setAt(next);
    const around = store.around(row);
    if (around.some((group) => !unfolded.has(group)))
      setUnfolded((before) => new Set([...before, ...around]));
    list.current?.show(row);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  };
  const fold = (group: number) =>
    setUnfolded((before) => {
      const after = new Set(before);
      if (!after.delete(group)) after.add(group);
      return after;
    });
  const download = () => {
    const address = URL.createObjectURL(new Blob([...store.texts()], { type: 'text/plain' }));
    const link = document.createElement('a');
    link.href = address;
    const index = place.mapIndex >= 0 ? `.${place.mapIndex}` : '';
    link.download = `${place.dagId}.${place.runId}.${place.taskId}${index}.${tryNumber}.log`.replace(
      /[^\w.+-]/g,
      '_',
    );
    link.click();
    URL.revokeObjectURL(address);
  };

  if (log.error) return <Failure error={log.error} />;
  return (
    <div className={classes.log}>
      <div className={classes.tools} role="toolbar" aria-label={t('log.title')}>
        <TextInput
          size="xs"
          className={classes.find}
          placeholder={t('log.search')}
          aria-label={t('log.search')}
          value={typed}
          onKeyDown={onKey}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            setAt(-1);
            keep(event.currentTarget.value);
          }}
        />
        {typed !== '' && (
          <>
            <span className="dim num nowrap" aria-live="polite">
              {matches.length === 0
                ? t('log.notFound')
                : t('log.found', { at: at + 1, count: matches.length })}
            </span>
            <Button size="compact-xs" variant="default" aria-label={t('log.previous')} onClick={() => go(-1)}>
              ↑
            </Button>
            <Button size="compact-xs" variant="default" aria-label={t('log.next')} onClick={() => go(1)}>
              ↓
            </Button>
          </>
        )}
        <Select
          size="xs"
          w={132}
          allowDeselect={false}
          aria-label={t('log.level')}
          data={LEVELS.map((one) => ({
            value: one,
            label: t(`log.levels.${one === 'debug' ? 'all' : one}`),
          }))}
          value={level}
          onChange={(value) =>
            void navigate({
              search: (before) => ({
                ...before,
                level: value === 'debug' ? undefined : ((value as Level) ?? undefined),
              }),
              resetScroll: false,
            })
          }
        />
        <Toggle name={t('log.wrap')} isOn={hasWrap} turn={() => setWrap(!hasWrap)} />
        <Toggle
          name={t('log.times')}
          hint={t('log.timesIn', { zone })}
          isOn={hasTimes}
          turn={() => setTimes(!hasTimes)}
        />
        <span className={classes.status}>
          {!log.isDone && !isOver && <span className={classes.live}>{t('log.live')}</span>}
          <span className="num dim">
            {t('log.lines', { count: store.raw.length, shown: store.raw.length.toLocaleString() })}
          </span>
        </span>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={t('log.start')}
          title={t('log.start')}
          onClick={() => list.current?.start()}
        >
          ⤒
        </Button>
        <Button
          size="compact-xs"
          variant="default"
          aria-label={t('log.end')}
          title={t('log.end')}
          onClick={() => list.current?.end()}
        >
          ⤓
        </Button>
        <Button size="compact-xs" variant="default" onClick={download} disabled={rows === 0}>
          {t('log.download')}
        </Button>
      </div>
      {log.isBroken && (
        <div role="status" className={classes.broken}>
          {t('log.again')}
        </div>
      )}
      {rows === 0 && !log.isDone && (isOver ? <Loading /> : <Empty title={t('log.waiting')} />)}
      {rows === 0 && log.isDone && <Empty title={t('log.empty')}>{t('log.emptyHint')}</Empty>}
      {rows > 0 && (
        <LogRows
          handle={list}
          store={store}
          shown={shown}
          count={shown?.length ?? rows}
          zone={zone}
          hasTimes={hasTimes}
          hasWrap={hasWrap}
          wanted={typed}
          chosen={at >= 0 ? (matches[at] ?? -1) : -1}
          isFolded={(group) => !unfolded.has(group) && (store.groups[group]?.end ?? -1) >= 0}
          fold={fold}
        />
      )}
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
