/** A Chromium at a server: signing in, looking at pages, and what went wrong while one looked. */
import { AxeBuilder } from '@axe-core/playwright';
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type Request,
} from 'playwright-core';

export const ADDRESS = needed('WINDWARD_ADDRESS');
/** A limit and no claim: for a machine that does much else, and still short enough for what hangs. */
export const DEADLINE_MS = 60_000;
const SETTLE_MS_MAX = 3_000;
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: needed('CHROMIUM'), args: ARGUMENTS });
}

/** A page, and the complaints about it. */
export interface Looked {
  page: Page;
  complaints: string[];
  /** What was asked for and is on its way. */
  asked: Set<Request>;
}

/** Open a page that writes down errors, breaches of the policy, dialogs, and requests to others. */
export async function open(browser: Browser, options: BrowserContextOptions = {}): Promise<Looked> {
  const context = await browser.newContext({
    locale: 'en-GB',
    viewport: { width: 1440, height: 900 },
    // What is half faded in has half its contrast, and a slow machine shows it for long.
    reducedMotion: 'reduce',
    ...options,
  });
  context.setDefaultTimeout(DEADLINE_MS);
  const page = await context.newPage();
  const complaints: string[] = [];
  const complain = (what: string) => complaints.push(`${new URL(page.url()).pathname}: ${what}`);
  page.on('console', (message) => {
    // A refusal that the page shows is written by the browser as an error, too.
    const isRefusal = /status of (401|403|404|409|422)/.test(message.text());
    if (message.type() === 'error' && !isRefusal) complain(message.text());
  });
  page.on('pageerror', (error) => complain(String(error.stack ?? error)));
  page.on('dialog', (dialog) => {
    complain(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== ADDRESS) complain(`asks another server: ${request.url()}`);
  });
  const asked = new Set<Request>();
  page.on('request', (request) => asked.add(request));
  page.on('requestfinished', (request) => asked.delete(request));
  page.on('requestfailed', (request) => asked.delete(request));
  return { page, complaints, asked };
}

export async function signIn({ page }: Looked, name: string, password: string): Promise<void> {
  await page.goto(`${ADDRESS}/login?next=%2Fdags`);
  // By their names in the form: the words are in the language of the browser.
  await page.locator('#username').fill(name);
  await page.locator('#password').fill(password);
  await page.locator('form button').click();
  await page.getByRole('main').waitFor();
}

/** Wait until a page has what it asked for: nothing is on its way, and nothing new was asked for a moment. */
export async function settled({ page, asked }: Looked): Promise<void> {
  await page.getByRole('main').waitFor();
  const end = Date.now() + SETTLE_MS_MAX;
  let quiet = 0;
  const loading = page.getByRole('status', { name: '…' });
  while (quiet < 4 && Date.now() < end) {
    quiet = asked.size === 0 && (await loading.count()) === 0 ? quiet + 1 : 0;
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

/** Go to another page as a link would, without loading everything anew. */
export async function follow(looked: Looked, path: string): Promise<void> {
  await looked.page.evaluate((to) => window.history.pushState({}, '', to), path);
  await settled(looked);
}

/** What axe finds serious on the page that is open, or on a part of it. */
export async function barriers(page: Page, part = 'html'): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21aa'])
    .options({ resultTypes: ['violations'] })
    .include(part)
    // Frames of others, for which it would open a page of its own each time, do not exist here.
    .setLegacyMode(true)
    .analyze();
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => {
      const places = nodes
        .slice(0, 3)
        .map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`);
      return `${new URL(page.url()).pathname}${new URL(page.url()).search}: axe ${id} (${nodes.length}): ${places.join(' | ')}`;
    });
}

/** Ask the server as the page would, with the session of the browser. */
export async function ask<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await page.evaluate(
    async ([verb, address, text]) => {
      const token = document.cookie.match(/windward_csrf=([^;]*)/)?.[1] ?? '';
      const headers = { 'X-CSRF-Token': decodeURIComponent(token), 'Content-Type': 'application/json' };
      const init = { method: verb, headers, ...(text === null ? {} : { body: text }) };
      const response = await fetch(address, init);
      return { status: response.status, text: await response.text() };
    },
    [method, path, body === undefined ? null : JSON.stringify(body)] as [string, string, string | null],
  );
  if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return (answer.text === '' ? null : JSON.parse(answer.text)) as T;
}

/** Wait until something holds. */
export async function until<T>(what: string, look: () => Promise<T | null | false | undefined>): Promise<T> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not in ${DEADLINE_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Turn a switch, once it may be turned: its own box is hidden behind what is drawn, and hears no common click. */
export async function turn(toggle: Locator): Promise<void> {
  await until('it may be turned', () => toggle.isEnabled());
  await toggle.click({ force: true });
}
