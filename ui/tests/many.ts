/** People choose many rows of a list, and act on them together. Fails with what went wrong. */
import { ADDRESS, ask, barriers, launch, needed, open, settled, signIn, until } from './browser.ts';
import { conclude, finished, problems, type Run, runAddress, runPath, step } from './steps.ts';

const browser = await launch();
const admin = await open(browser);
const { page } = admin;
const dialog = page.getByRole('dialog');
const bar = page.getByRole('region', { name: 'What is chosen' });
await signIn(admin, 'admin', needed('WINDWARD_PASSWORD'));
for (const dag of ['burnt', 'bakery', 'rising', 'delivery']) {
  await until(`${dag} is there`, () => ask(page, 'GET', `/api/v2/dags/${dag}`).catch(() => null));
}

async function trigger(dag: string, id: string): Promise<void> {
  await ask(page, 'POST', `/api/v2/dags/${dag}/dagRuns`, { logical_date: null, dag_run_id: id });
}
const box = (name: string) => page.getByRole('checkbox', { name: `Choose ${name}`, exact: true });
const isThere = (dag: string, id: string) =>
  ask<Run>(page, 'GET', runAddress(dag, id)).then(
    () => true,
    () => false,
  );
const triesOf = async (dag: string, id: string, task: string, index = -1) => {
  const path = `${runAddress(dag, id)}/taskInstances/${task}/${index}`;
  return ask<{ try_number: number; state: string | null }>(page, 'GET', path);
};
const burnt = ['many-1', 'many-2', 'many-3', 'many-4'];
for (const id of burnt) await trigger('burnt', id);
for (const id of burnt) await finished(admin, 'burnt', id);

await step('a press with Shift chooses all between, and another filter drops the choice', async () => {
  await page.goto(`${ADDRESS}/runs?dag=burnt`);
  await box('burnt many-4').click();
  await box('burnt many-1').click({ modifiers: ['Shift'] });
  await bar.getByText('4 chosen').waitFor();
  problems.push(...(await barriers(page)));
  await page.goto(`${ADDRESS}/runs?dag=burn`);
  await box('burnt many-4').waitFor();
  if (await bar.isVisible()) throw new Error('the choice is there after all was loaded anew');
  await box('burnt many-4').click();
  await bar.waitFor();
  await page.getByRole('combobox', { name: 'Any state' }).click();
  await page.getByRole('option', { name: 'failed' }).click();
  await bar.waitFor({ state: 'detached' });
});

await step('keys alone choose a range, and let it go', async () => {
  await page.goto(`${ADDRESS}/dags/burnt?tab=runs`);
  await box('many-4').focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Shift+Space');
  await bar.getByText('3 chosen').waitFor();
  await page.keyboard.press('Escape');
  await bar.waitFor({ state: 'detached' });
});

await step('a choice stays while the list is asked for anew', async () => {
  await page.goto(`${ADDRESS}/dags/burnt?tab=runs`);
  await box('many-2').check();
  await trigger('burnt', 'many-5');
  await box('many-5').waitFor();
  if (!(await box('many-2').isChecked())) throw new Error('it was dropped');
  await bar.getByText('1 chosen').waitFor();
  await finished(admin, 'burnt', 'many-5');
});

