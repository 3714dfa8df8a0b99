/** The log of an attempt: live, in colours, with levels, groups and a search; a million lines are as quick as ten. */
import { Button } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { useTyped } from '@/components/useTyped';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { logAddress, type Place } from '../queries';
import classes from './Log.module.css';
import { LogRows, type RowsHandle } from './LogRows';
import { LogTools } from './LogTools';
import { Shown, type Wanted } from './shown';
import { inAddress, sourcesOf } from './sources';
import { LEVELS } from './store';
import { useFull } from './useFull';
import { useHit } from './useHit';
import { useLog, useMatches } from './useLog';

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
  const [hasAllFrames, setAllFrames] = useLocalStorage({ key: 'windward.log.frames', defaultValue: false });
  const look = {
    wrap: { isOn: hasWrap, turn: () => setWrap(!hasWrap) },
    times: { isOn: hasTimes, turn: () => setTimes(!hasTimes) },
    frames: { isOn: hasAllFrames, turn: () => setAllFrames(!hasAllFrames) },
  };
  const where = logAddress(place, tryNumber);
  const log = useLog(where);
  const { store, rows } = log;
  const put = useCallback(
    (change: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  );
  const [typed, type] = useTyped(search.find, (find) => put({ find }));
  const level = LEVELS.find((one) => one === search.level) ?? 'debug';
  const sources = useMemo(() => sourcesOf(search.source), [search.source]);
  const isFull = search.full === true;
  const turnFull = (full: boolean) => put({ full: full || undefined });
  const box = useFull(isFull, turnFull);
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  const [opened, setOpened] = useState<ReadonlySet<number>>(new Set());
  const wanted: Wanted = useMemo(
    () => ({
      unfolded,
      frames: hasAllFrames ? 'all' : opened,
      least: LEVELS.indexOf(level),
      sources,
    }),
    [unfolded, opened, hasAllFrames, level, sources],
  );
  const matches = useMatches(store, rows, typed, wanted);
  const [at, setAt] = useHit([where, typed, level, ...sources].join('\n'));
  const list = useRef<RowsHandle>(null);
  const filter = useRef(new Shown());
  const shown = filter.current.of(store, wanted);
  const count = shown?.length ?? rows;

  const go = (step: number) => {
    if (matches.length === 0) return;
    const next = (at + step + matches.length) % matches.length;
    const row = matches[next] ?? 0;
    setAt(next);
    const around = store.around(row);
    if (around.some((group) => !unfolded.has(group)))
      setUnfolded((before) => new Set([...before, ...around]));
    const frames = store.frames.at(row);
    if (frames >= 0 && !opened.has(frames)) setOpened((before) => new Set([...before, frames]));
    list.current?.show(row);
  };
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

  if (log.error && rows === 0) return <Failure error={log.error} />;
  return (
    <div
      ref={box}
      className={classes.log}
      data-full={isFull || undefined}
      {...(isFull && { role: 'dialog', 'aria-modal': true, 'aria-label': t('log.title') })}
    >
      <LogTools
        log={log}
        isOver={isOver}
        name={place.mapIndex >= 0 ? `${place.taskId} [${place.mapIndex}]` : place.taskId}
        found={{ typed, at, count: matches.length, type, go }}
        level={level}
        sources={sources}
        choose={(some) => put({ source: inAddress(some) })}
        chooseLevel={(one) => put({ level: one === 'debug' ? undefined : one })}
        look={look}
        list={list}
        download={download}
        isFull={isFull}
        turnFull={turnFull}
      />
      {log.error && <Failure error={log.error} />}
      {log.isBroken && (
        <div role="status" className={classes.broken}>
          {t('log.again')}
        </div>
      )}
      {rows === 0 && !log.isDone && (isOver ? <Loading /> : <Empty title={t('log.waiting')} />)}
      {rows === 0 && log.isDone && <Empty title={t('log.empty')}>{t('log.emptyHint')}</Empty>}
      {rows > 0 && count === 0 && (
        <div className={classes.none}>
          <p>{t('log.noneOfKind')}</p>
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => put({ level: undefined, source: undefined })}
          >
            {t('log.showAll')}
          </Button>
        </div>
      )}
      {rows > 0 && count > 0 && (
        <LogRows
          handle={list}
          store={store}
          shown={shown}
          count={count}
          zone={zone}
          hasTimes={hasTimes}
          hasWrap={hasWrap}
          wanted={typed}
          chosen={at >= 0 ? (matches[at] ?? -1) : -1}
          isFolded={(group) => !unfolded.has(group) && (store.groups[group]?.end ?? -1) >= 0}
          fold={(group) => setUnfolded((before) => turned(before, group))}
          hasFrames={!hasAllFrames}
          areFramesFolded={(frames) => !opened.has(frames)}
          foldFrames={(frames) => setOpened((before) => turned(before, frames))}
        />
      )}
    </div>
  );
}

function turned(before: ReadonlySet<number>, one: number): ReadonlySet<number> {
  const after = new Set(before);
  if (!after.delete(one)) after.add(one);
  return after;
}
