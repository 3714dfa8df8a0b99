/** What differs between two texts, line by line: the shortest way from one to the other (Myers). */

export interface DiffLine {
  kind: 'same' | 'added' | 'removed';
  text: string;
  /** Numbers of the line in either text, from 1. */
  before: number | null;
  after: number | null;
}

/** More differences than these are not worth the way: the texts then stand one after the other. */
const STEPS_MAX = 4000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const b = after === '' ? [] : after.replace(/\n$/, '').split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  ) {
    end += 1;
  }
  const lines: DiffLine[] = [];
  const same = (x: number, y: number) =>
    lines.push({ kind: 'same', text: a[x] ?? '', before: x + 1, after: y + 1 });
  for (let at = 0; at < start; at += 1) same(at, at);
  const [x0, y0, x1, y1] = [start, start, a.length - end, b.length - end];
  let [x, y] = [x0, y0];
  for (const step of steps(a.slice(x0, x1), b.slice(y0, y1))) {
    if (step === 'same') {
      same(x, y);
      x += 1;
      y += 1;
    } else if (step === 'removed') {
      lines.push({ kind: 'removed', text: a[x] ?? '', before: x + 1, after: null });
      x += 1;
    } else {
      lines.push({ kind: 'added', text: b[y] ?? '', before: null, after: y + 1 });
      y += 1;
    }
  }
  for (let at = 0; at < end; at += 1) same(x1 + at, y1 + at);
  return lines;
}

function steps(a: string[], b: string[]): DiffLine['kind'][] {
  const most = a.length + b.length;
  const offset = most + 1;
  let furthest = new Int32Array(2 * most + 3);
  const trace: Int32Array[] = [];
  for (let depth = 0; depth <= most; depth += 1) {
    if (depth > STEPS_MAX) return [...a.map(() => 'removed' as const), ...b.map(() => 'added' as const)];
    trace.push(furthest.slice(offset - depth - 1, offset + depth + 2));
    const next = furthest;
    for (let k = -depth; k <= depth; k += 2) {
      const isDown =
        k === -depth || (k !== depth && (next[offset + k - 1] ?? 0) < (next[offset + k + 1] ?? 0));
      let x = isDown ? (next[offset + k + 1] ?? 0) : (next[offset + k - 1] ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      next[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return back(trace, a.length, b.length);
    }
    furthest = next;
  }
  return [];
}

function back(trace: Int32Array[], toX: number, toY: number): DiffLine['kind'][] {
  const path: DiffLine['kind'][] = [];
  let [x, y] = [toX, toY];
  for (let depth = trace.length - 1; depth >= 0; depth -= 1) {
    const row = trace[depth];
    const at = (k: number) => row?.[k + depth + 1] ?? 0;
    const k = x - y;
    const isDown = k === -depth || (k !== depth && at(k - 1) < at(k + 1));
    const before = isDown ? k + 1 : k - 1;
    const fromX = depth === 0 ? 0 : at(before);
    const fromY = depth === 0 ? 0 : fromX - before;
    while (x > fromX && y > fromY) {
      path.push('same');
      x -= 1;
      y -= 1;
    }
    if (depth > 0) path.push(isDown ? 'added' : 'removed');
    [x, y] = [fromX, fromY];
  }
  return path.reverse();
}

export interface Fold {
  kind: 'fold';
  count: number;
}

/** Leave out what is the same far from what differs. */
export function folded(lines: readonly DiffLine[], around: number): (DiffLine | Fold)[] {
  const isNear = new Uint8Array(lines.length);
  for (const [at, line] of lines.entries()) {
    if (line.kind === 'same') continue;
    isNear.fill(1, Math.max(0, at - around), Math.min(lines.length, at + around + 1));
  }
  const shown: (DiffLine | Fold)[] = [];
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isNear[at]) shown.push(line);
    else if (last?.kind === 'fold') last.count += 1;
    else shown.push({ kind: 'fold', count: 1 });
  }
  return shown;
}
