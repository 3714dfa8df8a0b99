/**
 * The lines of a log, as rows to show. A million lines are kept as they came; only what is shown, has several lines
 * or begins a group is read as JSON.
 */

import { parseJson } from '@/lib/json';
import { plain } from './escapes';
import { FrameFinder, mayBeFrame } from './frames';
import { Sources } from './sources';

export const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogRow {
  /** Empty but for the first row of a line. */
  at: string;
  level: Level;
  text: string;
  /** What else the line says, as `name=value`. */
  extra: string;
  logger: string;
  kind: 'line' | 'more' | 'trace' | 'group';
  /** The group whose head it is, or -1. */
  group: number;
}

interface Group {
  title: string;
  head: number;
  /** The row behind its last, or -1 while it goes on. */
  end: number;
  parent: number;
}

interface Parsed {
  at: string;
  level: Level;
  logger: string;
  texts: string[];
  trace: string[];
  extra: string;
}

const SAID = new Set([
  'timestamp',
  'level',
  'event',
  'logger',
  'source',
  'exception',
  'dag_id',
  'run_id',
  'task_id',
  'map_index',
  'try_number',
]);
const BEGIN = /^\s*(?:::group::|##\[group\])(.*)$/;
const END = /^\s*(?:::endgroup::|##\[endgroup\])/;
const CACHE_MAX = 2_000;
const LEVEL_KEY = '"level":"';

function levelOf(name: unknown): Level {
  switch (String(name).toLowerCase()) {
    case 'debug':
    case 'notset':
      return 'debug';
    case 'warn':
    case 'warning':
      return 'warning';
    case 'error':
    case 'critical':
    case 'fatal':
    case 'exception':
      return 'error';
    default:
      return 'info';
  }
}

/** The level of a line, without reading all of it. Inside of texts the quotes would be escaped. */
function quickLevel(raw: string): number {
  const at = raw.indexOf(LEVEL_KEY);
  if (at < 0) return 1;
  const from = at + LEVEL_KEY.length;
  return LEVELS.indexOf(levelOf(raw.slice(from, raw.indexOf('"', from))));
}

const EVENT_KEY = '"event":"';
const BEHIND_EVENT = '","logger":';

/** Whether a text stands in the event of a line, as far as that is told without reading its JSON. */
function isInEvent(raw: string, escaped: string): boolean {
  const from = raw.indexOf(EVENT_KEY) + EVENT_KEY.length;
  if (from < EVENT_KEY.length) return false;
  const at = raw.indexOf(escaped, from);
  // Within a text the quotes would be escaped: this is where the event ends.
  return at >= 0 && at + escaped.length <= raw.indexOf(BEHIND_EVENT, from);
}

function linesOf(value: unknown): string[] {
  const text =
    typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
  // What came before a carriage return was overwritten, as on a terminal.
  return text
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
    .map((line) => line.slice(line.lastIndexOf('\r') + 1));
}

export function parseLine(raw: string): Parsed {
  let found: Record<string, unknown> | null = null;
  try {
    const value: unknown = parseJson(raw);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      found = value as Record<string, unknown>;
  } catch {
    // A line that is no JSON is shown as it is.
  }
  if (found === null) return { at: '', level: 'info', logger: '', texts: [raw], trace: [], extra: '' };
  const extra = Object.entries(found)
    .filter(([name]) => !SAID.has(name))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return {
    at: typeof found.timestamp === 'string' ? found.timestamp : '',
    level: levelOf(found.level),
    logger: typeof found.logger === 'string' ? found.logger : '',
    texts: linesOf(found.event),
    trace: found.exception == null ? [] : linesOf(found.exception),
    extra,
  };
}

export class LogStore {
  readonly raw: string[] = [];
  readonly groups: Group[] = [];
  /** Of each row: its line, which of the line's rows it is, its level, and the group that it is in. */
  readonly line: number[] = [];
  private readonly part: number[] = [];
  readonly level: number[] = [];
  readonly inside: number[] = [];
  /** Of each line. */
  readonly source: number[] = [];
  readonly sources = new Sources();
  readonly frames = new FrameFinder();
  private open = -1;
  /** How many groups have ended. */
  closed = 0;
  private readonly cache = new Map<number, Parsed>();

  get rows(): number {
    return this.line.length;
  }

  append(lines: string[]): void {
    for (const raw of lines) {
      if (raw === '') continue;
      const number = this.raw.push(raw) - 1;
      const level = quickLevel(raw);
      this.source.push(this.sources.take(raw));
      if (raw.includes('group')) {
        const { texts, trace } = this.parsed(number);
        const text = texts[0] ?? '';
        const begin = BEGIN.exec(text);
        if (begin !== null) {
          this.frames.close();
          this.groups.push({ title: begin[1]?.trim() ?? '', head: this.rows, end: -1, parent: this.open });
          this.push(number, 0, level, this.open);
          this.open = this.groups.length - 1;
          this.pushAll([...texts, ...trace].slice(1), number, 1, level);
          continue;
        }
        if (END.test(text)) {
          this.frames.close();
          const group = this.groups[this.open];
          if (group !== undefined) {
            group.end = this.rows;
            this.closed += 1;
            this.open = group.parent;
          }
          this.pushAll([...texts, ...trace].slice(1), number, 1, level);
          continue;
        }
      }
      if (raw.includes('\\n') || raw.includes('\\r') || raw.includes('"exception":')) {
        const { texts, trace } = this.parsed(number);
        this.pushAll([...texts, ...trace], number, 0, level);
        continue;
      }
      // Tracebacks that are printed come line by line.
      if (this.frames.isOpen || raw.includes('File \\"') || raw.includes('File "'))
        this.frame(this.parsed(number).texts[0] ?? '');
      this.push(number, 0, level, this.open);
    }
  }

  /** Take the texts of a line, of which the first is its part `from`. */
  private pushAll(texts: readonly string[], line: number, from: number, level: number): void {
    for (const [at, text] of texts.entries()) {
      this.frame(text);
      this.push(line, from + at, level, this.open);
    }
  }

  private frame(text: string): void {
    if (this.frames.isOpen || mayBeFrame(text)) this.frames.take(this.rows, text);
  }

  private push(line: number, part: number, level: number, group: number): void {
    this.line.push(line);
    this.part.push(part);
    this.level.push(level);
    this.inside.push(group);
  }

  private parsed(line: number): Parsed {
    const kept = this.cache.get(line);
    if (kept !== undefined) return kept;
    const made = parseLine(this.raw[line] ?? '');
    if (this.cache.size >= CACHE_MAX) this.cache.delete(this.cache.keys().next().value ?? -1);
    this.cache.set(line, made);
    return made;
  }

  row(number: number): LogRow {
    const line = this.line[number] ?? 0;
    const part = this.part[number] ?? 0;
    const { at, level, logger, texts, trace, extra } = this.parsed(line);
    const next = this.headed(number);
    if (next >= 0) {
      return {
        at,
        level,
        logger,
        text: this.groups[next]?.title ?? '',
        extra: '',
        kind: 'group',
        group: next,
      };
    }
    const isTrace = part >= texts.length;
    return {
      at: part === 0 ? at : '',
      level,
      logger: part === 0 ? logger : '',
      text: (isTrace ? trace[part - texts.length] : texts[part]) ?? '',
      extra: part === 0 ? extra : '',
      kind: isTrace ? 'trace' : part === 0 ? 'line' : 'more',
      group: -1,
    };
  }

  /** The group whose head a row is, or -1. Groups are in the order of their heads. */
  headed(row: number): number {
    let low = 0;
    let high = this.groups.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const head = this.groups[middle]?.head ?? 0;
      if (head === row) return middle;
      if (head < row) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** How deep a row is in groups. */
  depth(row: number): number {
    let depth = 0;
    for (let group = this.inside[row] ?? -1; group >= 0; group = this.groups[group]?.parent ?? -1) depth += 1;
    return depth;
  }

  /** The groups that a row is in, the innermost first. */
  around(row: number): number[] {
    const found: number[] = [];
    for (let group = this.inside[row] ?? -1; group >= 0; group = this.groups[group]?.parent ?? -1)
      found.push(group);
    return found;
  }

  /** Return the rows, of some, that contain a text, whatever its case. */
  find(text: string, from: number, to: number): number[] {
    const found: number[] = [];
    const wanted = text.toLowerCase();
    const escaped = JSON.stringify(wanted).slice(1, -1);
    for (let row = from; row < to; row++) {
      const raw = this.raw[this.line[row] ?? 0] ?? '';
      // Escape sequences may stand within what is looked for.
      const hasSequences = raw.includes('\\u');
      const lower = hasSequences ? '' : raw.toLowerCase();
      if (!hasSequences && !lower.includes(escaped)) continue;
      if (!hasSequences && this.isOneRow(row) && isInEvent(lower, escaped)) {
        found.push(row);
        continue;
      }
      const { text: shown, extra } = this.row(row);
      if (plain(`${shown} ${extra}`).toLowerCase().includes(wanted)) found.push(row);
    }
    return found;
  }

  /** Whether a row is all that its line has, and no head of a group. */
  private isOneRow(row: number): boolean {
    return this.part[row] === 0 && this.line[row + 1] !== this.line[row] && this.headed(row) < 0;
  }

  /** Return everything as a text, as people keep it. */
  *texts(): Generator<string> {
    for (let row = 0; row < this.rows; row++) {
      const { at, level, text, extra, kind } = this.row(row);
      const head = at === '' ? '' : `[${at}] ${level.toUpperCase().padEnd(7)} `;
      yield `${head}${kind === 'group' ? '▾ ' : ''}${plain(text)}${extra === '' ? '' : ` ${extra}`}\n`;
    }
  }
}
