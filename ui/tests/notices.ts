/** A watched run tells of its end: by the browser where it may, and by the page where it may not. */
import type { BrowserContext } from 'playwright-core';
import {
  ADDRESS,
  ask,
  barriers,
  follow,
  type Looked,
  launch,
  needed,
  open,
  signIn,
  until,
} from './browser.ts';
import { conclude, finished, newest, problems, type Run, runPath, step } from './steps.ts';

/** What became of a notification that the page made: `show` comes from the browser, once it shows it. */
interface Shown {
  title: string;
  body: string;
  tag: string;
  events: string[];
}
declare global {
  interface Window {
    shown: (Shown & { notice: Notification })[];
  }
}

const browser = await launch();

/** Write down each notification, which is the browser's own all the same. */
async function listenIn(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    window.shown = [];
    const Own = window.Notification;
    window.Notification = class extends Own {
      constructor(title: string, options: NotificationOptions = {}) {
        super(title, options);
        const { body = '', tag = '' } = options;
        const one = { title, body, tag, events: [] as string[], notice: this };
        for (const name of ['show', 'error']) this.addEventListener(name, () => one.events.push(name));
        window.shown.push(one);
      }
    };
  });
}

async function choose(looked: Looked, setting: 'granted' | 'denied'): Promise<void> {
  const session = await looked.page.context().newCDPSession(looked.page);
  const { targetInfo } = await session.send('Target.getTargetInfo');
  await session.send('Browser.setPermission', {
    browserContextId: targetInfo.browserContextId,
    permission: { name: 'notifications' },
    setting,
    origin: ADDRESS,
  });
}

const rise = (looked: Looked, value: string) =>
  ask(looked.page, 'POST', '/api/v2/variables', { key: 'is_risen', value }).catch(() =>
    ask(looked.page, 'PATCH', '/api/v2/variables/is_risen', { key: 'is_risen', value }),
  );

/** Open a run that goes on until `rise`. */
async function begin(looked: Looked): Promise<Run> {
  await signIn(looked, 'admin', needed('WINDWARD_PASSWORD'));
  await rise(looked, 'no');
  const run = await until('rising is there', () =>
    ask<Run>(looked.page, 'POST', '/api/v2/dags/rising/dagRuns', { logical_date: null }).catch(() => null),
  );
  await until('it runs', async () => (await newest(looked, 'rising'))?.state === 'running');
  await follow(looked, runPath('rising', run.dag_run_id));
  return run;
}

/** End a run, and see the page tell so. */
async function end(looked: Looked, run: Run): Promise<void> {
  await rise(looked, 'yes');
  await finished(looked, 'rising', run.dag_run_id);
  const alert = looked.page.getByRole('alert').filter({ hasText: 'rising has ended: success' });
  await alert.getByRole('link', { name: run.dag_run_id }).waitFor();
}

await step('where it may, the browser shows a notification, which leads to the run', async () => {
  const looked = await open(browser);
  const { page } = looked;
  await listenIn(page.context());
  await choose(looked, 'granted');
  const run = await begin(looked);
  await page.getByRole('button', { name: 'Watch', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: 'The browser tells when this run has ended' }).waitFor();
  await page.getByRole('button', { name: 'Watching', exact: true, pressed: true }).waitFor();
  await follow(looked, '/dags');
  await end(looked, run);
  const [shown, ...more] = await until('the browser shows it', () =>
    page.evaluate(() =>
      window.shown.some(({ events }) => events.length > 0)
        ? window.shown.map(({ title, body, tag, events }) => ({ title, body, tag, events }))
        : null,
    ),
  );
  const wanted: Shown = {
    title: 'rising has ended: success',
    body: run.dag_run_id,
    tag: `rising\n${run.dag_run_id}`,
    events: ['show'],
  };
  if (JSON.stringify(shown) !== JSON.stringify(wanted)) throw new Error(`shown is ${JSON.stringify(shown)}`);
  if (more.length > 0) throw new Error('it was told more than once');
  const title = await page.title();
  if (title.startsWith('●')) throw new Error(`the title calls, too: ${title}`);
  await page.evaluate(() => window.shown[0]?.notice.dispatchEvent(new Event('click')));
  await page.waitForURL(ADDRESS + runPath('rising', run.dag_run_id));
  problems.push(...looked.complaints);
});

async function toldByThePage(looked: Looked, why: string): Promise<void> {
  const { page } = looked;
  const run = await begin(looked);
  await page.getByRole('button', { name: 'Watch', exact: true }).click();
  await page.getByRole('alert').filter({ hasText: why }).waitFor();
  const button = page.getByRole('button', { name: 'Watching in this page', pressed: true });
  if (!(await button.getAttribute('title'))?.startsWith(why)) throw new Error('the button does not say why');
  problems.push(...(await barriers(page)));
  const before = await page.title();
  await end(looked, run);
  await until('the title calls', async () => (await page.title()) === '● rising has ended: success');
  await page.keyboard.press('Shift');
  await until('the title calls no more', async () => (await page.title()) === before);
  problems.push(...(await barriers(page)));
  problems.push(...looked.complaints);
}

await step('where notifications are blocked, the page says so, and tells itself', async () => {
  const looked = await open(browser);
  await listenIn(looked.page.context());
  await choose(looked, 'denied');
  await toldByThePage(looked, 'Notifications of this site are blocked in the browser.');
  const shown = await looked.page.evaluate(() => window.shown.length);
  if (shown > 0) throw new Error('a notification was made all the same');
});

await step('where the browser has none, the page says so, and tells itself', async () => {
  const looked = await open(browser);
  await looked.page.addInitScript(() => Reflect.deleteProperty(window, 'Notification'));
  await toldByThePage(looked, 'This browser shows no notifications at this address.');
});

await browser.close();
conclude();
