/** A last look at what has ended: what was asked a moment before the end is asked once more. */
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';

/** Ask for `keys` again when something ends; `of` tells what it is, for another that has ended is no end of this one. */
export function useLastLook(of: string, isLive: boolean, keys: readonly QueryKey[]): void {
  const queries = useQueryClient();
  const before = useRef({ of, isLive });
  useEffect(() => {
    const hasEnded = before.current.of === of && before.current.isLive && !isLive;
    before.current = { of, isLive };
    if (hasEnded) for (const queryKey of keys) void queries.invalidateQueries({ queryKey });
  });
}
