/** The grid as data: what the server said, its lines (groups fold), and what stands where. Nothing here draws. */
import type { Schema } from '@/api/client';

export type Task = Schema['GridTask'];
export type Group = Schema['GridGroup'];
export type Column = Schema['GridColumn'];

export interface Grid {
  cursor: string;
  stateNames: readonly string[];
  tasks: readonly Task[];
  groups: readonly Group[];
  /** The oldest first, as they stand from left to right. */
  runs: readonly Column[];
}

export interface Line {
  kind: 'task' | 'group';
  id: string;
  label: string;
  depth: number;
  isFolded: boolean;
  /** Places of the tasks in the grid: of a task itself, of a group all that are in it. */
  places: readonly number[];
  isMapped: boolean;
  isGone: boolean;
}

/** From what a person should see first to what nobody minds. */
const WORST_FIRST = [
  'failed',
  'upstream_failed',
  'up_for_retry',
  'running',
  'restarting',
  'awaiting_input',
  'up_for_reschedule',
  'deferred',
  'queued',
  'scheduled',
  'none',
  'success',
  'skipped',
  'removed',
];
const RANK = new Map(WORST_FIRST.map((state, rank) => [state, rank]));
export const ABSENT = -1;

/** Put what differs into what was known. An answer with tasks is a whole one. */
export function mergeGrid(known: Grid | undefined, answer: Schema['GridResponse']): Grid {
  if (known === undefined || answer.tasks !== null) {
    return {
      cursor: answer.cursor,
      stateNames: answer.state_names,
      tasks: answer.tasks ?? [],
      groups: answer.groups ?? [],
      runs: inOrder(answer.runs),
    };
  }
  if (answer.runs.length === 0 && answer.gone.length === 0) {
    return answer.cursor === known.cursor ? known : { ...known, cursor: answer.cursor };
  }
  const runs = new Map(known.runs.map((run) => [run.dag_run_id, run]));
  for (const gone of answer.gone) runs.delete(gone);
  for (const run of answer.runs) runs.set(run.dag_run_id, run);
  return { ...known, cursor: answer.cursor, runs: inOrder([...runs.values()]) };
}

function inOrder(runs: readonly Column[]): Column[] {
  return [...runs].sort(
    (a, b) => Date.parse(a.run_after) - Date.parse(b.run_after) || (a.dag_run_id < b.dag_run_id ? -1 : 1),
  );
}

/** Return the lines from top to bottom: a group stands where its first task does, what is in it below. */
export function linesOf(
  tasks: readonly Task[],
  groups: readonly Group[],
  folded: ReadonlySet<string>,
  wanted = '',
): Line[] {
  const byId = new Map(groups.map((group) => [group.group_id, group]));
  const asked = wanted.trim().toLowerCase();
  const fits = (task: Task) =>
    asked === '' || task.task_id.toLowerCase().includes(asked) || task.label.toLowerCase().includes(asked);
  interface Node {
    group: Group | null;
    places: number[];
    parts: (number | Node)[];
  }
  const top: Node = { group: null, places: [], parts: [] };
  const nodes = new Map<string, Node>();
  const nodeOf = (id: string | null, chain: Set<string> = new Set()): Node => {
    const group = id === null || chain.has(id) ? undefined : byId.get(id);
    if (id === null || group === undefined) return top;
    const made = nodes.get(id);
    if (made !== undefined) return made;
    const node: Node = { group, places: [], parts: [] };
    nodes.set(id, node);
    nodeOf(group.parent_id, chain.add(id)).parts.push(node);
    return node;
  };
  for (const [place, task] of tasks.entries()) {
    if (!fits(task)) continue;
    nodeOf(task.group_id).parts.push(place);
    let at: string | null = task.group_id;
    for (let steps = 0; at !== null && byId.has(at) && steps <= groups.length; steps += 1) {
      nodes.get(at)?.places.push(place);
      at = byId.get(at)?.parent_id ?? null;
    }
  }
  const lines: Line[] = [];
  const walk = (node: Node, depth: number): void => {
    for (const part of node.parts) {
      if (typeof part === 'number') {
        const task = tasks[part];
        if (task === undefined) continue;
        lines.push({
          kind: 'task',
          id: task.task_id,
          label: task.label,
          depth,
          isFolded: false,
          places: [part],
          isMapped: task.is_mapped,
          isGone: task.is_gone ?? false,
        });
      } else if (part.group !== null) {
        const isFolded = asked === '' && folded.has(part.group.group_id);
        lines.push({
          kind: 'group',
          id: part.group.group_id,
          label: part.group.label,
          depth,
          isFolded,
          places: part.places,
          isMapped: false,
          isGone: false,
        });
        if (!isFolded) walk(part, depth + 1);
      }
    }
  };
  walk(top, 0);
  return lines;
}

