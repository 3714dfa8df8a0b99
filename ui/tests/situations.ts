/** What no address leads to: dialogs, menus and choices, and how one comes to each, in the words of the page. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright-core';
import { ask, follow, type Looked, settled, until } from './browser.ts';
import { type Run, runAddress, runPath } from './steps.ts';

const SPACES = ['common', 'dag', 'run', 'many', 'trigger', 'manage'];
const DAYS = 45;
const DAY_MS = 86_400_000;

/** Say what the interface says: `many:act.clear`. Holes are filled from `holes`. */
export type Words = (key: string, holes?: Record<string, string | number>) => string;

export function wordsOf(language: string): Words {
  const texts = new Map(
    SPACES.map((name) => {
      const file = new URL(`../src/i18n/${language}/${name}.json`, import.meta.url);
      return [name, JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>];
    }),
  );
  return (key, holes = {}) => {
    const [space = '', path = ''] = key.split(':');
    let found: unknown = texts.get(space);
    for (const part of path.split('.')) found = (found as Record<string, unknown> | undefined)?.[part];
    if (typeof found !== 'string') throw new Error(`${language} has no words for ${key}`);
    return found.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => String(holes[name] ?? ''));
  };
}

/** The runs that pictures are of. */
export interface Pictured {
  burnt: string;
  loaves: string;
  going: string;
}

const body = (more: object = {}) => ({ logical_date: null, ...more });
const back = (days: number) => `${new Date(Date.now() - days * DAY_MS).toISOString().slice(0, 10)}T00:00:00Z`;

/** Make what the pictures need: runs, backfills in every state, variables, connections, a question, a refusal. */
export async function prepare({ page }: Looked): Promise<Pictured> {
  const post = <T>(path: string, what: unknown) => ask<T>(page, 'POST', `/api/v2${path}`, what);
  for (const dag of ['catering', 'loaves', 'warehouse', 'tasting', 'deliveries', 'rising']) {
    await until(`${dag} is there`, () => ask(page, 'GET', `/api/v2/dags/${dag}`).catch(() => null));
  }
  const found: Pictured = { burnt: 'pictured-burnt', loaves: 'pictured-loaves', going: 'going' };
  // All is there already when somebody looks again at a server that goes on.
  const isThere = await ask(page, 'GET', runAddress('deliveries', found.going)).catch(() => null);
  if (isThere !== null) return found;
  for (const dag of ['burnt', 'catering', 'deliveries', 'market'])
    await post(`/dags/${dag}/favorite`, undefined);
  const made = (dag: string, id: string) => post<Run>(`/dags/${dag}/dagRuns`, body({ dag_run_id: id }));
  const variables: [string, string, string][] = [
    ['is_risen', 'no', ''],
    ['road', 'open', 'Whether deliveries go on'],
    ['prices', '{"bread": 3.5, "cake": 12, "rolls": {"plain": 0.4, "seeded": 0.55}}', 'By the piece'],
    ['api_token', 'a-secret-of-the-mill', 'Of the mill'],
    ['recipe', `Knead. ${'Let it rise for an hour. '.repeat(12)}Bake.`, 'A long text'],
    ['a_key_that_is_much_longer_than_keys_of_variables_usually_are_in_any_installation', '1', ''],
    ['empty', '', ''],
  ];
  for (const [key, value, description] of variables)
    await post('/variables', { key, value, description }).catch(() => null);
  const connections: [string, object][] = [
    ['mill', { conn_type: 'http', host: 'mill.example', login: 'baker', password: 'x', port: 8443 }],
    [
      'ledger',
      {
        conn_type: 'postgres',
        host: 'db.internal.example',
        schema: 'ledger',
        extra: '{"sslmode": "require"}',
      },
    ],
    ['storage_of_the_grain_that_has_a_long_name', { conn_type: 'aws', description: 'Where grain is kept' }],
  ];
  for (const [connection_id, more] of connections)
    await post('/connections', { connection_id, ...more }).catch(() => null);
  await post('/pools', {
    name: 'ovens',
    slots: 3,
    description: 'Two large ones and a small one',
    include_deferred: true,
  });
  const backfill = (from: number, to: number, more: object = {}) =>
    post<{ id: number }>('/backfills', {
      dag_id: 'deliveries',
      from_date: back(from),
      to_date: back(to),
      max_active_runs: 16,
      ...more,
    });
  const isDone = async (id: number) =>
    (await ask<{ completed_at: string | null }>(page, 'GET', `/api/v2/backfills/${id}`)).completed_at !==
    null;
  const done = await backfill(DAYS, 20);
  for (const dag of ['burnt', 'warehouse', 'tasting']) await made(dag, `pictured-${dag}`);
  await made('loaves', 'pictured-loaves');
  for (const number of [1, 2, 3, 4, 5]) await made('burnt', `more-${number}`);
  for (let tries = 0; tries < 8 && !(await isDone(done.id)); tries += 1)
    await until('the backfill is done', () => isDone(done.id)).catch(() => null);
  await ask(page, 'PATCH', '/api/v2/variables/road', { key: 'road', value: 'closed' });
  const cancelled = await backfill(19, 12, { max_active_runs: 2, reprocess_behavior: 'failed' });
  await ask(page, 'PUT', `/api/v2/backfills/${cancelled.id}/cancel`);
  await backfill(7, 2, { max_active_runs: 3, run_backwards: true, reprocess_behavior: 'completed' });
  const paused = await backfill(7, 2, { max_active_runs: 2, dag_id: 'delivery' });
  await ask(page, 'PUT', `/api/v2/backfills/${paused.id}/pause`);
  await made('deliveries', found.going);
  await ask(page, 'PATCH', `${runAddress('burnt', 'pictured-burnt')}`, {
    note: 'The oven was **too hot** again.',
  });
  const cleared = { dry_run: false, dag_run_id: 'more-5', task_ids: ['burn'], include_downstream: true };
  await post('/dags/burnt/clearTaskInstances', { ...cleared, note: 'The oven was let cool first' });
  await until('many instances are done', async () => {
    const run = await ask<Run>(page, 'GET', runAddress('loaves', 'pictured-loaves'));
    return ['success', 'failed'].includes(run.state);
  }).catch(() => null);
  return found;
}

