/** Frames of tracebacks that are nobody's own: libraries, Python and windward itself, put together so that they can fold. */

/** Two or more frames behind each other that are not the author's. */
export interface Frames {
  /** The first row of them; it stands for all when they are folded. */
  first: number;
  /** The row behind their last. */
  end: number;
  count: number;
  /** Whose they are: packages, in the order they came. */
  of: Set<string>;
}

const LEAST = 2;
/** `  File "x.py", line 3, in f`; in an exception group behind bars. */
const HEAD = /^([\s|]*)File "([^"]+)", line \d+/;
const MARGIN = /^[\s|]*/;
const INSTALLED = /[\\/](?:site|dist)-packages[\\/]([^\\/]+)/;
const CHECKOUT = /[\\/]packages[\\/]windward(?:-airflow)?[\\/]src[\\/]([^\\/]+)/;
const PYTHON = /[\\/]lib(?:64)?[\\/]python\d|[\\/]Lib[\\/]|^<frozen /;

/** Whose a file is: a package, `Python`, or null when it is the author's own. */
export function ownerOf(path: string): string | null {
  const found = INSTALLED.exec(path) ?? CHECKOUT.exec(path);
  if (found !== null) return (found[1] ?? '').replace(/\.py$/, '');
  return PYTHON.test(path) ? 'Python' : null;
}

/** Whether a text may be the head of a frame: a look before the closer one. */
export const mayBeFrame = (text: string): boolean => text.includes('File "') && HEAD.test(text);

/** Finds them in rows as these come. Rows that no traceback is open for, and no frame begins, need not be told. */
export class FrameFinder {
  readonly found: Frames[] = [];
  private run: Frames | null = null;
  private margin = -1;

  /** Whether the row before was of a frame. */
  get isOpen(): boolean {
    return this.margin >= 0;
  }

  /** The row from which on things may still change, or infinity. */
  get unsettled(): number {
    return this.run?.first ?? Number.POSITIVE_INFINITY;
  }

  take(row: number, text: string): void {
    const head = HEAD.exec(text);
    if (head !== null) {
      const owner = ownerOf(head[2] ?? '');
      if (owner === null) this.run = null;
      else {
        this.run ??= { first: row, end: row, count: 0, of: new Set() };
        this.run.of.add(owner);
        this.run.end = row + 1;
        this.run.count += 1;
        if (this.run.count === LEAST) this.found.push(this.run);
      }
      this.margin = head[1]?.length ?? 0;
      return;
    }
    const margin = MARGIN.exec(text)?.[0].length ?? 0;
    const isPart = this.isOpen && (margin > this.margin || text.includes('[Previous line repeated '));
    if (!isPart) this.close();
    else if (this.run !== null) this.run.end = row + 1;
  }

  close(): void {
    this.run = null;
    this.margin = -1;
  }

  /** The frames that a row is one of, or -1. */
  at(row: number): number {
    let low = 0;
    let high = this.found.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const one = this.found[middle];
      if (one === undefined || one.first > row) high = middle - 1;
      else if (one.end <= row) low = middle + 1;
      else return middle;
    }
    return -1;
  }
}
