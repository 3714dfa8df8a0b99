/** People change things, and watch what becomes of it. Fails with what went wrong. */
import { ADDRESS, ask, barriers, launch, needed, open, settled, signIn, turn, until } from './browser.ts';
import { conclude, finished, newest, problems, type Run, runAddress, runPath, step } from './steps.ts';

const SECRET = 'flour-and-water-9';
/** Backfills get what other processes leave, which is little on a busy machine. */
const IDLE_MS = 180_000;

const browser = await launch();
const admin = await open(browser);
const { page } = admin;
const dialog = page.getByRole('dialog');
await signIn(admin, 'admin', needed('WINDWARD_PASSWORD'));
const variable = (key: string, value: string) =>
  ask(page, 'POST', '/api/v2/variables', { key, value }).catch(() =>
    ask(page, 'PATCH', `/api/v2/variables/${key}`, { key, value }),
  );
await until('the DAGs are there', () => ask(page, 'GET', '/api/v2/dags/rising').catch(() => null));
await until('the DAGs are there', () => ask(page, 'GET', '/api/v2/dags/delivery').catch(() => null));
await until('the DAGs are there', () => ask(page, 'GET', '/api/v2/dags/bakery').catch(() => null));
let rising = '';

await step('a run is triggered with a value of its own', async () => {
  await page.goto(`${ADDRESS}/dags/rising`);
  await page.getByRole('button', { name: 'Trigger' }).first().click();
  await dialog.getByLabel('flour').click();
  await page.getByRole('option', { name: 'wheat' }).click();
  await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const run = await until('there is a run', () => newest(admin, 'rising'));
  if (run.conf?.flour !== 'wheat') throw new Error(`its conf is ${JSON.stringify(run.conf)}`);
  rising = run.dag_run_id;
});

await step('its log is read while it grows', async () => {
  await page.goto(`${ADDRESS}${runPath('rising', rising)}?task=rise`);
  await page.getByText('dough of wheat rises, 0').first().waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await page.getByText('dough of wheat rises, 4').first().waitFor();
});

await step('it is seen to end without loading anything anew', async () => {
  await page.evaluate(() => Object.assign(window, { isSamePage: true }));
  await page.getByRole('heading', { level: 1 }).getByText('running').waitFor();
  await variable('is_risen', 'yes');
  await page.getByText('the dough has risen').waitFor();
  await page.getByText('live', { exact: true }).waitFor({ state: 'detached' });
  await page.getByRole('heading', { level: 1 }).getByText('success').waitFor();
  if (!(await page.evaluate(() => 'isSamePage' in window))) throw new Error('the page was loaded anew');
});

interface Noted {
  try_number: number;
  state: string;
  note: string | null;
}

