/** Doing something to many rows: some at a time, each with its outcome, and none forgotten. */

export interface Outcome<T> {
  row: T;
  /** Why it was refused; null when it was done. */
  problem: string | null;
}

/** Does something to some rows, and says of each why it was refused, or null. */
export type Step<T> = (some: readonly T[]) => Promise<(string | null)[]>;

interface Way {
  /** How many rows go into one request. */
  size: number;
  /** Hears how many rows are through. */
  tell?: (done: number) => void;
  /** Says whether to leave the rest alone, and why. */
  isStopped?: () => string | null;
}

/** Do something to rows in their order. A request that fails is the outcome of its rows, and the next one is made. */
export async function carryOut<T>(
  rows: readonly T[],
  step: Step<T>,
  { size, tell, isStopped }: Way,
): Promise<Outcome<T>[]> {
  const outcomes: Outcome<T>[] = [];
  for (let begin = 0; begin < rows.length; begin += size) {
    const some = rows.slice(begin, begin + size);
    const stopped = isStopped?.() ?? null;
    const problems = stopped === null ? await step(some).catch(problemOfAll) : stopped;
    some.forEach((row, place) => {
      outcomes.push({ row, problem: typeof problems === 'string' ? problems : (problems[place] ?? null) });
    });
    tell?.(outcomes.length);
  }
  return outcomes;
}

const problemOfAll = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the server answers about many entities at once. */
interface Answer {
  success?: string[];
  errors?: { error?: string; name?: string }[];
}

/**
 * Return, for each name, why it was refused, or null where it was done.
 * What is neither done nor refused by name shares the reasons without a name, and else is not there any more.
 */
export function problemsOf(names: readonly string[], answer: Answer | null | undefined, gone: string) {
  const errors = answer?.errors ?? [];
  const unnamed = errors.filter((one) => one.name === undefined).map((one) => one.error ?? '');
  return names.map((name) => {
    const refused = errors.find((one) => one.name === name);
    if (refused !== undefined) return refused.error ?? gone;
    const isDone = answer?.success?.some((one) => one === name || one.startsWith(`${name}[`)) === true;
    return isDone ? null : unnamed.join('; ') || gone;
  });
}
