/**
 * How quick pages are in a real browser: `main.ts SCENE` or `main.ts SCENE:SUBJECT`, at the server of `WINDWARD_ADDRESS`.
 *
 * Prints a row of numbers a line, as JSON. `make bench ARGS="u1 u3"` fills a server for each scene and makes a table.
 */
import type { Browser, Page } from 'playwright-core';
import { launch, needed, open, signIn } from '../browser.ts';
import { SCENES } from './scenes.ts';
import { teach } from './watching.ts';

const REPEAT = Number(process.env.REPEAT ?? 3);

export interface Scene {
  browser: Browser;
  /** A tab that is signed in and has loaded the interface. */
  page: Page;
  repeat: number;
  /** What stands behind a colon in the name of the scene. */
  subject: string;
  /** A tab with an empty cache, signed in. */
  fresh: () => Promise<Page>;
}

const [name, subject = ''] = (process.argv[2] ?? '').split(/:(.*)/s);
const scene = SCENES[name ?? ''];
if (scene === undefined) throw new Error(`a scene is one of ${Object.keys(SCENES).join(', ')}`);
const browser = await launch();
const looked = await open(browser);
await teach(looked.page, scene.looks);
await signIn(looked, 'admin', needed('WINDWARD_PASSWORD'));
const storageState = await looked.page.context().storageState();
const fresh = async () => {
  const { page } = await open(browser, { storageState });
  await teach(page, scene.looks);
  return page;
};
for await (const row of scene.rows({ browser, page: looked.page, repeat: REPEAT, subject, fresh })) {
  console.log(JSON.stringify(row));
}
await browser.close();
for (const complaint of looked.complaints) console.error(complaint);
if (looked.complaints.length > 0) process.exit(1);