/** One looks at a page in the words of its language. */
export interface Look {
  looked: Looked;
  page: Page;
  w: Words;
  runs: Pictured;
}
export type Situation = (look: Look) => Promise<unknown>;

/** What is named so, with or without a sign of a menu behind. */
const named = (name: string) => new RegExp(`^${name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?: ?[▾])?$`);
const dialogOf = (page: Page) => page.getByRole('dialog');
const press = (within: Page | Locator, name: string, which: 'first' | 'last' = 'first') =>
  within
    .getByRole('button', { name: named(name) })
    [which]()
    .click();
const at =
  (path: string | ((runs: Pictured) => string), ...acts: Situation[]): Situation =>
  async (look) => {
    await follow(look.looked, typeof path === 'string' ? path : path(look.runs));
    for (const act of acts) {
      await act(look);
      await settled(look.looked);
    }
  };
const button =
  (key: string, which: 'first' | 'last' = 'first'): Situation =>
  ({ page, w }) =>
    press(page.locator('#main'), w(key), which);
const inBar =
  (key: string): Situation =>
  ({ page, w }) =>
    press(page.getByRole('region', { name: w('many:bar') }), w(key));
const inDialog =
  (key: string): Situation =>
  ({ page, w }) =>
    press(dialogOf(page), w(key));
const item =
  (key: string): Situation =>
  ({ page, w }) =>
    page.getByRole('menuitem', { name: w(key), exact: true }).click();
