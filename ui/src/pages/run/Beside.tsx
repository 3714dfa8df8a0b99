/** Beside the tasks of a run: a column for each run around it, or the time in which each task ran. */
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
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
  const choose = (next: Beside) => {
    chooseBeside(next);
    setBeside(next);
  };
  return { beside, choose, runs, statesOf, times };
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
        <span className={classes.cells} aria-hidden="true">
          {shown.runs.map((one) => (
            <Cell key={one.dag_run_id} run={run} of={one} state={one.state} taskId={null} />
          ))}
        </span>
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
export function BesideLine({ run, line, shown }: { run: Run; line: Line; shown: Shown }) {
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
  const states = statesOf(line);
  return (
    <span className={classes.cells} aria-hidden="true">
      {shown.runs.map((one, number) => (
        <Cell
          key={one.dag_run_id}
          run={run}
          of={one}
          state={states[number] ?? null}
          taskId={line.kind === 'task' ? line.id : null}
        />
      ))}
    </span>
  );
}

interface CellProps {
  run: Run;
  of: Column;
  state: string | null;
  /** Null for what is no task: the one that is looked at stays. */
  taskId: string | null;
}

function Cell({ run, of, state, taskId }: CellProps) {
  const { t } = useTranslation('run');
  const [zone] = useZone();
  const word =
    state === null ? t('nearby.absent') : t(`states.${state}`, { ns: 'common', defaultValue: state });
  return (
    <Link
      to="/dags/$dagId/runs/$runId"
      params={{ dagId: run.dag_id, runId: of.dag_run_id }}
      search={(before) => ({ ...along(before), task: taskId ?? before.task })}
      resetScroll={false}
      className={classes.cell}
      data-here={of.dag_run_id === run.dag_run_id || undefined}
      tabIndex={-1}
      title={`${taskId === null ? '' : `${taskId}\n`}${showMoment(of.run_after, zone, false)}: ${word}`}
    >
      {state !== null && <StateSign state={state} size={10} />}
    </Link>
  );
}
