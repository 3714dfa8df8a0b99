import { describe, expect, it } from 'vitest';
import { PAGE_MAX, wholeOf } from './whole';

const server = (count: number) => {
  const asked: [number, number][] = [];
  const ask = async ({ limit, offset }: { limit: number; offset: number }) => {
    asked.push([limit, offset]);
    const size = Math.min(limit, PAGE_MAX);
    const things = Array.from({ length: count }, (_, number) => number).slice(offset, offset + size);
    return { things, total_entries: count };
  };
  return { asked, ask };
};

describe('a list that is longer than a page', () => {
  it('comes as a whole', async () => {
    const { ask, asked } = server(230);
    const found = await wholeOf('things', 1000, ask);
    expect(found.things).toEqual(Array.from({ length: 230 }, (_, number) => number));
    expect(asked).toEqual([
      [100, 0],
      [100, 100],
      [30, 200],
    ]);
  });

  it('has a limit, and says how many there are', async () => {
    const found = await wholeOf('things', 150, server(230).ask);
    expect([found.things.length, found.total_entries]).toEqual([150, 230]);
  });

  it('ends where the server has no more, whatever it said before', async () => {
    const ask = async ({ offset }: { offset: number }) => ({
      things: offset === 0 ? ['a'] : [],
      total_entries: 9,
    });
    expect((await wholeOf('things', 100, ask)).things).toEqual(['a']);
  });
});