const boxes =
  (count: number, within = '#main'): Situation =>
  async ({ page, w }) => {
    const all = page.locator(`${within} input[data-choose]:not([aria-label="${w('common:choose.all')}"])`);
    await all.first().waitFor();
    for (let number = 0; number < Math.min(count, await all.count()); number += 1)
      await all.nth(number).check();
  };
const firstEdit: Situation = ({ page, w }) =>
  page
    .locator('#main')
    .getByRole('button', { name: new RegExp(`^${w('manage:edit')}`) })
    .first()
    .click();
const foot: Situation = ({ page }) => page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));

const trigger = at('/dags/catering', button('dag:head.trigger'));
const wrongly: Situation = async ({ page }) => {
  const dialog = dialogOf(page);
  await dialog.getByLabel(/Guests/).fill('4000');
  await dialog.getByLabel(/^discount/).fill('much');
  await dialog.getByLabel(/^code/).fill('ab');
};
const span: Situation = async ({ page, w }) => {
  await dialogOf(page).getByLabel(w('dag:backfills.from')).fill('2026-01-01T00:00');
  await dialogOf(page).getByLabel(w('dag:backfills.to')).fill('2026-02-20T00:00');
};
const burntTask = ({ burnt }: Pictured) => `${runPath('burnt', burnt)}?task=burn`;
const noted = `${runPath('burnt', 'more-5')}?task=burn&tab=events`;
const datedTask = `${runPath('deliveries', `backfill__${back(25).slice(0, 10)}T00:00:00+00:00`)}?task=deliver`;
const mapped = ({ loaves }: Pictured) =>
  `${runPath('loaves', loaves)}?task=shelf_of_the_long_wall.weigh_and_wrap_each_loaf_carefully`;