/** Of some states the one that should be seen first; null when there is none. */
export function worstOf(states: Iterable<string>): string | null {
  let worst: string | null = null;
  for (const state of states) {
    if (worst === null || (RANK.get(state) ?? 99) < (RANK.get(worst) ?? 99)) worst = state;
  }
  return worst;
}

const remembered = new WeakMap<Column, WeakMap<Line, string | null>>();

/** The state that a cell shows, or null when the run has nothing there. */
export function stateAt(line: Line, run: Column, names: readonly string[]): string | null {
  if (line.kind === 'task') return nameOf(run.states[line.places[0] ?? ABSENT], names);
  let cells = remembered.get(run);
  if (cells === undefined) {
    cells = new WeakMap();
    remembered.set(run, cells);
  }
  const kept = cells.get(line);
  if (kept !== undefined) return kept;
  const found = new Set<string>();
  for (const place of line.places) {
    const name = nameOf(run.states[place], names);
    if (name !== null) found.add(name);
  }
  const state = worstOf(found);
  cells.set(line, state);
  return state;
}

function nameOf(number: number | undefined, names: readonly string[]): string | null {
  return number === undefined || number === ABSENT ? null : (names[number] ?? null);
}

/** How many instances of a mapped task are in each state, the worst first; null when it has one instance. */
export function countsAt(line: Line, run: Column): [string, number][] | null {
  const counts = line.kind === 'task' ? run.mapped[line.id] : undefined;
  if (counts === undefined) return null;
  return Object.entries(counts).sort(([a], [b]) => (RANK.get(a) ?? 99) - (RANK.get(b) ?? 99));
}

/** A number in the room of three characters: `7`, `340`, `12k`. */
export function shortCount(count: number): string {
  if (count < 1000) return String(count);
  if (count < 1_000_000) return `${Math.floor(count / 1000)}k`;
  return `${Math.floor(count / 1_000_000)}M`;
}

export interface Measures {
  /** Width of the labels, and height of the head with the bars. */
  labels: number;
  head: number;
  row: number;
  column: number;
}

export interface View {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface Spot {
  /** Line, or -1 in the head. */
  row: number;
  /** Run, or -1 in the labels. */
  column: number;
}

/** What of the grid is in the view: from the first, to behind the last. */
export function visible(view: View, size: Measures, rows: number, columns: number) {
  const clamp = (value: number, max: number) => Math.max(0, Math.min(max, value));
  return {
    firstRow: clamp(Math.floor(view.top / size.row), rows),
    endRow: clamp(Math.ceil((view.top + view.height - size.head) / size.row), rows),
    firstColumn: clamp(Math.floor(view.left / size.column), columns),
    endColumn: clamp(Math.ceil((view.left + view.width - size.labels) / size.column), columns),
  };
}

/** What is at a point of the view; null outside of the grid. */
export function spotAt(
  x: number,
  y: number,
  view: View,
  size: Measures,
  rows: number,
  columns: number,
): Spot | null {
  if (x < 0 || y < 0 || x >= view.width || y >= view.height) return null;
  const column = x < size.labels ? -1 : Math.floor((x - size.labels + view.left) / size.column);
  const row = y < size.head ? -1 : Math.floor((y - size.head + view.top) / size.row);
  if (column >= columns || row >= rows || (row === -1 && column === -1)) return null;
  return { row, column };
}

/** Where to scroll so that a spot is seen. */
export function scrollTo(spot: Spot, view: View, size: Measures): { left: number; top: number } {
  const along = (place: number, step: number, start: number, room: number) => {
    if (place < 0 || place * step < start) return place < 0 ? start : place * step;
    const end = (place + 1) * step;
    return end > start + room ? end - room : start;
  };
  return {
    left: along(spot.column, size.column, view.left, view.width - size.labels),
    top: along(spot.row, size.row, view.top, view.height - size.head),
  };
}

/** Move a focus by a key; null when the key does not move it. */
export function moved(spot: Spot, key: string, rows: number, columns: number, page: number): Spot | null {
  const clamp = (row: number, column: number): Spot => {
    const next = {
      row: Math.max(-1, Math.min(rows - 1, row)),
      column: Math.max(-1, Math.min(columns - 1, column)),
    };
    return next.row === -1 && next.column === -1 ? spot : next;
  };
  switch (key) {
    case 'ArrowLeft':
      return clamp(spot.row, spot.column - 1);
    case 'ArrowRight':
      return clamp(spot.row, spot.column + 1);
    case 'ArrowUp':
      return clamp(spot.row - 1, spot.column);
    case 'ArrowDown':
      return clamp(spot.row + 1, spot.column);
    case 'PageUp':
      return clamp(Math.max(0, spot.row - page), spot.column);
    case 'PageDown':
      return clamp(spot.row + page, spot.column);
    case 'Home':
      return clamp(spot.row, 0);
    case 'End':
      return clamp(spot.row, columns - 1);
    default:
      return null;
  }
}
