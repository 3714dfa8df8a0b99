/** People look closely: who wrote a line, what is around a task, which hour. Fails with what went wrong. */
import { readFile } from 'node:fs/promises';
import { ADDRESS, ask, barriers, launch, needed, open, signIn, until } from './browser.ts';
import { conclude, finished, newest, problems, type Run, runPath, step } from './steps.ts';

const browser = await launch();
const admin = await open(browser);
const { page } = admin;
await signIn(admin, 'admin', needed('WINDWARD_PASSWORD'));
for (const dag of ['chatter', 'market'])
  await until('the DAGs are there', () => ask(page, 'GET', `/api/v2/dags/${dag}`).catch(() => null));

const triggered = async (dag: string) => {
  const run = await ask<Run>(page, 'POST', `/api/v2/dags/${dag}/dagRuns`, { logical_date: null });
  await finished(admin, dag, run.dag_run_id);
  return run.dag_run_id;
};
const chatter = await triggered('chatter');
const log = page.getByRole('log');
const line = (text: string | RegExp) => log.getByText(text).first();

await step('a log is narrowed to those who wrote it, and the address says so', async () => {
  await page.goto(`${ADDRESS}${runPath('chatter', chatter)}?task=talk`);
  await line('the oven is cold').waitFor();
  await line('smoke').waitFor();
  await page.getByRole('button', { name: /^Source/ }).click();
  await page.getByRole('menuitemcheckbox', { name: /oven\.heat/ }).click();
  await line('smoke').waitFor({ state: 'detached' });
  await page.waitForURL(/source=logger/);
  await page.getByRole('menuitemcheckbox', { name: /stderr/ }).click();
  await page.reload();
  await line('smoke').waitFor();
  await line('the oven is cold').waitFor();
  if ((await line(/the menu is at/).count()) > 0) throw new Error('what was printed is shown as well');
  await page.goto(`${ADDRESS}${runPath('chatter', chatter)}?task=talk&source=stdout&level=error`);
  await page.getByRole('button', { name: 'Show all lines' }).click();
  await line('the oven is cold').waitFor();
});

await step('frames of libraries fold, a press shows them, and a switch all of them', async () => {
  await line('JSONDecodeError').waitFor();
  await line(/closer\.py", line \d+, in talk/).waitFor();
  const inside = line('in raw_decode');
  if ((await inside.count()) > 0) throw new Error('frames of libraries are shown at first');
  await log.getByRole('button', { name: /\d+ frames of Python/ }).click();
  await inside.waitFor();
  await log.getByRole('button', { name: /\d+ frames of Python/ }).click();
  await inside.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'All frames' }).click();
  await inside.waitFor();
});

await step('an address in a log is a link to it', async () => {
  const link = log.getByRole('link', { name: 'https://bakery.example/menu?day=1', exact: true });
  const rel = await link.getAttribute('rel');
  if (rel !== 'noopener noreferrer') throw new Error(`its rel is ${rel}`);
});

await step('a key gives the log the whole window, and Escape takes it back', async () => {
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('f');
  const full = page.getByRole('dialog', { name: 'Log' });
  await full.waitFor();
  await page.waitForURL(/full=true/);
  await until('the log has the focus', () => log.evaluate((one) => one === document.activeElement));
  problems.push(...(await barriers(page)));
  for (let presses = 0; presses < 30; presses += 1) await page.keyboard.press('Tab');
  if (!(await full.evaluate((one) => one.contains(document.activeElement))))
    throw new Error('the focus left it');
  const source = page.getByRole('button', { name: /^Source/ });
  await source.click();
  // A key belongs to what has the focus, which comes and goes with the menu.
  const menu = page.getByRole('menu');
  await until('the menu has the focus', () => menu.evaluate((one) => one.contains(document.activeElement)));
  await page.keyboard.press('Escape');
  await menu.waitFor({ state: 'detached' });
  await until('the menu is closed', async () => (await source.getAttribute('aria-expanded')) !== 'true');
  await full.waitFor();
  await page.keyboard.press('Escape');
  await full.waitFor({ state: 'detached' });
  await page.getByRole('textbox', { name: 'Find in the log' }).fill('f');
  if ((await full.count()) > 0) throw new Error('a letter that was typed opened it');
  const button = page.getByRole('button', { name: 'Full screen' });
  await button.click();
  await page.keyboard.press('Escape');
  await until('the button has the focus', () => button.evaluate((one) => one === document.activeElement));
});

