/** Where the parts of a graph stand: asked of the layout anew whenever the graph becomes another. */
import { useEffect, useState } from 'react';
import { type Direction, type Drawn, type Places, placesOf } from './layout';

/** Return the places once they are known, and why there are none. `key` tells graphs apart; one that is too much has none. */
export function usePlaces(
  key: string,
  graph: Drawn,
  direction: Direction,
  isTooMuch: boolean,
): { places: Places | null; failure: Error | null } {
  const [placed, setPlaced] = useState<{ key: string; places: Places } | null>(null);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    let isWanted = true;
    if (graph.nodes.length === 0 || isTooMuch) return;
    placesOf(key, graph, direction).then(
      (places) => isWanted && setPlaced({ key, places }),
      (reason) => isWanted && setFailure(reason instanceof Error ? reason : new Error(String(reason))),
    );
    return () => {
      isWanted = false;
    };
  }, [key, graph, direction, isTooMuch]);
  return { places: placed?.key === key ? placed.places : null, failure };
}
