/** Steps of a flow: each is said with how long it took, and one that fails lets the others go on. */
import { ask, type Looked, until } from './browser.ts';

export interface Run {
  dag_run_id: string;
  state: string;
  conf?: Record<string, unknown>;
}

export const problems: string[] = [];

export async function step(name: string, does: () => Promise<void>): Promise<void> {
  const begin = Date.now();
  try {
    await does();
    console.log(`${String(Date.now() - begin).padStart(6)} ms  ${name}`);
  } catch (error) {
    const problem = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    problems.push(problem);
    console.log(`    FAILED  ${problem}`);
  }
}

export const runPath = (dag: string, id: string) => `/dags/${dag}/runs/${encodeURIComponent(id)}`;
export const runAddress = (dag: string, id: string) =>
  `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(id)}`;

export async function finished({ page }: Looked, dag: string, id: string): Promise<Run> {
  return until(`${dag} ${id} is done`, async () => {
    const run = await ask<Run>(page, 'GET', runAddress(dag, id));
    return ['success', 'failed'].includes(run.state) && run;
  });
}

export async function newest({ page }: Looked, dag: string): Promise<Run | undefined> {
  const { dag_runs } = await ask<{ dag_runs: Run[] }>(
    page,
    'GET',
    `/api/v2/dags/${dag}/dagRuns?order_by=-run_after&limit=1`,
  );
  return dag_runs[0];
}

/** Say what went wrong, and end the process accordingly. */
export function conclude(): void {
  for (const problem of problems) console.log(`- ${problem}`);
  if (problems.length > 0) process.exit(1);
  console.log('all flows went through');
}