await step('a task is cleared with all behind it and a note, after its preview', async () => {
  const body = { logical_date: null };
  const { dag_run_id: id } = await ask<Run>(page, 'POST', '/api/v2/dags/bakery/dagRuns', body);
  await finished(admin, 'bakery', id);
  await page.goto(`${ADDRESS}${runPath('bakery', id)}?task=oven.knead`);
  await page.getByRole('button', { name: 'Run again from here…' }).click();
  await dialog.getByText('sell', { exact: true }).waitFor();
  const listed = await dialog.getByRole('listitem').allInnerTexts();
  const names = listed.map((one) => one.trim()).sort();
  const wanted = ['oven.bake [0]', 'oven.bake [1]', 'oven.bake [2]', 'oven.knead', 'sell'];
  if (names.join() !== wanted.join()) throw new Error(`the preview has ${names.join(', ')}`);
  await dialog.getByLabel('Note').fill('The flour was stale');
  problems.push(...(await barriers(page)));
  await dialog.getByRole('button', { name: 'Clear', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await until('it has run again', async () => {
    const path = `${runAddress('bakery', id)}/taskInstances/sell`;
    const { try_number, state, note } = await ask<Noted>(page, 'GET', path);
    return try_number === 2 && state === 'success' && note === 'The flour was stale';
  });
  await page.getByRole('navigation', { name: 'Try' }).or(page.getByText('Try 2')).first().waitFor();
});

await step('a task is marked with a note, which is shown, also among its events', async () => {
  const body = { logical_date: null };
  const { dag_run_id: id } = await ask<Run>(page, 'POST', '/api/v2/dags/bakery/dagRuns', body);
  await finished(admin, 'bakery', id);
  await page.goto(`${ADDRESS}${runPath('bakery', id)}?task=sell`);
  // The first is the run's.
  await page.getByRole('button', { name: 'Mark as' }).nth(1).click();
  await page.getByRole('menuitem', { name: 'failed' }).click();
  await dialog.getByLabel('Note').fill('Nobody came');
  await dialog.getByRole('button', { name: 'Mark as failed' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('#main').getByText('Nobody came').waitFor();
  await page.goto(`${ADDRESS}${runPath('bakery', id)}?task=sell&tab=events`);
  await page.getByRole('row').filter({ hasText: 'failed' }).getByText('Nobody came').last().waitFor();
});

await step('a run is marked with a note, which is shown', async () => {
  const body = { logical_date: null };
  const { dag_run_id: id } = await ask<Run>(page, 'POST', '/api/v2/dags/burnt/dagRuns', body);
  await finished(admin, 'burnt', id);
  await page.goto(`${ADDRESS}${runPath('burnt', id)}`);
  await page.getByRole('button', { name: 'Mark as' }).first().click();
  await page.getByRole('menuitem', { name: 'success' }).click();
  await dialog.getByLabel('Note').fill('The bread was given away');
  await dialog.getByRole('button', { name: 'Mark as success' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.locator('#main').getByText('The bread was given away').first().waitFor();
  const run = await ask<Noted>(page, 'GET', runAddress('burnt', id));
  if (run.state !== 'success') throw new Error(`it is ${run.state}`);
});

interface Backfill {
  id: number;
  is_paused: boolean;
  completed_at: string | null;
}
const newestBackfill = async () => {
  const path = '/api/v2/backfills?dag_id=delivery&order_by=-id&limit=1';
  return (await ask<{ backfills: Backfill[] }>(page, 'GET', path)).backfills[0];
};
const backfill = async (from: string, to: string, days: number) => {
  await page.getByRole('button', { name: 'New backfill' }).click();
  await dialog.getByLabel('From (UTC)').fill(`${from}T00:00`);
  await dialog.getByLabel('To (UTC)').fill(`${to}T00:00`);
  await dialog.getByText(`${days} runs would be made:`).waitFor();
  if ((await dialog.getByRole('listitem').count()) !== days) throw new Error('the preview lacks days');
};

await step('a backfill is made after its preview, and is seen to be done', async () => {
  await page.goto(`${ADDRESS}/dags/delivery?tab=backfills`);
  await backfill('2026-02-01', '2026-02-03', 3);
  problems.push(...(await barriers(page)));
  if ((await newestBackfill()) !== undefined) throw new Error('it was made before anybody said so');
  await dialog.getByRole('button', { name: 'Make 3 runs' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('img', { name: '3 success' }).waitFor({ timeout: IDLE_MS });
  await page.getByRole('cell', { name: 'done' }).waitFor();
});

await step('a backfill is paused, goes on, and is cancelled', async () => {
  await variable('road', 'closed');
  await backfill('2026-03-01', '2026-03-05', 5);
  await dialog.getByRole('button', { name: 'Make 5 runs' }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: '2026-03-05' });
  await row.getByRole('img', { name: /running/ }).waitFor({ timeout: IDLE_MS });
  await row.getByRole('button', { name: 'Pause' }).click();
  await row.getByRole('cell', { name: 'paused' }).waitFor();
  await until('it is paused', async () => (await newestBackfill())?.is_paused);
  await row.getByRole('button', { name: 'Go on' }).click();
  await row.getByRole('cell', { name: 'goes on' }).waitFor();
  await row.getByRole('button', { name: 'Cancel' }).click();
  await row.getByRole('button', { name: 'Cancel it' }).click();
  await row.getByRole('cell', { name: 'done' }).waitFor();
  if ((await newestBackfill())?.completed_at == null) throw new Error('it goes on all the same');
  await variable('road', 'open');
});

await step('a DAG is paused on its page, and goes on', async () => {
  await page.goto(`${ADDRESS}/dags/delivery`);
  const toggle = page.getByRole('switch').first();
  const isPaused = async () =>
    (await ask<{ is_paused: boolean }>(page, 'GET', '/api/v2/dags/delivery')).is_paused;
  await turn(toggle);
  await page.getByText('paused: no run is made by the schedule').waitFor();
  await until('it is paused', isPaused);
  await until('it is shown as paused', async () => !(await toggle.isChecked()));
  await turn(toggle);
  await page.getByText('Active', { exact: true }).waitFor();
  await until('it goes on', async () => !(await isPaused()));
});

await step('a variable is made and edited', async () => {
  await page.goto(`${ADDRESS}/admin/variables`);
  await page.getByRole('button', { name: 'New variable' }).click();
  await dialog.getByLabel('Key').fill('loaves');
  await dialog.getByLabel('Value').fill('12');
  await dialog.getByRole('button', { name: /Create|Save/ }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: 'loaves' });
  await row.getByRole('cell', { name: '12', exact: true }).waitFor();
  await row.getByRole('button', { name: /^Edit/ }).click();
  await dialog.getByLabel('Value').fill('13');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByRole('cell', { name: '13', exact: true }).waitFor();
  const { value } = await ask<{ value: string }>(page, 'GET', '/api/v2/variables/loaves');
  if (value !== '13') throw new Error(`it is ${value}`);
});

await step('the secret of a connection is written, kept, and never shown', async () => {
  const answers: string[] = [];
  page.on('response', async (response) => {
    if (response.url().includes('/connections')) answers.push(await response.text().catch(() => ''));
  });
  await page.goto(`${ADDRESS}/admin/connections`);
  await page.getByRole('button', { name: 'New connection' }).click();
  await dialog.getByLabel('Connection id').fill('mill');
  await dialog.getByRole('combobox', { name: 'Type' }).fill('http');
  await dialog.getByLabel('Host').fill('mill.example');
  await dialog.getByLabel('Password', { exact: true }).fill(SECRET);
  await dialog.getByRole('button', { name: /Create|Save/ }).click();
  await dialog.waitFor({ state: 'detached' });
  const row = page.getByRole('row').filter({ hasText: 'mill' });
  await row.getByRole('button', { name: /^Edit/ }).click();
  await dialog.getByLabel('Host').fill('mill2.example');
  if ((await dialog.getByLabel('Password', { exact: true }).inputValue()) !== '')
    throw new Error('the form has a secret');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('mill2.example').waitFor();
  await settled(admin);
  const { password } = await ask<{ password: string }>(page, 'GET', '/api/v2/connections/mill');
  if (password !== '***') throw new Error(`the server says ${password}`);
  answers.push(await page.content());
  if (answers.some((text) => text.includes(SECRET))) throw new Error('it was shown');
});

await step('the form of a connection has the fields of its type, also those of its extra', async () => {
  await page.getByRole('button', { name: 'New connection' }).click();
  await dialog.getByLabel('Connection id').fill('cloud');
  const chosen = dialog.getByRole('combobox', { name: 'Type' });
  await chosen.fill('no_type_of_ours');
  await dialog.getByText('Nothing is known of this type').waitFor();
  await dialog.getByLabel('Host').waitFor();
  await chosen.fill('aws');
  await dialog.getByLabel('Host').waitFor({ state: 'detached' });
  await dialog.getByLabel('Access key ID').fill('AKIA1');
  await dialog.getByLabel('Secret access key', { exact: true }).fill(SECRET);
  await dialog.getByLabel('Region').fill('eu-north-1');
  await dialog.getByLabel('Session token', { exact: true }).fill(SECRET);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Edit: cloud' }).click();
  const token = dialog.getByLabel('Session token', { exact: true });
  if ((await token.inputValue()) !== '') throw new Error('the form has a secret');
  await dialog.getByLabel('Region').fill('eu-west-1');
  await dialog.getByRole('button', { name: 'Extra as JSON' }).click();
  const text = await dialog.getByLabel('Extra (JSON)').inputValue();
  if (JSON.parse(text).aws_session_token !== '***') throw new Error(`the extra is ${text}`);
  for (const found of await barriers(page, '[role=dialog]')) throw new Error(found);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.waitFor({ state: 'detached' });
  const { login, extra } = await ask<{ login: string; extra: string }>(
    page,
    'GET',
    '/api/v2/connections/cloud',
  );
  if (login !== 'AKIA1' || JSON.parse(extra).region_name !== 'eu-west-1')
    throw new Error(`${login} ${extra}`);
});

await step('a viewer sees no button for what the server would refuse', async () => {
  const watcher = await open(browser);
  await signIn(watcher, 'watcher', needed('WINDWARD_VIEWER_PASSWORD'));
  const looks = [
    '/dags',
    '/dags/delivery',
    '/dags/delivery?tab=backfills',
    runPath('rising', rising),
    `${runPath('rising', rising)}?task=rise`,
    '/admin/variables',
    '/admin/pools',
  ];
  const forbidden = /^(Trigger|Clear|Run again|Mark as|Stop|New |Pause|Cancel|Edit|Delete|Add a note)/;
  for (const path of looks) {
    await watcher.page.goto(ADDRESS + path);
    await settled(watcher);
    const main = watcher.page.getByRole('main');
    const buttons = await main
      .getByRole('button')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label') ?? one.textContent ?? ''));
    const wrong = buttons.filter((name) => forbidden.test(name));
    if (wrong.length > 0) throw new Error(`${path} offers ${wrong.join(', ')}`);
    for (const toggle of await main.getByRole('switch', { name: /pause|active/i }).all()) {
      if (await toggle.isEnabled()) throw new Error(`${path} lets a viewer pause`);
    }
  }
  const refused: [string, string, unknown][] = [
    ['PATCH', '/api/v2/dags/delivery', { is_paused: true }],
    ['POST', '/api/v2/dags/delivery/dagRuns', { logical_date: null }],
    ['POST', '/api/v2/dags/rising/clearTaskInstances', { dag_run_id: rising, dry_run: false }],
    ['PATCH', runAddress('rising', rising), { state: 'failed' }],
    ['POST', '/api/v2/variables', { key: 'mine', value: '1' }],
    ['POST', '/api/v2/connections', { connection_id: 'mine', conn_type: 'http' }],
  ];
  for (const [method, path, body] of refused) {
    const answer = await ask(watcher.page, method, path, body).then(
      () => 'done',
      (error: Error) => error.message,
    );
    if (!answer.includes(': 403 ')) throw new Error(`${method} ${path}: ${answer}`);
  }
  problems.push(...watcher.complaints);
});

await browser.close();
problems.push(...admin.complaints);
conclude();
