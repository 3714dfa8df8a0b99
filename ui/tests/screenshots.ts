/** Pictures of every page: both themes, both languages, wide and narrow. `PAGES=run,dag` takes those that begin so. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ask, follow, launch, needed, open, signIn, until } from './browser.ts';
import { pagesOf, type Runs } from './pages.ts';

const OUT = needed('SCREENSHOTS');
const WANTED = (process.env.PAGES ?? '').split(',');
const LOOKS = (
  process.env.LOOKS ?? 'light-en-1440,dark-en-1440,light-ko-1440,dark-ko-400,light-en-400'
).split(',');

interface Run {
  dag_run_id: string;
  state: string;
}

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
mkdirSync(OUT, { recursive: true });
for (const look of LOOKS) {
  const [scheme, language, width] = look.split('-');
  const looked = await open(browser, {
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    colorScheme: scheme === 'dark' ? 'dark' : 'light',
    viewport: { width: Number(width), height: 900 },
  });
  await signIn(looked, 'admin', needed('WINDWARD_PASSWORD'));
  for (const [name, path] of Object.entries(pagesOf(runs))) {
    if (!WANTED.some((beginning) => name.startsWith(beginning))) continue;
    await follow(looked, path);
    await looked.page.screenshot({ path: join(OUT, `${name}-${look}.png`) });
  }
  for (const complaint of looked.complaints) console.log(complaint);
  await looked.page.context().close();
}
await browser.close();
