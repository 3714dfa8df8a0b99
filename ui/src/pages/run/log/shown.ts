/** Which rows of a log are to be seen: kept while the log grows, so that each row is looked at once. */
import type { LogStore } from './store';

export interface Wanted {
  /** Groups that are open although they have ended. */
  unfolded: ReadonlySet<number>;
  /** Frames of libraries that are open, or all of them. */
  frames: ReadonlySet<number> | 'all';
  /** The least level, as its number. */
  least: number;
  /** Sources; none means all. */
  sources: readonly string[];
}

export const EVERYTHING: Wanted = { unfolded: new Set(), frames: new Set(), least: 0, sources: [] };

/** Whether a row is of a level and a source that are wanted. */
export function passes(
  store: LogStore,
  row: number,
  least: number,
  passing: readonly boolean[] | null,
): boolean {
  if ((store.level[row] ?? 1) < least) return false;
  return passing === null || passing[store.source[store.line[row] ?? 0] ?? 0] === true;
}

export class Shown {
  private store: LogStore | null = null;
  private wanted: Wanted | null = null;
  private closed = 0;
  private from = 0;
  private rows: number[] = [];

  /** Return the rows to show, in order, or null for all of them. */
  of(store: LogStore, wanted: Wanted): readonly number[] | null {
    const isSame = store === this.store && wanted === this.wanted && store.closed === this.closed;
    if (!isSame) {
      Object.assign(this, { store, wanted, closed: store.closed, from: 0 });
      this.rows = [];
    }
    const hasFrames = wanted.frames !== 'all' && store.frames.found.length > 0;
    const passing = wanted.sources.length === 0 ? null : store.sources.passing(wanted.sources);
    const hidden = hiddenGroups(store, wanted, (row) => passes(store, row, wanted.least, passing));
    if (!hidden.includes(true) && !hasFrames && wanted.least <= 0 && wanted.sources.length === 0) {
      this.wanted = null;
      return null;
    }
    while ((this.rows.at(-1) ?? -1) >= this.from) this.rows.pop();
    for (let row = this.from; row < store.rows; row++) {
      if (hasFrames) {
        const number = store.frames.at(row);
        const frames = store.frames.found[number];
        if (frames !== undefined && row > frames.first && !(wanted.frames as Set<number>).has(number)) {
          row = frames.end - 1;
          continue;
        }
      }
      const inside = store.inside[row] ?? -1;
      if (inside >= 0 && hidden[inside]) continue;
      if (passes(store, row, wanted.least, passing)) this.rows.push(row);
    }
    this.from = Math.min(store.rows, store.frames.unsettled);
    return this.rows;
  }
}

/** A group whose head is not shown hides nothing: there would be no way to open it. */
function hiddenGroups(store: LogStore, { unfolded }: Wanted, isShown: (head: number) => boolean): boolean[] {
  const hidden: boolean[] = [];
  store.groups.forEach((group, number) => {
    // A group that is being written stays open.
    const isFolded = group.end >= 0 && !unfolded.has(number) && isShown(group.head);
    hidden.push(isFolded || (group.parent >= 0 && hidden[group.parent] === true));
  });
  return hidden;
}
