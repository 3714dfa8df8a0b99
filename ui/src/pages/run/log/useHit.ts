/** Which of the matches of a search is chosen: none, as soon as it is another search. */
import { useState } from 'react';

/** Return the number of the chosen match, or -1, and how to choose one; `about` tells what is looked for, and where. */
export function useHit(about: string): [number, (at: number) => void] {
  const [hit, setHit] = useState({ about, at: -1 });
  if (hit.about !== about) setHit({ about, at: -1 });
  return [hit.about === about ? hit.at : -1, (at) => setHit({ about, at })];
}