const nodes = page.locator('.react-flow__node');
const names = async () =>
  (
    await page
      .locator('.react-flow__node a[data-task]')
      .evaluateAll((all) => all.map((one) => one.dataset.task))
  )
    .map(String)
    .sort()
    .join();
const choose = async (box: string, option: string) => {
  await page.getByRole('combobox', { name: box }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
};
await triggered('market');

await step('a task is found in the graph, in a group that was folded too', async () => {
  await page.goto(`${ADDRESS}/dags/market?tab=graph&fold=bread,cake`);
  await nodes.first().waitFor();
  await until('both groups are folded', async () => (await names()) === 'count');
  await choose('Find a task', 'cake.sell');
  await page.waitForURL(/around=cake\.sell/);
  const found = page.locator('.react-flow__node', { has: page.locator('[data-task="cake.sell"]') });
  await until('it is in the middle', async () => {
    const [it, all] = [await found.boundingBox(), await page.locator('.react-flow').boundingBox()];
    if (it === null || all === null) return false;
    const aside = Math.abs(it.x + it.width / 2 - all.x - all.width / 2);
    const above = Math.abs(it.y + it.height / 2 - all.y - all.height / 2);
    return aside < 4 && above < 4;
  });
  await until('no other group unfolded', async () => (await names()) === 'cake.sell,count');
});

await step('only what is around a task is shown, and a press leaves it', async () => {
  await page.goto(`${ADDRESS}/dags/market?tab=graph&around=bread.sell`);
  await nodes.first().waitFor();
  await choose('What is shown around the task', 'Before and after it');
  await until('the others are gone', async () => (await names()) === 'bread.sell,count');
  await choose('What is shown around the task', 'Before it');
  await until('what is after it is gone', async () => (await names()) === 'bread.sell');
  await page.waitForURL(/side=up/);
  problems.push(...(await barriers(page)));
  await page.getByRole('button', { name: /^Only around/ }).click();
  await until('all are back', async () => (await names()) === 'bread.sell,cake.sell,count');
});

await step('the graph is kept as a file, in the colours of the theme', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  const kept = async (name: string) => {
    await page.getByRole('button', { name: 'Download' }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('menuitem', { name }).click();
    return readFile(await (await coming).path());
  };
  const svg = (await kept('As SVG')).toString();
  const ground = await page.evaluate(() =>
    getComputedStyle(document.body).getPropertyValue('--ww-surface').trim(),
  );
  if (!svg.includes(`fill="${ground}"`) || !svg.includes('>cake ')) throw new Error(svg.slice(0, 900));
  const png = await kept('As PNG');
  if (png.subarray(1, 4).toString() !== 'PNG' || png.length < 2_000) throw new Error('it is no picture');
  await page.emulateMedia({ colorScheme: 'light' });
});

await step('a graph that is out of sight is moved by its map, and begins readable on a phone', async () => {
  const map = page.locator('.react-flow__minimap');
  const moved = () =>
    page.locator('.react-flow__viewport').evaluate((viewport) => (viewport as HTMLElement).style.transform);
  await page.goto(`${ADDRESS}/dags/market?tab=graph`);
  await nodes.first().waitFor();
  if ((await map.count()) > 0) throw new Error('a graph that fits needs no map');
  const pane = await until('there is room', () => page.locator('.react-flow__pane').boundingBox());
  await page.mouse.move(pane.x + pane.width - 30, pane.y + 20);
  await page.mouse.down();
  await page.mouse.move(pane.x + 30, pane.y + 20, { steps: 4 });
  await page.mouse.up();
  const box = await until('the map is there', () => map.boundingBox());
  const before = await moved();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x, y + 20, { steps: 4 });
  await page.mouse.up();
  await until('it was moved', async () => (await moved()) !== before);
  await page.getByRole('button', { name: 'Fit View' }).click();
  await until('the whole needs no map', async () => (await map.count()) === 0);
  await page.setViewportSize({ width: 400, height: 900 });
  await page.goto(`${ADDRESS}/dags/market?tab=graph`);
  await nodes.first().waitFor();
  await until('words can be read', async () => Number(/scale\((.+)\)/.exec(await moved())?.[1]) >= 0.75);
  if ((await map.count()) > 0) throw new Error('a phone has no room for a map');
  await page.setViewportSize({ width: 1440, height: 900 });
});

