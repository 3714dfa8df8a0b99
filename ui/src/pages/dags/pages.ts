/** A long list by pages: only those that are in sight are asked for, and asked for again. */
import { type QueryClient, useQueries, useQuery } from '@tanstack/react-query';
import { useEffect, useReducer, useState } from 'react';
import type { Schema } from '@/api/client';
import { type DagsFilter, dagsQuery, recentRunsQuery } from '@/api/queries';

/** What the server gives at once at most. */
export const PAGE = 100;
const STRIPS = 25;
/** So long a block is in sight before its strips are asked for. */
const STAY_MS = 100;

type Dag = Schema['DAGResponse'];

/** Return the numbers of the blocks that some places are in; places ascend. */
export function blocksOf(places: readonly number[], size: number): number[] {
  return [...new Set(places.map((place) => Math.floor(place / size)))];
}

/** The DAGs at some places of the list, as far as they have come, and how many there are in all. */
export function useDags(filter: DagsFilter, places: readonly number[]) {
  // The first page tells how many there are, and stays while the next answer is awaited.
  const first = useQuery(dagsQuery(filter, PAGE));
  const blocks = first.isPlaceholderData ? [] : blocksOf(places, PAGE).filter((block) => block > 0);
  const others = useQueries({
    queries: blocks.map((block) => ({
      ...dagsQuery(filter, PAGE, block * PAGE),
      placeholderData: undefined,
    })),
  });
  const at = (place: number): Dag | undefined => {
    const block = Math.floor(place / PAGE);
    const page = block === 0 ? first.data : others[blocks.indexOf(block)]?.data;
    return page?.dags[place % PAGE];
  };
  return { first, at };
}

/** Ask for the DAGs from one place of the list to another, both included: also those that were not in sight yet. */
export async function dagsBetween(
  queries: QueryClient,
  filter: DagsFilter,
  from: number,
  to: number,
): Promise<Dag[]> {
  const blocks = blocksOf(
    Array.from({ length: to - from + 1 }, (_, number) => from + number),
    PAGE,
  );
  const pages = await Promise.all(
    blocks.map((block) => queries.ensureQueryData(dagsQuery(filter, PAGE, block * PAGE))),
  );
  const begin = (blocks[0] ?? 0) * PAGE;
  return pages.flatMap((page) => page.dags).slice(from - begin, to - begin + 1);
}

/** Tells what stays in sight from what flies past. What is there at first stays. */
export class Stay {
  private since: Map<number, number> | null = null;

  /** Return the blocks that have been in sight for a while, and in how many milliseconds another of them will have. */
  look(blocks: readonly number[], now: number): { staying: number[]; wait: number | null } {
    const before = this.since;
    const first = before === null || before.size === 0 ? Number.NEGATIVE_INFINITY : now;
    this.since = new Map(blocks.map((block) => [block, before?.get(block) ?? first]));
    const left = (block: number) => STAY_MS - (now - (this.since?.get(block) ?? now));
    const others = blocks.filter((block) => left(block) > 0);
    return {
      staying: blocks.filter((block) => left(block) <= 0),
      wait: others.length === 0 ? null : Math.min(...others.map(left)),
    };
  }
}

function useStaying(blocks: readonly number[]): number[] {
  const [stay] = useState(() => new Stay());
  const [, again] = useReducer((count: number) => count + 1, 0);
  const { staying, wait } = stay.look(blocks, performance.now());
  useEffect(() => {
    if (wait === null) return;
    const timer = setTimeout(again, wait);
    return () => clearTimeout(timer);
  }, [wait]);
  return staying;
}

/** The newest runs of DAGs in sight, by DAG: asked for in blocks that stay the same while one scrolls. */
export function useStrips(
  places: readonly number[],
  at: (place: number) => Dag | undefined,
): Record<string, Schema['RecentRun'][]> {
  const blocks = blocksOf(places, STRIPS);
  const staying = useStaying(blocks);
  const asked = blocks.map((block) => ({
    dagIds: Array.from({ length: STRIPS }, (_, number) => at(block * STRIPS + number)?.dag_id ?? []).flat(),
    isStaying: staying.includes(block),
  }));
  const found = useQueries({
    queries: asked.map(({ dagIds, isStaying }) => ({
      ...recentRunsQuery(dagIds),
      // What came before is shown at once; what flies past is not asked for.
      enabled: isStaying && dagIds.length > 0,
      placeholderData: undefined,
    })),
    combine: joined,
  });
  return found;
}

function joined(answers: { data?: Record<string, Schema['RecentRun'][]> | undefined }[]) {
  return Object.assign({}, ...answers.map((answer) => answer.data ?? {})) as Record<
    string,
    Schema['RecentRun'][]
  >;
}
