/**
 * Pictures of every page and of what opens on them: both themes, both languages, wide and narrow.
 * `PAGES=run,dag` takes those that begin so, `LOOKS=dark-ko-400` those of some looks.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESS, ask, follow, type Looked, launch, needed, open, signIn, until } from './browser.ts';
import { pagesOf, type Runs } from './pages.ts';
import { type Pictured, prepare, REFUSED, SITUATIONS, type Situation, wordsOf } from './situations.ts';

const OUT = needed('SCREENSHOTS');
const WANTED = (process.env.PAGES ?? '').split(',');
const LOOKS = (
  process.env.LOOKS ?? 'light-en-1440,dark-en-1440,light-ko-1440,dark-ko-400,light-en-400'
).split(',');
const HURRY_MS = 6_000;
const REST_MS = 250;

interface Run {
  dag_run_id: string;
  state: string;
}

const isWanted = (name: string) => WANTED.some((beginning) => name.startsWith(beginning));
const browser = await launch();
const first = await open(browser);
await signIn(first, 'admin', needed('WINDWARD_PASSWORD'));
const runs = { bakery: '', burnt: '', hostile: '' } satisfies Runs;
for (const dag of Object.keys(runs) as (keyof Runs)[]) {
  const run = await until(`${dag} is there`, () =>
    ask<Run>(first.page, 'POST', `/api/v2/dags/${dag}/dagRuns`, { logical_date: null }).catch(() => null),
  );
  runs[dag] = run.dag_run_id;
  const address = `/api/v2/dags/${dag}/dagRuns/${encodeURIComponent(run.dag_run_id)}`;
  await until(`${dag} is done`, async () =>
    ['success', 'failed'].includes((await ask<Run>(first.page, 'GET', address)).state),
  );
}
const isNeeded = [...Object.keys(SITUATIONS), ...Object.keys(REFUSED)].some(isWanted);
const pictured = isNeeded ? await prepare(first) : null;
mkdirSync(OUT, { recursive: true });

/** A browser in one of the looks: theme, language, width. */
async function opened(look: string): Promise<Looked> {
  const [scheme, language, width] = look.split('-');
  return open(browser, {
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    colorScheme: scheme === 'dark' ? 'dark' : 'light',
    viewport: { width: Number(width), height: 900 },
  });
}

async function picture({ page }: Looked, name: string, look: string): Promise<void> {
  await page.screenshot({ path: join(OUT, `${name}-${look}.png`) });
}

/** Bring about each situation that is wanted. What cannot be brought about is said, and the rest goes on. */
async function pictures(
  looked: Looked,
  look: string,
  situations: Readonly<Record<string, Situation>>,
  of: Pictured,
): Promise<void> {
  const w = wordsOf(look.split('-')[1] ?? 'en');
  looked.page.setDefaultTimeout(HURRY_MS);
  for (const [name, bring] of Object.entries(situations)) {
    if (!isWanted(name)) continue;
    try {
      await bring({ looked, page: looked.page, w, runs: of });
      // Dialogs and menus fade in.
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    } catch (error) {
      console.log(`${name} ${look}: ${String(error).split('\n').slice(0, 4).join(' | ')}`);
    }
    await picture(looked, name, look);
    // A page of its own each time: what is open and chosen stays with the last.
    await looked.page.goto(`${ADDRESS}/dags?q=nothing-has-this-name`);
  }
}

for (const look of LOOKS) {
  const looked = await opened(look);
  if (isWanted('login')) {
    await looked.page.goto(`${ADDRESS}/login`);
    await picture(looked, 'login', look);
    await looked.page.locator('#username').fill('nobody');
    await looked.page.locator('#password').fill('nothing');
    await looked.page.locator('form button').click();
    await looked.page.waitForLoadState();
    await picture(looked, 'login-refused', look);
  }
  await signIn(looked, 'admin', needed('WINDWARD_PASSWORD'));
  for (const [name, path] of Object.entries(pagesOf(runs))) {
    if (!isWanted(name)) continue;
    await follow(looked, path);
    await picture(looked, name, look);
  }
  if (pictured !== null) {
    await pictures(looked, look, SITUATIONS, pictured);
    const viewer = await opened(look);
    await signIn(viewer, 'watcher', needed('WINDWARD_VIEWER_PASSWORD'));
    await pictures(viewer, look, REFUSED, pictured);
    await viewer.page.context().close();
  }
  for (const complaint of looked.complaints) console.log(complaint);
  await looked.page.context().close();
}
await browser.close();
