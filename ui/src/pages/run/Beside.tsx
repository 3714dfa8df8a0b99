/** Beside the tasks of a run: a column for each run around it, or the time in which each task ran. */
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type MouseEvent, memo, useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { StateSign } from '@/components/State';
import { showLength, showMoment } from '@/lib/time';
import type { Column } from '@/pages/dag/grid/model';
import { timelineQuery } from '@/pages/dag/queries';
import { type Bar, ganttOf } from '@/pages/dag/runs/gantt';
import { Track } from '@/pages/dag/runs/Track';
import classes from './Beside.module.css';
import {
  BESIDES,
  type Beside,
  barsBeside,
  chooseBeside,
  chosenBeside,
  runsBeside,
  statesBeside,
} from './beside';
import type { Line } from './lines';
import { along, nearbyQuery } from './nearby';
import type { Run } from './queries';

interface Times {
  start: number;
  end: number;
  barsOf: (line: Line) => readonly Bar[];
}

/** What is known of what stands beside: null while it is not, or where nothing is wanted. */
export interface Shown {
  beside: Beside;
  choose: (beside: Beside) => void;
  runs: readonly Column[];
  /** When each of the runs was due, in words. */
  due: readonly string[];
  /** Go to another run, and there to the task, or to the one that is looked at. */
  turn: (runId: string, taskId: string | null) => void;
  statesOf: ((line: Line) => (string | null)[]) | null;
  times: Times | null;
}

const NO_RUNS: readonly Column[] = [];

export function useBeside(run: Run, isLive: boolean): Shown {
  const [beside, setBeside] = useState(chosenBeside);
  const { data: nearby } = useQuery(nearbyQuery(run, isLive));
  const timeline = useQuery({
    ...timelineQuery(run.dag_id, run.dag_run_id, isLive),
    enabled: beside === 'times',
  });
  const runs = useMemo(
    () => (beside === 'runs' && nearby ? runsBeside(nearby.grid.runs, run.dag_run_id) : NO_RUNS),
    [beside, nearby, run.dag_run_id],
  );
  const statesOf = useMemo(
    () => (nearby && runs.length > 1 ? statesBeside(nearby.grid, runs) : null),
    [nearby, runs],
  );
  const tries = timeline.isPlaceholderData ? undefined : timeline.data?.tries;
  // What goes on grows with each answer: a clock would have the whole page drawn each second.
  const now = isLive ? timeline.dataUpdatedAt : 0;
  const times = useMemo(() => {
    if (beside !== 'times' || tries === undefined) return null;
    const gantt = ganttOf(tries, now);
    return { start: gantt.start, end: gantt.end, barsOf: barsBeside(gantt) };
  }, [beside, tries, now]);
  const choose = useCallback((next: Beside) => {
    chooseBeside(next);
    setBeside(next);
  }, []);
  const [zone] = useZone();
  const due = useMemo(() => runs.map((one) => showMoment(one.run_after, zone, false)), [runs, zone]);
  const navigate = useNavigate({ from: '/dags/$dagId/runs/$runId' });
  const turn = useCallback(
    (runId: string, taskId: string | null) =>
      void navigate({
        to: '/dags/$dagId/runs/$runId',
        params: { dagId: run.dag_id, runId },
        search: (before) => ({ ...along(before), task: taskId ?? before.task }),
        resetScroll: false,
      }),
    [navigate, run.dag_id],
  );
  // The same while nothing changed: the lines of a long list are drawn anew only when they come into view.
  return useMemo(
    () => ({ beside, choose, runs, due, turn, statesOf, times }),
    [beside, choose, runs, due, turn, statesOf, times],
  );
}

/** What to show beside the tasks, and a head for it. */
export function BesideHead({ run, shown }: { run: Run; shown: Shown }) {
  const { t } = useTranslation('run');
  const { times } = shown;
  return (
    <div className={classes.head}>
      <SegmentedControl
        size="xs"
        aria-label={t('beside.title')}
        data={BESIDES.map((value) => ({ value, label: t(`beside.${value}`) }))}
        value={shown.beside}
        onChange={(next) => shown.choose(BESIDES.find((one) => one === next) ?? 'none')}
      />
      {shown.statesOf && (
        <Cells run={run} shown={shown} states={shown.runs.map((one) => one.state)} taskId={null} />
      )}
      {times && times.end > times.start && (
        <span className={`num dim ${classes.times} ${classes.scale}`}>
          <span>0</span>
          <span>{showLength(times.end - times.start)}</span>
        </span>
      )}
    </div>
  );
}

/** How a task went in each of the runs, or when it ran. The keys that go from run to run are the list's. */
export const BesideLine = memo(function BesideLine({
  run,
  line,
  shown,
}: {
  run: Run;
  line: Line;
  shown: Shown;
}) {
  const { statesOf, times } = shown;
  if (times !== null) {
    const bars = times.barsOf(line);
    return (
      <span className={classes.times}>
        {bars.length > 0 && <Track bars={bars} start={times.start} end={times.end} />}
      </span>
    );
  }
  if (statesOf === null) return null;
  return (
    <Cells run={run} shown={shown} states={statesOf(line)} taskId={line.kind === 'task' ? line.id : null} />
  );
});

interface CellsProps {
  run: Run;
  shown: Shown;
  states: readonly (string | null)[];
  /** Null for what is no task: the one that is looked at stays. */
  taskId: string | null;
}

/** A sign for each run, for the pointer: keys go by the arrows of the list. One listener does for a whole line. */
function Cells({ run, shown, states, taskId }: CellsProps) {
  const { t } = useTranslation('run');
  const go = (event: MouseEvent<HTMLElement>) => {
    const cell = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-run]') : null;
    if (cell?.dataset.run !== undefined) shown.turn(cell.dataset.run, taskId);
  };
  return (
    <span className={classes.cells} aria-hidden="true" onClick={go}>
      {shown.runs.map((one, number) => {
        const state = states[number] ?? null;
        const word =
          state === null ? t('nearby.absent') : t(`states.${state}`, { ns: 'common', defaultValue: state });
        return (
          <span
            key={one.dag_run_id}
            className={classes.cell}
            data-run={one.dag_run_id}
            data-here={one.dag_run_id === run.dag_run_id || undefined}
            title={`${taskId === null ? '' : `${taskId}\n`}${shown.due[number]}: ${word}`}
          >
            {state !== null && <StateSign state={state} size={10} />}
          </span>
        );
      })}
    </span>
  );
}
