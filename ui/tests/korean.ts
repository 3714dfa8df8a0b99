/** What the server says in English is read in Korean, where somebody asked for Korean. Fails with what stayed English. */
import { ask, barriers, follow, launch, needed, open, signIn, until } from './browser.ts';
import { conclude, finished, problems, type Run, runPath, step } from './steps.ts';

/** Four words in a row that are no name: a sentence that nobody translated. */
const ENGLISH = /\b[a-z]+(?:,? [a-z]+){3,}\b/;
/** What tasks of the DAGs said themselves. */
const OF_TASKS = /the bread is burnt/g;

const browser = await launch();
const looked = await open(browser, { locale: 'ko-KR' });
const { page } = looked;
await signIn(looked, 'admin', needed('WINDWARD_PASSWORD'));
await page.locator('html[lang=ko]').waitFor({ state: 'attached' });
const run = await until('burnt is there', () =>
  ask<Run>(page, 'POST', '/api/v2/dags/burnt/dagRuns', { logical_date: null }).catch(() => null),
);
await finished(looked, 'burnt', run.dag_run_id);

async function readIn(part: string, wanted: string): Promise<void> {
  const place = page.locator(part).first();
  await place.filter({ hasText: wanted }).waitFor();
  const text = (await place.innerText()).replace(OF_TASKS, '');
  const found = ENGLISH.exec(text);
  if (found !== null) throw new Error(`it still says "${found[0]}"`);
}

await step('why a run failed is read in Korean, down to the cause', async () => {
  await follow(looked, runPath('burnt', run.dag_run_id));
  await page.getByText('현재 상태의 이유').waitFor();
  await readIn('main ul:has(details)', 'all_success');
  await readIn('main ul:has(details)', '자동으로 다시 실행되지 않습니다');
});

await step('why a task was not run is read in Korean', async () => {
  await follow(looked, `${runPath('burnt', run.dag_run_id)}?task=eat`);
  await page.getByRole('tab', { name: '이유' }).click();
  await readIn('[role=tabpanel]:visible', '선행 1개 중 실패 1');
});

await step('schedules are read in Korean', async () => {
  await follow(looked, '/dags?q=bakery');
  await page.getByText('매일 00:00').first().waitFor();
  await follow(looked, '/dags/bakery?tab=details');
  await page.getByText('일정: 매일 00:00').waitFor();
});

await step('refusals are read in Korean', async () => {
  await follow(looked, '/dags/nobody_made_this');
  await page.getByRole('alert').filter({ hasText: 'nobody_made_this DAG가 없습니다' }).waitFor();
});

await step('English is as it was, at once', async () => {
  await follow(looked, runPath('burnt', run.dag_run_id));
  await page.getByText('실패했습니다').first().waitFor();
  problems.push(...(await barriers(page)));
  await page.evaluate(() => localStorage.setItem('windward.language', 'en'));
  await page.reload();
  await page.getByText('it failed').first().waitFor();
});

await browser.close();
problems.push(...looked.complaints);
conclude();