await step('on a phone nothing that matters is out of sight, and no box is left empty', async () => {
  await page.setViewportSize({ width: 400, height: 900 });
  const details = `${runPath('chatter', chatter)}?task=talk&tab=details`;
  for (const address of ['/dags/market?tab=recovery', details]) {
    await page.goto(`${ADDRESS}${address}`);
    const tab = page.getByRole('tab', { selected: true });
    await until(`the tab of ${address} is in sight`, async () => {
      const box = await tab.boundingBox();
      return box !== null && box.x >= 0 && box.x + box.width <= 400;
    });
  }
  await page.goto(`${ADDRESS}${runPath('chatter', chatter)}`);
  const tasks = page.getByRole('list', { name: 'Tasks' });
  await tasks.getByRole('link', { name: /^talk/ }).waitFor();
  const room = await tasks.evaluate((list) => {
    const card = list.closest('.card');
    return card ? card.getBoundingClientRect().bottom - list.getBoundingClientRect().bottom : Number.NaN;
  });
  if (!(room < 60)) throw new Error(`${room} pixels are left empty under the tasks`);
  await page.goto(`${ADDRESS}/admin/audit`);
  await page.getByRole('cell', { name: /done$/ }).first().waitFor();
  await page.route('**/api/windward/v1/components', async (route) => {
    const response = await route.fetch();
    const found = (await response.json()) as { hosts: object[] };
    const host = { ...found.hosts[0], kind: 'triggerer', host_id: 't', hostname: 'watermill' };
    await route.fulfill({ response, json: { ...found, hosts: [...found.hosts, host] } });
  });
  await page.goto(`${ADDRESS}/admin/workers`);
  const name = await until('there is a triggerer', () => page.getByText('watermill').boundingBox());
  if (name.height > 30) throw new Error('the name of a host is broken');
  await page.unroute('**/api/windward/v1/components');
  await page.setViewportSize({ width: 1440, height: 900 });
});

await step('the calendar has hours, and a press leads to the runs of one', async () => {
  await page.goto(`${ADDRESS}/dags/market?tab=calendar`);
  await page.getByRole('button', { name: 'Week' }).click();
  await page.waitForURL(/span=week/);
  const hour = page.getByRole('link', { name: /\d\d:00–\d\d:00: .*success/ });
  await hour.first().waitFor();
  const signs = page.locator('[data-cell]');
  if ((await signs.count()) < 24 * 7) throw new Error(`there are ${await signs.count()} hours`);
  problems.push(...(await barriers(page)));
  await page.getByRole('button', { name: 'Month' }).click();
  await until('it has a month', async () => (await signs.count()) >= 24 * 28);
  await hour.last().focus();
  await page
    .getByText(/\d+ success/)
    .last()
    .waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/tab=runs&from=.*T/);
  await page
    .getByRole('link', { name: /^(manual|scheduled)__/ })
    .first()
    .waitFor();
});

await step('one goes from a run to the next, and stays at the task and its log', async () => {
  const [first, second] = [chatter, await triggered('chatter')];
  await page.goto(`${ADDRESS}${runPath('chatter', first)}?task=talk&source=stderr`);
  await line('smoke').waitFor();
  const beside = page.getByRole('navigation', { name: 'Runs around this one' });
  await beside.getByRole('link', { name: 'Next run' }).click();
  await page.waitForURL((url) => url.pathname === runPath('chatter', second));
  if (!page.url().includes('task=talk&source=stderr')) throw new Error(`it is at ${page.url()}`);
  await line('smoke').waitFor();
  problems.push(...(await barriers(page)));
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('p');
  await page.waitForURL((url) => url.pathname === runPath('chatter', first));
  const all = beside.getByRole('link', { name: /UTC: failed$|UTC: success$/ });
  await until('each has a state', async () => (await all.count()) === 2);
  await beside.locator('[aria-current]').focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === runPath('chatter', second));
});

