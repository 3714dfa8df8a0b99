/** What the palette found, by kind, and which of it comes first. Pure. */

export interface Kind<One> {
  ones: readonly One[];
  /** Whether it was found for an earlier text, or is still looked for. */
  isBehind: boolean;
}

/** Return the first of what was found: `undefined` while another may come before it, `null` where nothing was. */
export function firstOf<One>(kinds: readonly Kind<One>[]): One | null | undefined {
  for (const { ones, isBehind } of kinds) {
    if (isBehind) return undefined;
    if (ones[0] !== undefined) return ones[0];
  }
  return null;
}
