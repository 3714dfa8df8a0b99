/** What stands beside the tasks of a run: how each went in the runs around it, or when it ran. Nothing here draws. */
import { type Column, type Grid, stateAt } from '@/pages/dag/grid/model';
import type { Bar, Gantt } from '@/pages/dag/runs/gantt';
import type { Line } from './lines';

export const BESIDES = ['runs', 'times', 'none'] as const;
export type Beside = (typeof BESIDES)[number];

const KEY = 'windward.beside';
const RUNS_MAX = 12;

/** What the browser's owner chose; the runs, as long as nothing was chosen. */
export function chosenBeside(): Beside {
  const kept = localStorage.getItem(KEY);
  return BESIDES.find((one) => one === kept) ?? 'runs';
}

export function chooseBeside(beside: Beside): void {
  localStorage.setItem(KEY, beside);
}

/** Return the runs that there is room for, with the one that is looked at in the middle where others follow it. */
export function runsBeside(runs: readonly Column[], runId: string): readonly Column[] {
  const at = runs.findIndex((one) => one.dag_run_id === runId);
  const from = Math.max(0, Math.min(at - RUNS_MAX / 2, runs.length - RUNS_MAX));
  return at < 0 ? [] : runs.slice(from, from + RUNS_MAX);
}

/** Return how a task, or what is in a group, went in each of some runs; null where a run has nothing of it. */
export function statesBeside(grid: Grid, runs: readonly Column[]): (line: Line) => (string | null)[] {
  const places = new Map(grid.tasks.map((task, place) => [task.task_id, place]));
  return (line) => {
    const ids = line.kind === 'task' ? [line.id] : [...line.taskIds];
    const row = {
      kind: line.kind,
      id: line.id,
      label: line.label,
      depth: line.depth,
      isFolded: false,
      places: ids.flatMap((id) => places.get(id) ?? []),
      isMapped: false,
      isGone: false,
    };
    return runs.map((run) => stateAt(row, run, grid.stateNames));
  };
}

/** Return the tries of a task; of a group one bar, from the first that began in it to the last that ended. */
export function barsBeside(gantt: Gantt): (line: Line) => readonly Bar[] {
  const byTask = new Map(gantt.lines.map((one) => [one.taskId, one.bars]));
  return (line) => {
    if (line.kind === 'task') return byTask.get(line.id) ?? [];
    const bars = [...line.taskIds].flatMap((id) => byTask.get(id) ?? []);
    const started = bars.flatMap((bar) => bar.started ?? []);
    if (started.length === 0) return [];
    const whole: Bar = {
      mapIndex: -1,
      mapLabel: null,
      tryNumber: 0,
      state: 'none',
      queued: null,
      started: Math.min(...started),
      ended: Math.max(...bars.map((bar) => bar.ended)),
    };
    return [whole];
  };
}
