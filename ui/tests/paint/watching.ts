/** A stopwatch within a page: when something is there, how evenly frames come while one scrolls, what a tab weighs. */
import { readFileSync } from 'node:fs';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { ADDRESS } from '../browser.ts';

export interface Row {
  what: string;
  unit: string;
  values: number[];
  /** What it ought to be at most. */
  most?: number;
  note?: string;
}

export const FRAME_MS = 17.5;
const STRETCHES = 4;
const STRETCH_MS = 1_000;
const SLOW_MS = 25;
const WAIT_MS = 120_000;

/** Return the milliseconds from the beginning of the page's load until a script says so. It runs once a frame. */
export async function since(page: Page, isThere: string): Promise<number> {
  return page.evaluate(
    ([text, most]) =>
      new Promise<number>((resolve, reject) => {
        const look = watched[text];
        if (look === undefined) return reject(new Error(`nobody looks for ${text}`));
        const step = () => {
          if (look()) return resolve(performance.now());
          if (performance.now() > most) return reject(new Error(`not there: ${text}`));
          requestAnimationFrame(step);
        };
        step();
      }),
    [isThere, WAIT_MS] as [string, number],
  );
}

declare const watched: Record<string, () => boolean>;

/** Give every page these looks, by name. They are functions of the page. */
export async function teach(page: Page, looks: Record<string, () => boolean>): Promise<void> {
  const body = Object.entries(looks).map(([name, look]) => `${JSON.stringify(name)}: ${look.toString()}`);
  await page.addInitScript(`globalThis.watched = {${body.join(',\n')}};`);
}

/** Open a page from nothing, and return the milliseconds until it is there. */
export async function opened(page: Page, path: string, isThere: string): Promise<number> {
  await page.goto('about:blank');
  await page.goto(ADDRESS + path, { waitUntil: 'commit' });
  return since(page, isThere);
}

/** Return the milliseconds from a deed until what follows is there, and the longest that no frame came meanwhile. */
export async function after(
  page: Page,
  does: () => Promise<unknown>,
  isThere: string,
): Promise<{ ms: number; gap: number }> {
  await page.evaluate(() => {
    const state = { last: performance.now(), gap: 0 };
    Object.assign(globalThis, { gaps: state });
    const step = () => {
      const now = performance.now();
      state.gap = Math.max(state.gap, now - state.last);
      state.last = now;
      if ((globalThis as unknown as { gaps: unknown }).gaps === state) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  const begin = await page.evaluate(() => performance.now());
  await does();
  const end = await since(page, isThere);
  const gap = await page.evaluate(() => {
    const { gaps } = globalThis as unknown as { gaps: { gap: number } };
    Object.assign(globalThis, { gaps: null });
    return gaps.gap;
  });
  return { ms: end - begin, gap };
}

interface Scroll {
  selector: string;
  /** Pixels a frame. */
  across: number;
  down: number;
}

/** Scroll a box a bit in each frame, there and back, and return how long frames took: a value for each second. */
export async function frames(page: Page, what: string, scroll: Scroll): Promise<Row> {
  return watchedFrames(page, what, () =>
    page.evaluate(
      ({ selector, across, down, lasts }) =>
        new Promise<void>((resolve, reject) => {
          const box = document.querySelector(selector);
          if (box === null) return reject(new Error(`nothing to scroll: ${selector}`));
          let [sideways, downwards] = [across, down];
          const end = performance.now() + lasts;
          const step = (now: number) => {
            if (now > end) return resolve();
            const [left, top] = [box.scrollLeft, box.scrollTop];
            box.scrollLeft += sideways;
            box.scrollTop += downwards;
            if (across !== 0 && box.scrollLeft === left) sideways = -sideways;
            if (down !== 0 && box.scrollTop === top) downwards = -downwards;
            requestAnimationFrame(step);
          };
          requestAnimationFrame(step);
        }),
      { ...scroll, lasts: STRETCHES * STRETCH_MS },
    ),
  );
}

/** Say how even frames were: of each second the mean, and of all how many came late. */
function framesRow(what: string, deltas: number[], work: number): Row {
  const stretches: number[] = [];
  let [sum, count] = [0, 0];
  for (const delta of deltas) {
    sum += delta;
    count += 1;
    if (sum >= STRETCH_MS * 0.95) {
      stretches.push(sum / count);
      [sum, count] = [0, 0];
    }
  }
  if (stretches.length === 0) stretches.push(sum / Math.max(1, count));
  const total = deltas.reduce((all, one) => all + one, 0);
  const slow = deltas.filter((one) => one > SLOW_MS).length;
  const worst = Math.max(...deltas);
  const note = `${((1000 * deltas.length) / total).toFixed(1)} frames/s, ${slow} of ${deltas.length} late, worst ${worst.toFixed(0)} ms, main thread ${(work / deltas.length).toFixed(1)} ms each`;
  return { what, unit: 'ms', values: stretches, most: FRAME_MS, note };
}

/** The processor seconds that the main thread of a page has used. What others do on the machine does not count. */
async function worked(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
}

/** Do something, and say how frames came meanwhile, and how much of the processor the main thread took for each. */
export async function watchedFrames(page: Page, what: string, does: () => Promise<unknown>): Promise<Row> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await page.evaluate(() => {
    const taken: number[] = [];
    Object.assign(globalThis, { taken });
    let last = 0;
    const step = (now: number) => {
      if (last > 0) taken.push(now - last);
      last = now;
      if ('taken' in globalThis) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  const before = await worked(session);
  await does();
  const work = (await worked(session)) - before;
  const deltas = await page.evaluate(() => {
    const { taken } = globalThis as unknown as { taken: number[] };
    delete (globalThis as unknown as { taken?: number[] }).taken;
    return taken;
  });
  await session.detach();
  return framesRow(what, deltas, work * 1000);
}

/** The memory of the largest tab, in MB: of its scripts after a collection, and of its process. */
export async function weight(browser: Browser, page: Page): Promise<{ heap: number; process: number }> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? 0;
  const whole = await browser.newBrowserCDPSession();
  const { processInfo } = await whole.send('SystemInfo.getProcessInfo');
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => {
      const kept = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/smaps_rollup`, 'utf8'));
      return Number(kept?.[1] ?? 0) / 1024;
    });
  await session.detach();
  await whole.detach();
  return { heap: heap / 2 ** 20, process: Math.max(...sizes) };
}
