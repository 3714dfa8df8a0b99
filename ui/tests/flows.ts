/** What people do, step by step. Fails with what went wrong; prints how long each step took. */
import {
  ADDRESS,
  ask,
  barriers,
  DEADLINE_MS,
  follow,
  launch,
  needed,
  open,
  settled,
  signIn,
  turn,
  until,
} from './browser.ts';
import { pagesOf } from './pages.ts';
import { conclude, finished, newest, problems, type Run, step } from './steps.ts';

const browser = await launch();
const admin = await open(browser);
const { page } = admin;
const runs = { bakery: '', burnt: '', hostile: '' };

await step('an address leads to signing in, and back', async () => {
  await page.goto(`${ADDRESS}/dags?q=bak`);
  await page.waitForURL(/\/login\?next=/);
  await page.getByLabel('User name').fill('admin');
  await page.getByLabel('Password').fill(needed('WINDWARD_PASSWORD'));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${ADDRESS}/dags?q=bak`);
});

await step('a list is narrowed by typing, and the address follows', async () => {
  await page.goto(`${ADDRESS}/dags`);
  await page.getByRole('link', { name: 'burnt' }).waitFor();
  await page
    .getByRole('textbox', { name: /filter|part of a name/i })
    .first()
    .fill('bakery');
  await page.getByRole('link', { name: 'burnt' }).waitFor({ state: 'detached' });
  await page.waitForURL(/q=bakery/);
  await page.getByRole('link', { name: 'bakery', exact: true }).first().waitFor();
});

await step('the palette opens by its key and finds a DAG', async () => {
  await page.goto(`${ADDRESS}/`);
  await page.getByRole('main').waitFor();
  await page.keyboard.press('/');
  await page.getByRole('textbox', { name: 'Find DAGs and pages' }).fill('bake');
  await page
    .getByRole('button', { name: /bakery/ })
    .first()
    .waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/dags\/bakery/);
});

await step('a DAG is paused and goes on', async () => {
  await page.goto(`${ADDRESS}/dags?q=burnt`);
  const toggle = page.getByRole('row').filter({ hasText: 'burnt' }).getByRole('switch');
  const paused = async () => (await ask<{ is_paused: boolean }>(page, 'GET', '/api/v2/dags/burnt')).is_paused;
  await turn(toggle);
  await until('it is paused', paused);
  // A press means the other of what is shown, which follows the server's answer.
  await until('it is shown as paused', async () => !(await toggle.isChecked()));
  await turn(toggle);
  await until('it goes on', async () => !(await paused()));
});

await step('a DAG is triggered, and its run is seen to end', async () => {
  await page.goto(`${ADDRESS}/dags?q=bakery`);
  const before = (await newest(admin, 'bakery'))?.dag_run_id;
  await page.getByRole('row').filter({ hasText: 'bakery' }).getByRole('button', { name: 'Trigger' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  problems.push(...(await barriers(page)));
  await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const run = await until('there is a run', async () => {
    const one = await newest(admin, 'bakery');
    return one?.dag_run_id !== before && one;
  });
  runs.bakery = run.dag_run_id;
  const ended = await finished(admin, 'bakery', runs.bakery);
  if (ended.state !== 'success') throw new Error(`it ended as ${ended.state}`);
});

await step('a favourite stands on the first page with its runs, and is triggered there', async () => {
  await page.goto(`${ADDRESS}/`);
  await page.getByText('that you mark with the star').waitFor();
  await page.goto(`${ADDRESS}/dags/bakery`);
  const star = page.getByRole('button', { name: 'Favourite' });
  await star.click();
  await until('it is kept', async () => (await star.getAttribute('aria-pressed')) === 'true');
  await page.getByRole('navigation').getByRole('link', { name: 'Home', exact: true }).first().click();
  const panel = page.getByRole('region', { name: 'Favourites' });
  await panel.getByRole('link', { name: `${runs.bakery}: success` }).waitFor();
  await panel.getByRole('button', { name: 'Trigger bakery' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await until(
    'there is another run',
    async () => (await newest(admin, 'bakery'))?.dag_run_id !== runs.bakery,
  );
});

await step('a value that does not fit is refused beside its field', async () => {
  await page.goto(`${ADDRESS}/dags?q=ordered`);
  await page.getByRole('row').filter({ hasText: 'ordered' }).getByRole('button', { name: 'Trigger' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Loaves').fill('12');
  await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
  await dialog.locator('[aria-invalid="true"]').first().waitFor();
  if ((await newest(admin, 'ordered')) !== undefined) throw new Error('it was triggered all the same');
  await dialog.getByLabel('Loaves').fill('3');
  await dialog.getByRole('button', { name: 'Trigger', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await until('there is a run', () => newest(admin, 'ordered'));
});

await step('hostile and failing DAGs are triggered', async () => {
  for (const dag of ['burnt', 'hostile'] as const) {
    const body = { logical_date: null, note: '<img src=x onerror="window.hit=1">' };
    runs[dag] = (await ask<Run>(page, 'POST', `/api/v2/dags/${dag}/dagRuns`, body)).dag_run_id;
    await finished(admin, dag, runs[dag]);
  }
});

await step('a log is read', async () => {
  await page.goto(`${ADDRESS}/dags/bakery/runs/${encodeURIComponent(runs.bakery)}?task=oven.knead&tab=log`);
  await page.getByText('kneading the dough').first().waitFor();
});

await step('a task is found from its run, and what it failed of', async () => {
  await page.goto(`${ADDRESS}/dags/burnt/runs/${encodeURIComponent(runs.burnt)}?task=burn&tab=log`);
  await page.getByText('the bread is burnt').first().waitFor();
});

await step('every page opens without a barrier, an error or a script of others', async () => {
  for (const [name, path] of Object.entries(pagesOf(runs))) {
    await follow(admin, path);
    // Pages of the hostile DAG have the same parts as others; looking at each costs a second.
    const found = name.includes('hostile-') ? [] : await barriers(page, name === 'home' ? 'html' : '#main');
    problems.push(...found.map((problem) => `${name}: ${problem}`));
    if (await page.evaluate(() => 'hit' in window)) problems.push(`${name}: a script of a hostile DAG ran`);
    const links = await page.locator('a[href^="javascript" i]').count();
    if (links > 0) problems.push(`${name}: ${links} links that are scripts`);
  }
});

await step('dark pages have no barrier', async () => {
  await page.emulateMedia({ colorScheme: 'dark' });
  for (const path of ['/', '/dags', '/dags/bakery']) {
    await page.goto(ADDRESS + path);
    await settled(admin);
    problems.push(...(await barriers(page)).map((problem) => `dark: ${problem}`));
  }
});

await step('Korean is spoken where it is asked for', async () => {
  const korean = await open(browser, { locale: 'ko-KR' });
  await signIn(korean, 'admin', needed('WINDWARD_PASSWORD'));
  await korean.page.locator('html[lang=ko]').waitFor({ state: 'attached' });
  await korean.page.getByRole('button', { name: '실행' }).first().waitFor({ timeout: DEADLINE_MS });
  problems.push(...korean.complaints);
});

await step('a viewer is refused, and told so', async () => {
  const watcher = await open(browser);
  await signIn(watcher, 'watcher', needed('WINDWARD_VIEWER_PASSWORD'));
  await watcher.page.goto(`${ADDRESS}/dags?q=burnt`);
  const toggle = watcher.page.getByRole('row').filter({ hasText: 'burnt' }).getByRole('switch');
  await toggle.waitFor({ state: 'attached' });
  if (await toggle.isEnabled()) {
    await toggle.click({ force: true });
    await watcher.page.getByRole('alert').first().waitFor();
  }
  const { is_paused: isPaused } = await ask<{ is_paused: boolean }>(page, 'GET', '/api/v2/dags/burnt');
  if (isPaused) throw new Error('it was paused all the same');
  problems.push(...watcher.complaints);
});

await step('signing out ends it', async () => {
  await page.goto(`${ADDRESS}/dags`);
  await page.getByRole('button', { name: 'You' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.waitForURL(/\/login/);
});

await browser.close();
problems.push(...admin.complaints);
conclude();