await step('runs are cleared together, after a preview of what runs again', async () => {
  await page.goto(`${ADDRESS}/runs?dag=burnt&state=failed`);
  await box('burnt many-1').check();
  await box('burnt many-2').check();
  await bar.getByRole('button', { name: 'Clear…' }).click();
  await dialog.getByText('4 task instances are touched').waitFor();
  await dialog.getByText('many-2', { exact: true }).first().waitFor();
  problems.push(...(await barriers(page)));
  if ((await triesOf('burnt', 'many-1', 'burn')).try_number !== 1) throw new Error('the preview cleared it');
  await dialog.getByRole('button', { name: 'Clear', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const id of ['many-1', 'many-2']) {
    await until(`${id} runs again`, async () => (await triesOf('burnt', id, 'burn')).try_number === 2);
  }
  if ((await triesOf('burnt', 'many-3', 'burn')).try_number !== 1) throw new Error('another was cleared');
  await bar.waitFor({ state: 'detached' });
  for (const id of burnt) await finished(admin, 'burnt', id);
});

await step('runs are marked together, with a note', async () => {
  await page.goto(`${ADDRESS}/dags/burnt?tab=runs`);
  await box('many-1').check();
  await box('many-2').check();
  await bar.getByRole('button', { name: 'Mark as' }).click();
  await page.getByRole('menuitem', { name: 'success' }).click();
  await dialog.getByLabel('Note').fill('Thrown away');
  await dialog.getByRole('button', { name: 'Mark as success' }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const id of ['many-1', 'many-2']) {
    const { state, note } = await ask<Run & { note: string }>(page, 'GET', runAddress('burnt', id));
    if (state !== 'success' || note !== 'Thrown away') throw new Error(`${id} is ${state}: ${note}`);
  }
});

await step('tasks are marked with what comes after them, after a preview', async () => {
  await page.goto(`${ADDRESS}${runPath('burnt', 'many-3')}`);
  await box('burn').check();
  await bar.getByRole('button', { name: 'Mark as' }).click();
  await page.getByRole('menuitem', { name: 'success' }).click();
  await dialog.getByLabel('what comes after (downstream)').check();
  await dialog.getByText('2 task instances are touched').waitFor();
  problems.push(...(await barriers(page)));
  await dialog.getByRole('button', { name: 'Mark as success' }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const task of ['burn', 'eat']) {
    const { state } = await triesOf('burnt', 'many-3', task);
    if (state !== 'success') throw new Error(`${task} is ${state}`);
  }
});

await step('what is refused is said by its name, and stays chosen; the rest is done', async () => {
  await ask(page, 'POST', '/api/v2/variables', { key: 'is_risen', value: 'no' }).catch(() =>
    ask(page, 'PATCH', '/api/v2/variables/is_risen', { key: 'is_risen', value: 'no' }),
  );
  await trigger('rising', 'many-going');
  await until('it goes on', async () => (await triesOf('rising', 'many-going', 'rise')).state === 'running');
  await page.goto(`${ADDRESS}/runs`);
  await box('rising many-going').check();
  await box('burnt many-1').check();
  await bar.getByRole('button', { name: 'Delete…' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  const refused = dialog.getByRole('alert');
  await refused.getByText('1 was refused.').waitFor();
  await refused
    .getByText(/many-going/)
    .first()
    .waitFor();
  if ((await refused.getByRole('listitem').count()) !== 1) throw new Error('others are named too');
  problems.push(...(await barriers(page)));
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await box('burnt many-1').waitFor({ state: 'detached' });
  if (!(await box('rising many-going').isChecked()))
    throw new Error('what was refused is not chosen any more');
  if (await isThere('burnt', 'many-1')) throw new Error('what could be deleted is there');
  if (!(await isThere('rising', 'many-going'))) throw new Error('a run that goes on was deleted');
  await ask(page, 'PATCH', '/api/v2/variables/is_risen', { key: 'is_risen', value: 'yes' });
  await finished(admin, 'rising', 'many-going');
});

await step('tasks of several runs are cleared with what comes after, after a preview', async () => {
  await page.goto(`${ADDRESS}/runs?tab=tasks&dag=burnt&task=burn`);
  await box('burnt many-3 burn').check();
  await box('burnt many-4 burn').check();
  await bar.getByRole('button', { name: 'Clear…' }).click();
  await dialog.getByText('2 task instances are touched').waitFor();
  await dialog.getByLabel(/downstream/).check();
  await dialog.getByText('4 task instances are touched').waitFor();
  await dialog.getByRole('button', { name: 'Clear', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const id of ['many-3', 'many-4']) {
    await until(`${id} runs again`, async () => (await triesOf('burnt', id, 'burn')).try_number === 2);
    await finished(admin, 'burnt', id);
  }
});

await step('a group of a run is chosen by its box, and its tasks are marked', async () => {
  await trigger('bakery', 'many-bread');
  await finished(admin, 'bakery', 'many-bread');
  await page.goto(`${ADDRESS}${runPath('bakery', 'many-bread')}`);
  await box('oven').check();
  await bar.getByText('2 chosen').waitFor();
  if (!(await box('oven.knead').isChecked())) throw new Error('a task of the group is not chosen');
  if (await box('sell').isChecked()) throw new Error('a task outside of the group is chosen');
  problems.push(...(await barriers(page)));
  await bar.getByRole('button', { name: 'Mark as' }).click();
  await page.getByRole('menuitem', { name: 'failed' }).click();
  await dialog.getByText('all instances').waitFor();
  await dialog.getByRole('button', { name: 'Mark as failed' }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const [task, index] of [
    ['oven.knead', -1],
    ['oven.bake', 0],
    ['oven.bake', 2],
  ] as const) {
    const { state } = await triesOf('bakery', 'many-bread', task, index);
    if (state !== 'failed') throw new Error(`${task} [${index}] is ${state}`);
  }
});

await step('some instances of a mapped task are cleared', async () => {
  await trigger('bakery', 'many-loaves');
  await finished(admin, 'bakery', 'many-loaves');
  await page.goto(`${ADDRESS}${runPath('bakery', 'many-loaves')}?task=oven.bake`);
  await box('[1]').check();
  await box('[2]').check();
  await bar.getByRole('button', { name: 'Clear…' }).click();
  await dialog.getByText('2 task instances are touched').waitFor();
  await dialog.getByRole('button', { name: 'Clear', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await until('they run again', async () => {
    const tries = await Promise.all(
      [0, 1, 2].map((index) => triesOf('bakery', 'many-loaves', 'oven.bake', index)),
    );
    return tries.map((one) => one.try_number).join() === '1,2,2';
  });
});

await step('DAGs are paused together, and go on', async () => {
  const arePaused = async () => {
    const found = ['farm', 'larder', 'mill'].map((dag) =>
      ask<{ is_paused: boolean }>(page, 'GET', `/api/v2/dags/${dag}`),
    );
    return (await Promise.all(found)).map((one) => one.is_paused).join();
  };
  await page.goto(`${ADDRESS}/dags?tag=supply`);
  await page.getByRole('checkbox', { name: 'Choose all that is shown' }).check();
  await bar.getByText('3 chosen').waitFor();
  problems.push(...(await barriers(page)));
  await bar.getByRole('button', { name: 'Pause…' }).click();
  await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  if ((await arePaused()) !== 'true,true,true') throw new Error(`paused: ${await arePaused()}`);
  await box('farm').check();
  await box('mill').click({ modifiers: ['Shift'] });
  await bar.getByText('3 chosen').waitFor();
  await bar.getByRole('button', { name: 'Let run…' }).click();
  await dialog.getByRole('button', { name: 'Let run', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  if ((await arePaused()) !== 'false,false,false') throw new Error(`paused: ${await arePaused()}`);
});

await step('variables are deleted together, pools but the default one', async () => {
  for (const key of ['many_a', 'many_b', 'many_c']) {
    await ask(page, 'POST', '/api/v2/variables', { key, value: '1' }).catch(() => null);
  }
  await page.goto(`${ADDRESS}/admin/variables?q=many_`);
  await box('many_a').check();
  await box('many_b').check();
  await bar.getByRole('button', { name: 'Delete…' }).click();
  await dialog.getByRole('button', { name: 'Delete', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await box('many_a').waitFor({ state: 'detached' });
  const { variables } = await ask<{ variables: { key: string }[] }>(
    page,
    'GET',
    '/api/v2/variables?variable_key_pattern=many_',
  );
  const left = variables.map((one) => one.key).join();
  if (left !== 'many_c') throw new Error(`there is ${left}`);
  await page.goto(`${ADDRESS}/admin/pools`);
  await page.getByRole('checkbox', { name: 'Choose all that is shown' }).waitFor();
  if ((await box('default_pool').count()) > 0) throw new Error('the default pool can be chosen');
});

await step('who may not act sees no boxes', async () => {
  const watcher = await open(browser);
  await signIn(watcher, 'watcher', needed('WINDWARD_VIEWER_PASSWORD'));
  const looks = [
    '/runs',
    '/runs?tab=tasks',
    '/dags',
    '/dags/burnt?tab=runs',
    runPath('bakery', 'many-bread'),
    `${runPath('bakery', 'many-bread')}?task=oven.bake`,
    '/admin/variables',
    '/admin/pools',
  ];
  for (const path of looks) {
    await watcher.page.goto(ADDRESS + path);
    await settled(watcher);
    const boxes = await watcher.page.getByRole('checkbox', { name: /^Choose / }).count();
    if (boxes > 0) throw new Error(`${path} has ${boxes} boxes`);
  }
  problems.push(...watcher.complaints);
});

await browser.close();
problems.push(...admin.complaints);
conclude();
