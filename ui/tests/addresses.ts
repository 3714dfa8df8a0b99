/** What somebody sees is in the address: it is there again after loading anew, in another browser, and on Back. */
import type { Page } from 'playwright-core';
import {
  ADDRESS,
  ask,
  DEADLINE_MS,
  type Looked,
  launch,
  needed,
  open,
  settled,
  signIn,
  until,
} from './browser.ts';
import { conclude, finished, newest, problems, step } from './steps.ts';
import { viewsOf } from './views.ts';

const browser = await launch();
const admin = await open(browser);
const other = await open(browser);
for (const one of [admin, other]) await signIn(one, 'admin', needed('WINDWARD_PASSWORD'));
const { page } = admin;
const ids = { bakery: 'views-1', burnt: 'views-2' };
for (const dag of ['bakery', 'burnt'] as const) {
  await until(`${dag} is there`, () => ask(page, 'GET', `/api/v2/dags/${dag}`).catch(() => null));
  const body = { logical_date: null, dag_run_id: ids[dag] };
  await ask(page, 'POST', `/api/v2/dags/${dag}/dagRuns`, body).catch(() => null);
  await finished(admin, dag, ids[dag]);
}
await ask(page, 'POST', '/api/v2/variables', { key: 'views_of', value: '1' }).catch(() => null);
await until('the schedule has run', () => newest(admin, 'delivery'));

/** What is set on a page, and what it lists: the same where the same is seen. */
function seen(at: Page): Promise<string[]> {
  return at.locator('#main').evaluate((main) => {
    const name = (one: Element) =>
      one.getAttribute('aria-label') ?? (one as HTMLInputElement).labels?.[0]?.textContent ?? '';
    const fields = [...main.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), textarea')].map(
      (one) =>
        ['checkbox', 'radio'].includes(one.type)
          ? `${one.type} ${name(one) || one.value}: ${one.checked}`
          : `field ${name(one)}: ${one.value}`,
    );
    const chosen =
      '[aria-selected=true], [aria-current]:not([aria-current=false]), [aria-pressed=true], [aria-sort]';
    const marks = [...main.querySelectorAll(chosen)].map(
      (one) => `chosen ${one.getAttribute('aria-sort') ?? ''} ${one.textContent}`,
    );
    const links = [...main.querySelectorAll('a[href]')].map((one) => `link ${one.getAttribute('href')}`);
    const groups = [...main.querySelectorAll('[aria-expanded]:not([aria-haspopup])')].map(
      (one) => `open ${one.getAttribute('aria-expanded')} ${one.textContent}`,
    );
    return [...fields, ...marks, ...links, ...groups];
  });
}

/** Wait until a page shows what another one does: what changes by itself meanwhile changes on both. */
async function agrees(looked: Looked, model: Looked, when: string): Promise<void> {
  let now: string[] = [];
  let wanted: string[] = [];
  const ok = async () => {
    [now, wanted] = await Promise.all([seen(looked.page), seen(model.page)]);
    return now.join('\n') === wanted.join('\n');
  };
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; ) {
    if (await ok()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const lost = wanted.filter((one) => !now.includes(one)).slice(0, 4);
  const more = now.filter((one) => !wanted.includes(one)).slice(0, 4);
  throw new Error(
    `${when}, ${looked.page.url()} lacks «${lost.join('», «')}» and has «${more.join('», «')}»`,
  );
}

const searchOf = (looked: Looked) => decodeURIComponent(new URL(looked.page.url()).search);

/** Loading anew and Back go by the same code for all views: of so many, one is tried. */
const THOROUGH_EVERY = 4;

for (const [number, [name, view]] of Object.entries(viewsOf(ids.bakery, ids.burnt)).entries()) {
  await step(name, async () => {
    await page.goto(ADDRESS + view.path);
    await settled(admin);
    for (const act of view.acts) {
      const before = page.url();
      await act(page);
      await until('the address follows', async () => page.url() !== before);
    }
    await settled(admin);
    const search = searchOf(admin);
    const lost = view.holds.filter((one) => !search.includes(one));
    if (lost.length > 0) throw new Error(`the address is ${search}, without ${lost.join(', ')}`);

    await other.page.goto(page.url());
    await settled(other);
    await agrees(other, admin, 'in another browser');
    if (number % THOROUGH_EVERY !== 0) return;
    await page.reload();
    await agrees(admin, other, 'after loading anew');

    // Away by a link, as people go, and back.
    const here = page.url();
    await page.getByRole('navigation').getByRole('link', { name: 'Home', exact: true }).first().click();
    await page.waitForURL(`${ADDRESS}/`);
    await page.goBack();
    await page.waitForURL(here);
    await agrees(admin, other, 'on Back');
    await page.goForward();
    await page.waitForURL(`${ADDRESS}/`);
  });
}

await step('Back leads from tab to tab, and takes a typed filter away', async () => {
  await page.goto(`${ADDRESS}/dags/bakery`);
  await page.getByRole('tab', { name: 'Code' }).click();
  await page.getByRole('tab', { name: 'Runs' }).click();
  await page.waitForURL(/tab=runs/);
  await page.goBack();
  await page.locator('[role=tab][aria-selected=true]').getByText('Code').waitFor();
  await page.goBack();
  await page.locator('[role=tab][aria-selected=true]').getByText('Grid').waitFor();
  await page.goForward();
  await page.locator('[role=tab][aria-selected=true]').getByText('Code').waitFor();
  await page.goto(`${ADDRESS}/dags`);
  await page.getByRole('link', { name: 'food' }).first().click();
  await page.waitForURL(/tag=food/);
  const field = page.getByRole('textbox', { name: 'Filter by name' });
  await field.fill('bak');
  await page.waitForURL(/q=bak/);
  await page.goBack();
  await until('the field is empty again', async () => (await field.inputValue()) === '');
});

await step(
  'a link of one page leads to the filter that it names, when the page is open already',
  async () => {
    await page.goto(`${ADDRESS}/dags?q=bak`);
    const field = page.getByRole('textbox', { name: 'Filter by name' });
    await until('the field has the filter', async () => (await field.inputValue()) === 'bak');
    await page.getByRole('navigation').getByRole('link', { name: 'DAGs', exact: true }).first().click();
    await page.waitForURL(`${ADDRESS}/dags`);
    await until('the field is empty', async () => (await field.inputValue()) === '');
  },
);

await step('more events than a page of the server are reached', async () => {
  for (let times = 0; times < 60; times += 1) {
    for (const isPaused of [true, false]) {
      await ask(page, 'PATCH', '/api/v2/dags/ordered', { is_paused: isPaused });
    }
  }
  await page.goto(`${ADDRESS}/dags/ordered?tab=events&count=150`);
  await until('they are all there', async () => (await page.getByRole('row').count()) > 115);
});

await browser.close();
problems.push(...admin.complaints, ...other.complaints);
conclude();
