/** Lists that are longer than what the server gives at once: asked for page by page, up to a number. */

/** What the server gives at once at most, whatever is asked for. */
export const PAGE_MAX = 100;

interface Page {
  limit: number;
  offset: number;
}

/**
 * Return an answer with all entries of its list, `most` at most; its `total_entries` says how many there are.
 * One page is asked for after the other: none is missed because an earlier one was shorter than wanted.
 */
export async function wholeOf<
  K extends string,
  T,
  A extends Record<K, T[]> & { total_entries?: number | null },
>(name: K, most: number, ask: (page: Page) => Promise<A>): Promise<A> {
  const first = await ask({ limit: Math.min(PAGE_MAX, most), offset: 0 });
  const all: T[] = [...first[name]];
  const wanted = Math.min(most, first.total_entries ?? all.length);
  while (all.length < wanted) {
    const next = await ask({ limit: Math.min(PAGE_MAX, wanted - all.length), offset: all.length });
    if (next[name].length === 0) break;
    all.push(...next[name]);
  }
  return { ...first, [name]: all };
}