/** By name, as one signed in who may do everything. */
export const SITUATIONS: Readonly<Record<string, Situation>> = {
  'trigger-form': trigger,
  'trigger-foot': async (look) => {
    await trigger(look);
    await dialogOf(look.page).getByText(look.w('trigger:more')).click();
    await dialogOf(look.page).getByText(look.w('trigger:lines')).click();
    await dialogOf(look.page)
      .getByRole('button', { name: look.w('trigger:trigger'), exact: true })
      .scrollIntoViewIfNeeded();
  },
  'trigger-wrong': async (look) => {
    await trigger(look);
    await wrongly(look);
    await inDialog('trigger:trigger')(look);
  },
  'trigger-json': async (look) => {
    await trigger(look);
    await dialogOf(look.page).getByText('JSON', { exact: true }).first().click();
    await dialogOf(look.page).getByRole('textbox').first().fill('{"guests": 12,');
  },
  'trigger-refused': at('/dags/burnt', button('dag:head.trigger'), async (look) => {
    await dialogOf(look.page).getByText(look.w('trigger:more')).click();
    await dialogOf(look.page).getByLabel(look.w('trigger:runId')).fill('more-1');
    await inDialog('trigger:trigger')(look);
  }),
  'mapped-table': at(mapped),
  'mapped-one': at((runs) => `${mapped(runs)}&map=5`),
  'mapped-chosen': at(mapped, boxes(4, '#main table')),
  'mapped-clear': at(mapped, button('run:act.clearMore', 'last')),
  'mapped-overview': at(({ loaves }) => runPath('loaves', loaves)),
  me: at('/admin/users?tab=me'),
  'me-token': at('/admin/users?tab=me', button('manage:users.newToken')),
  'me-password': at('/admin/users?tab=me', button('manage:users.changePassword')),
  'people-new': at('/admin/users?tab=people', button('manage:users.new')),
  roles: at('/admin/users?tab=roles'),
  'roles-new': at('/admin/users?tab=roles', button('manage:users.newRole')),
  backfills: at('/dags/deliveries?tab=backfills'),
  'backfills-paused': at('/dags/delivery?tab=backfills'),
  'backfills-cancel': at('/dags/deliveries?tab=backfills', button('dag:backfills.cancel')),
  'backfills-new': at('/dags/deliveries?tab=backfills', button('dag:backfills.create'), span),
  'many-runs': at('/runs', boxes(3)),
  'many-runs-clear': at('/runs?dag=burnt', boxes(4), inBar('many:act.clear')),
  'many-runs-clear-hundreds': at(
    '/dags/deliveries?tab=runs',
    async ({ page, w }) => {
      await page.getByRole('checkbox', { name: w('common:choose.all') }).check();
    },
    inBar('many:act.clear'),
    async ({ page, w }) => {
      await dialogOf(page).getByText(w('run:clearRun.all'), { exact: true }).click();
    },
  ),
  'many-runs-mark': at('/runs?dag=burnt', boxes(4), inBar('many:act.mark')),
  'many-runs-failed': at('/runs?dag=burnt', boxes(4), inBar('many:act.mark'), item('common:states.failed')),
  'many-runs-delete': at('/runs?dag=burnt', boxes(4), inBar('many:act.delete')),
  'many-runs-refused': at(
    '/runs?dag=deliveries&type=manual',
    boxes(1),
    inBar('many:act.delete'),
    inDialog('many:runs.deleteNow'),
  ),
  'many-tasks': at('/runs?tab=tasks', boxes(3)),
  'many-tasks-clear': at('/runs?tab=tasks&state=failed', boxes(5), inBar('many:act.clear')),
  'many-tasks-mark': at(
    '/runs?tab=tasks&state=failed',
    boxes(5),
    inBar('many:act.mark'),
    item('common:states.success'),
  ),
  'many-tasks-mark-around': at(
    ({ burnt }) => runPath('burnt', burnt),
    boxes(1),
    inBar('many:act.mark'),
    item('common:states.success'),
    ({ page, w }) => dialogOf(page).getByLabel(w('run:reach.downstream')).check(),
  ),
  'many-tasks-of-run': at(({ burnt }) => runPath('burnt', burnt), boxes(2)),
  'many-dags': at('/dags', boxes(3)),
  'many-dags-pause': at('/dags', boxes(3), inBar('many:act.pause')),
  'many-variables-delete': at('/admin/variables', boxes(3), inBar('many:act.delete')),
  'calendar-year': at('/dags/deliveries?tab=calendar'),
  'calendar-month': at('/dags/deliveries?tab=calendar&span=month'),
  'calendar-week': at('/dags/deliveries?tab=calendar&span=week'),
  'calendar-hourly': at('/dags/market?tab=calendar&span=week'),
  'durations-run': at('/dags/loaves?tab=durations'),
  variables: at('/admin/variables'),
  'variables-edit': at('/admin/variables?q=prices', firstEdit),
  'variables-secret': at('/admin/variables?q=api_token', firstEdit),
  'variables-new-wrong': at('/admin/variables', button('manage:variables.new'), inDialog('manage:save')),
  'variables-import': at('/admin/variables', button('manage:variables.import')),
  connections: at('/admin/connections'),
  'connections-edit': at('/admin/connections?q=ledger', firstEdit),
  'connections-edit-aws': at('/admin/connections?q=storage', firstEdit),
  'connections-new': at('/admin/connections', button('manage:connections.new')),
  pools: at('/admin/pools'),
  'pools-new': at('/admin/pools', button('manage:pools.new')),
  settings: at('/admin/settings'),
  'settings-foot': at('/admin/settings', foot),
  'inbox-question': at('/admin/inbox'),
  'assets-many': at('/admin/assets'),
  'assets-graph': at('/admin/assets?tab=graph'),
  'assets-one': async (look) => {
    await follow(look.looked, '/admin/assets?q=crate_00');
    await look.page.locator('#main').getByRole('link', { name: 'crate_00' }).first().click();
    await settled(look.looked);
  },
  'assets-of-dag': at('/dags/warehouse?tab=graph'),
  'assets-of-dag-all': at('/dags/warehouse?tab=graph&assets=all'),
  'workers-busy': at('/admin/workers'),
  'xcoms-open': at('/admin/xcoms?dag=loaves', async ({ page }) =>
    page.locator('#main td button').first().click(),
  ),
  'xcoms-none': at('/admin/xcoms?key=zzzz'),
  'audit-task': at('/admin/audit?dag=burnt&task=burn'),
  'audit-one': at('/admin/audit', async ({ page }) => page.locator('#main tbody tr').nth(2).click()),
  'dag-events-task': at('/dags/burnt?tab=events&task=burn'),
  'dag-events-none': at('/dags/burnt?tab=events&task=eat&run=more-4'),
  'run-events': at(noted),
  'run-events-open': at(noted, async ({ page }) => page.locator('#main td button').first().click()),
  'dag-menu': at('/dags/burnt', async ({ page, w }) => press(page.locator('#main'), w('dag:menu.more'))),
  'dag-delete': at(
    '/dags/burnt',
    async ({ page, w }) => press(page.locator('#main'), w('dag:menu.more')),
    item('dag:menu.delete'),
  ),
  'dag-grid-failed': at('/dags/deliveries'),
  'clear-task': at(burntTask, button('run:act.clearMore', 'last')),
  'clear-task-alone': at(burntTask, button('run:act.clearMore', 'last')),
  'clear-task-wide': at(datedTask, button('run:act.fromHere'), async ({ page, w }) => {
    for (const reach of ['past', 'future', 'onlyFailed'])
      await dialogOf(page)
        .getByText(w(`run:reach.${reach}`), { exact: true })
        .click();
  }),
  'mark-menu': at(burntTask, async ({ page, w }) =>
    page
      .locator('#main')
      .getByRole('button', { name: w('run:act.markMore') })
      .last()
      .click(),
  ),
  'mark-task': at(
    burntTask,
    async ({ page, w }) =>
      page
        .locator('#main')
        .getByRole('button', { name: w('run:act.markMore') })
        .last()
        .click(),
    item('common:states.success'),
  ),
  'clear-run': at(({ burnt }) => runPath('burnt', burnt), button('run:act.clearMore')),
  'mark-run': at(
    ({ burnt }) => runPath('burnt', burnt),
    button('run:act.markMore'),
    item('common:states.success'),
  ),
  'delete-run': at(
    ({ burnt }) => runPath('burnt', burnt),
    button('run:act.markMore'),
    item('run:act.deleteMore'),
  ),
  'run-going': at(({ going }) => `${runPath('deliveries', going)}?task=deliver`),
  'run-stop': at(({ going }) => runPath('deliveries', going), button('run:act.stopMore')),
  'run-note': at(({ burnt }) => runPath('burnt', burnt), button('run:note.edit')),
  palette: at('/dags', async ({ page }) => {
    await page.keyboard.press('/');
    await page.getByRole('dialog').getByRole('textbox').first().fill('bur');
  }),
  'palette-none': at('/dags', async ({ page }) => {
    await page.keyboard.press('/');
    await page.getByRole('dialog').getByRole('textbox').first().fill('zzzz');
  }),
  'you-menu': at('/', async ({ page, w }) =>
    page.getByRole('button', { name: w('common:nav.you'), exact: true }).click(),
  ),
  'no-page': at('/nobody/made/this'),
  'no-section': at('/admin/nothing'),
  'no-run': at('/dags/burnt/runs/nobody_made_this'),
  'no-task': at(({ burnt }) => `${runPath('burnt', burnt)}?task=nobody_made_this`),
  'home-busy': at('/'),
  'runs-none': at('/runs?dag=zzzz'),
};

/** As one who may only look. */
export const REFUSED: Readonly<Record<string, Situation>> = {
  'viewer-people': at('/admin/users?tab=people'),
  'viewer-variables': at('/admin/variables'),
  'viewer-connections': at('/admin/connections'),
  'viewer-audit': at('/admin/audit'),
  'viewer-settings': at('/admin/settings'),
  'viewer-run': at(burntTask),
  'viewer-dag': at('/dags/deliveries'),
};
