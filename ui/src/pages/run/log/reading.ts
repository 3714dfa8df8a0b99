/** Reading a log as it comes: whole lines out of chunks that end anywhere, and on where it broke off. */
import { ApiError, inWords } from '@/api/client';

const NEWLINE = 0x0a;

/** Puts lines together from bytes. A character that two chunks share comes out whole. */
export class LineSplitter {
  private readonly decoder = new TextDecoder();
  private rest = new Uint8Array(0);
  /** How many bytes the lines had that came out, their ends included. */
  consumed: number;

  constructor(offset = 0) {
    this.consumed = offset;
  }

  /** Return the lines that a chunk ends. */
  push(chunk: Uint8Array): string[] {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.rest = joined(this.rest, chunk);
      return [];
    }
    const whole = joined(this.rest, chunk.subarray(0, end));
    this.consumed += whole.length + 1;
    this.rest = chunk.slice(end + 1);
    return this.decoder.decode(whole).split('\n');
  }

  /** Return the last line, when nothing ended it. */
  flush(): string[] {
    const whole = this.rest;
    this.rest = new Uint8Array(0);
    this.consumed += whole.length;
    return whole.length === 0 ? [] : [this.decoder.decode(whole)];
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(left.length + right.length);
  both.set(left);
  both.set(right, left.length);
  return both;
}

/** Lines are taken so many at once, and no longer than this without a pause: what is on the screen goes on meanwhile. */
const SLICE_LINES = 1_000;
const WORK_MS = 8;

export interface Pace {
  now: () => number;
  pause: () => Promise<void>;
}
const PACE: Pace = {
  now: () => performance.now(),
  // A message lets the page draw, and waits no longer than for that. A frame would not come where nobody looks.
  pause: () =>
    new Promise((go) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        go();
      };
      port2.postMessage(null);
    }),
};

/** Takes lines in slices, and pauses whenever it has worked for long. */
export class Taker {
  private begun: number;
  constructor(
    private readonly take: (lines: string[]) => void,
    private readonly pace: Pace = PACE,
  ) {
    this.begun = pace.now();
  }

  async all(lines: string[]): Promise<void> {
    for (let from = 0; from < lines.length; from += SLICE_LINES) {
      this.take(from === 0 && lines.length <= SLICE_LINES ? lines : lines.slice(from, from + SLICE_LINES));
      if (this.pace.now() - this.begun < WORK_MS) continue;
      await this.pace.pause();
      this.begun = this.pace.now();
    }
  }
}

interface Following {
  signal: AbortSignal;
  take: (lines: string[]) => void;
  /** Told when the log breaks off, and when it goes on. */
  broken: (isBroken: boolean) => void;
}

const WAIT_MS = 1_000;
const WAIT_MAX_MS = 10_000;
/** Too much at this moment, or a server that is being started anew, maybe behind a proxy. */
const PASSING: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Read a log to its end, while it is written too. Throws `ApiError` when the server refuses. */
export async function followLog(address: string, { signal, take, broken }: Following): Promise<void> {
  let offset = 0;
  let wait = WAIT_MS;
  const taker = new Taker(take);
  for (;;) {
    const splitter = new LineSplitter(offset);
    try {
      const answer = await fetch(`${address}?follow=true&offset=${offset}`, { signal });
      if (PASSING.has(answer.status)) throw new TypeError(answer.statusText);
      if (!answer.ok || answer.body === null) {
        const body: unknown = await answer.json().catch(() => null);
        throw new ApiError(answer.status, inWords(body, answer.status));
      }
      broken(false);
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        wait = WAIT_MS;
        const lines = splitter.push(value);
        offset = splitter.consumed;
        await taker.all(lines);
      }
      const last = splitter.flush();
      await taker.all(last);
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError) throw error;
      broken(true);
      await new Promise((go) => setTimeout(go, wait));
      if (signal.aborted) return;
      wait = Math.min(WAIT_MAX_MS, wait * 2);
    }
  }
}
