/** Runs whose end somebody wants to be told: which, kept by this browser. What was watched longest is forgotten first. */
import { useSyncExternalStore } from 'react';

export interface Watched {
  dagId: string;
  runId: string;
}
const KEY = 'windward.watched';
const WATCHED_MAX = 20;
const listeners = new Set<() => void>();
let kept: { text: string | null; runs: readonly Watched[] } = { text: null, runs: [] };

/** Return the runs that a kept text says; nothing of one that somebody else wrote. */
export function read(text: string | null): readonly Watched[] {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(found)) return [];
    return found
      .filter((one) => typeof one?.dagId === 'string' && typeof one?.runId === 'string')
      .slice(-WATCHED_MAX);
  } catch {
    return [];
  }
}

export const isSame = (one: Watched, other: Watched) =>
  one.dagId === other.dagId && one.runId === other.runId;

/** Return the runs with one more, or without it. */
export function changed(runs: readonly Watched[], run: Watched, isWatched: boolean): readonly Watched[] {
  const others = runs.filter((one) => !isSame(one, run));
  return isWatched ? [...others, run].slice(-WATCHED_MAX) : others;
}

function current(): readonly Watched[] {
  const text = localStorage.getItem(KEY);
  if (text !== kept.text) kept = { text, runs: read(text) };
  return kept.runs;
}

export function watch(run: Watched, isWatched: boolean): void {
  localStorage.setItem(KEY, JSON.stringify(changed(current(), run, isWatched)));
  for (const listener of listeners) listener();
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener('storage', listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', listener);
  };
}

export function useWatched(): readonly Watched[] {
  return useSyncExternalStore(listen, current);
}
