/** A long list by pages: only those that are in sight are asked for, and asked for again. */
import { type QueryClient, useQueries, useQuery } from '@tanstack/react-query';
import type { Schema } from '@/api/client';
import { type DagsFilter, dagsQuery, recentRunsQuery } from '@/api/queries';

/** What the server gives at once at most. */
export const PAGE = 100;
const STRIPS = 25;

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

/** The newest runs of DAGs in sight, by DAG: asked for in blocks that stay the same while one scrolls. */
export function useStrips(
  places: readonly number[],
  at: (place: number) => Dag | undefined,
): Record<string, Schema['RecentRun'][]> {
  const asked = blocksOf(places, STRIPS).map((block) =>
    Array.from({ length: STRIPS }, (_, number) => at(block * STRIPS + number)?.dag_id ?? []).flat(),
  );
  const found = useQueries({
    queries: asked.map((dagIds) => ({
      ...recentRunsQuery(dagIds),
      enabled: dagIds.length > 0,
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
