/** Every page that there is, once the DAGs of the tests have run. */
import { SECTIONS } from '../src/app/sections.ts';

export interface Runs {
  bakery: string;
  burnt: string;
  hostile: string;
}

const DAG_TABS = [
  'graph',
  'runs',
  'tasks',
  'durations',
  'calendar',
  'events',
  'code',
  'details',
  'backfills',
  'recovery',
];

/** Return addresses by name. */
export function pagesOf(runs: Runs): Record<string, string> {
  const run = (dag: string, id: string) => `/dags/${dag}/runs/${encodeURIComponent(id)}`;
  return {
    home: '/',
    dags: '/dags',
    'dags-none': '/dags?q=nothing-has-this-name',
    runs: '/runs',
    'runs-tasks': '/runs?tab=tasks',
    dag: '/dags/bakery',
    ...Object.fromEntries(DAG_TABS.map((tab) => [`dag-${tab}`, `/dags/bakery?tab=${tab}`])),
    'dag-assets-graph': '/dags/mill?tab=graph',
    'dag-hostile': '/dags/hostile',
    'dag-hostile-graph': '/dags/hostile?tab=graph',
    'dag-hostile-runs': '/dags/hostile?tab=runs',
    'dag-nowhere': '/dags/nowhere',
    run: run('bakery', runs.bakery),
    'run-task': `${run('bakery', runs.bakery)}?task=oven.knead`,
    'run-failed': `${run('burnt', runs.burnt)}?task=burn`,
    'run-hostile': run('hostile', runs.hostile),
    'run-hostile-log': `${run('hostile', runs.hostile)}?task=speak`,
    'run-hostile-failed': `${run('hostile', runs.hostile)}?task=fall`,
    ...Object.fromEntries(
      ['why', 'attempts', 'xcom', 'rendered', 'details'].map((tab) => [
        `run-hostile-${tab}`,
        `${run('hostile', runs.hostile)}?task=speak&tab=${tab}`,
      ]),
    ),
    'admin-assets-graph': '/admin/assets?tab=graph',
    ...Object.fromEntries(SECTIONS.map((section) => [`admin-${section}`, `/admin/${section}`])),
  };
}
