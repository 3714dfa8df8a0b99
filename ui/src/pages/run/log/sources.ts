/** Who wrote a line: a stream of the task's, one of its loggers, or windward. Told without reading all of the line. */

export const KINDS = ['stdout', 'stderr', 'task', 'system'] as const;
export type Kind = (typeof KINDS)[number];

/** A source is a kind or, as `logger:name`, one logger of the task's. */
export interface Source {
  kind: Kind;
  logger: string;
  lines: number;
}

const KEY = '","logger":"';
const LOGGER = 'logger:';

const kindOf = (name: unknown): Kind =>
  name === 'stdout' || name === 'stderr' ? name : name === 'windward' ? 'system' : 'task';

/** The sources of a log, by number, in the order in which they first spoke. */
export class Sources {
  readonly all: Source[] = [];
  private readonly numbers = new Map<string, number>();
  private last = '';
  private lastNumber = -1;

  /** Return the number of a line's source, and count the line. */
  take(raw: string): number {
    // Within texts the quotes would be escaped: this stands behind the event, and nowhere in it.
    const at = raw.indexOf(KEY);
    if (this.last === '' || at < 0 || !raw.startsWith(this.last, at)) this.look(raw, at);
    const source = this.all[this.lastNumber];
    if (source !== undefined) source.lines += 1;
    return this.lastNumber;
  }

  /** Learn of a source that is another than the last one's. */
  private look(raw: string, at: number): void {
    const middle = raw.indexOf('","source":"', at + KEY.length);
    const end = middle < 0 ? -1 : raw.indexOf('"', middle + '","source":"'.length);
    this.last = at < 0 || end < 0 ? '' : raw.slice(at, end + 1);
    const known = this.numbers.get(this.last);
    if (known !== undefined) {
      this.lastNumber = known;
      return;
    }
    let said: { logger?: unknown; source?: unknown } = {};
    try {
      if (this.last !== '') said = JSON.parse(`{${this.last.slice(2)}}`);
    } catch {
      // What cannot be read has no name.
    }
    const kind = kindOf(said.source);
    const logger = kind === 'task' && typeof said.logger === 'string' ? said.logger : '';
    let number = this.all.findIndex((one) => one.kind === kind && one.logger === logger);
    if (number < 0) number = this.all.push({ kind, logger, lines: 0 }) - 1;
    this.numbers.set(this.last, number);
    this.lastNumber = number;
  }

  /** Which of the sources are among those that are wanted, by number. */
  passing(wanted: readonly string[]): boolean[] {
    return this.all.map((one) => wanted.includes(one.kind) || wanted.includes(LOGGER + one.logger));
  }
}

export const loggerSource = (logger: string) => LOGGER + logger;

/** Take the sources of an address: `stdout,logger:etl.load`. */
export function sourcesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((one) => one.replaceAll('%2C', ','))
    .filter((one) => (KINDS as readonly string[]).includes(one) || one.startsWith(LOGGER));
}

/** Write them as an address has them; none means all. */
export function inAddress(sources: readonly string[]): string | undefined {
  return sources.length === 0 ? undefined : sources.map((one) => one.replaceAll(',', '%2C')).join(',');
}