await step(
  'beside the tasks of a run stands how they went in the others, and an arrow goes there',
  async () => {
    const [first, second] = [chatter, (await newest(admin, 'chatter'))?.dag_run_id ?? ''];
    await page.goto(`${ADDRESS}${runPath('chatter', first)}?task=talk`);
    const tasks = page.getByRole('list', { name: 'Tasks' });
    const talk = tasks.getByRole('link', { name: /^talk/ });
    await until('each run has a cell', async () => (await tasks.locator('[data-run]').count()) === 2);
    await talk.press('ArrowRight');
    await page.waitForURL((url) => url.pathname === runPath('chatter', second));
    const isThere = async () =>
      (await page.evaluate(() => document.activeElement?.textContent))?.startsWith('talk');
    await until('the list has the focus', isThere);
    await tasks.locator(`[data-run="${first}"]`).click();
    await page.waitForURL((url) => url.pathname === runPath('chatter', first));
    await page.getByText('Timeline', { exact: true }).click();
    await tasks.getByRole('img', { name: /try 1/ }).waitFor();
    problems.push(...(await barriers(page)));
    await page.getByText('Off', { exact: true }).click();
    await until('nothing is beside them', async () => (await tasks.getByRole('img').count()) === 0);
  },
);

await step(
  'the tasks of a DAG are listed as declared, and one of them is followed over the runs',
  async () => {
    await page.goto(`${ADDRESS}/dags/chatter?tab=tasks`);
    const row = page.getByRole('row', { name: /^talk/ });
    await row.waitFor();
    await page.getByRole('textbox', { name: 'Find by name, operator, rule or pool' }).fill('nothing-like-it');
    await page.getByText('No task fits').waitFor();
    await page.getByRole('textbox', { name: 'Find by name, operator, rule or pool' }).fill('tal');
    problems.push(...(await barriers(page)));
    await row.getByRole('link', { name: 'Durations' }).click();
    await page.waitForURL(/tab=durations&task=talk/);
    const what = page
      .getByRole('combobox', { name: 'Of what' })
      .or(page.getByRole('textbox', { name: 'Of what' }));
    await until('it is chosen', async () => (await what.first().inputValue()) === 'talk');
    problems.push(...(await barriers(page)));
  },
);

await step('a question is answered at the task that asks it', async () => {
  const { dag_run_id: id } = await ask<Run>(page, 'POST', '/api/v2/dags/errand/dagRuns', {
    logical_date: null,
  });
  await page.goto(`${ADDRESS}${runPath('errand', id)}?task=which_flour`);
  const question = page.getByRole('article', { name: 'Which flour is wanted?' });
  await question.getByRole('button', { name: 'wheat' }).waitFor();
  problems.push(...(await barriers(page)));
  await question.getByRole('button', { name: 'wheat' }).click();
  await finished(admin, 'errand', id);
  await question.waitFor({ state: 'detached' });
});

await step('one instance is left out of what is cleared', async () => {
  const { dag_run_id: id } = await ask<Run>(page, 'POST', '/api/v2/dags/burnt/dagRuns', {
    logical_date: null,
  });
  await finished(admin, 'burnt', id);
  await page.goto(`${ADDRESS}${runPath('burnt', id)}?task=burn`);
  // The run has such a button, too, and is there before its task is.
  await page.getByRole('button', { name: 'Run again from here…' }).waitFor();
  await page.getByRole('button', { name: 'Clear…' }).last().click();
  const dialog = page.getByRole('dialog', { name: /Clear/ });
  await dialog.getByRole('checkbox', { name: /after/ }).check();
  await dialog.getByText('2 task instances are touched').waitFor();
  problems.push(...(await barriers(page)));
  await dialog.getByRole('checkbox', { name: 'eat' }).uncheck();
  await dialog.getByText('1 task instance is touched').waitFor();
  const asked = page.waitForRequest(
    (request) => request.url().endsWith('/clearTaskInstances') && request.postDataJSON().dry_run === false,
  );
  await dialog.getByRole('button', { name: 'Clear' }).last().click();
  const { task_ids: taskIds, include_downstream: isWide } = (await asked).postDataJSON();
  if (JSON.stringify([taskIds, isWide]) !== '[["burn"],false]') throw new Error(JSON.stringify(taskIds));
  await dialog.waitFor({ state: 'detached' });
});

await browser.close();
problems.push(...admin.complaints);
conclude();
