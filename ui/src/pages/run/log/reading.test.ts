import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { followLog } from './reading';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** What is sent of a log before it breaks off, or ends. */
function part(text: string, isBroken: boolean): Response {
  const bytes = new TextEncoder().encode(text);
  let isSent = false;
  return new Response(
    new ReadableStream({
      pull(controller) {
        if (!isSent) controller.enqueue(bytes);
        else if (isBroken) controller.error(new TypeError('network error'));
        else controller.close();
        isSent = true;
      },
    }),
  );
}

/** Read a log whose server answers so, one after the other. */
async function read(answers: (() => Response)[]) {
  const [asked, lines, told]: [string[], string[], boolean[]] = [[], [], []];
  vi.stubGlobal('fetch', async (address: string) => {
    asked.push(address);
    return answers[asked.length - 1]?.();
  });
  const end = followLog('/log', {
    signal: new AbortController().signal,
    take: (some) => lines.push(...some),
    broken: (isBroken) => told.push(isBroken),
  }).catch((error: Error) => error);
  await vi.runAllTimersAsync();
  return { asked, lines, told, end: await end };
}

const gone = (status: number) => () => new Response('<html>', { status });

test.each([429, 502, 503, 504])('a log goes on after an answer of %d, where it broke off', async (status) => {
  const found = await read([() => part('a\nb', true), gone(status), () => part('b\nc\n', false)]);

  expect(found.lines).toEqual(['a', 'b', 'c']);
  expect(found.asked).toEqual([0, 2, 2].map((offset) => `/log?follow=true&offset=${offset}`));
  expect(found.told).toEqual([false, true, true, false]);
  expect(found.end).toBeUndefined();
});

test('a log ends where the server refuses it', async () => {
  const found = await read([() => part('a\n', true), gone(404)]);

  expect(found.lines).toEqual(['a']);
  expect(found.end).toMatchObject({ status: 404 });
});
