/** Every filter, tab and selection of the interface, and how somebody sets it. */
import type { Page } from 'playwright-core';

export interface View {
  /** Where one begins. */
  path: string;
  /** What is set, one after the other. */
  acts: ((page: Page) => Promise<unknown>)[];
  /** What the address must have in the end, beside the path's. */
  holds: string[];
}

const main = (page: Page) => page.locator('#main');
const exact = (name: string | RegExp) => ({ name, exact: typeof name === 'string' });
const type = (name: string, text: string) => (page: Page) =>
  main(page)
    .getByRole('textbox', exact(name))
    .or(main(page).getByLabel(name, { exact: true }))
    .first()
    .fill(text);
const pick =
  (name: string, option: string | RegExp, place = 0) =>
  async (page: Page) => {
    await main(page).getByRole('combobox', exact(name)).nth(place).click();
    await page.getByRole('option', exact(option)).first().click();
  };
const segment = (name: string) => (page: Page) => main(page).getByText(name, { exact: true }).first().click();
const press = (name: string | RegExp) => (page: Page) =>
  main(page).getByRole('button', exact(name)).first().click();
const tab = (name: string) => (page: Page) => main(page).getByRole('tab', exact(name)).click();
const turn = (name: string) => (page: Page) =>
  main(page)
    .getByRole('switch', exact(name))
    .or(main(page).getByRole('checkbox', exact(name)))
    .first()
    .click({ force: true });
const follow = (name: string | RegExp) => (page: Page) =>
  main(page).getByRole('link', exact(name)).first().click();

/** Return views by name; `run` is a run of `bakery` that went well, `burnt` one of `burnt` that did not. */
export function viewsOf(run: string, burnt: string): Record<string, View> {
  const day = new Date().toISOString().slice(0, 10);
  const year = new Date().getUTCFullYear();
  const bread = `/dags/bakery/runs/${encodeURIComponent(run)}`;
  return {
    'the list of DAGs': {
      path: '/dags',
      acts: [
        type('Filter by name', 'b'),
        pick('Any tag', 'food'),
        pick('Any latest state', 'success'),
        segment('Active'),
      ],
      holds: ['q=b', 'tag=food', 'state=success', 'paused='],
    },
    'favourite DAGs': { path: '/dags', acts: [segment('Favourites')], holds: ['star='] },
    'all runs': {
      path: '/runs',
      acts: [
        type('Filter by DAG', 'bak'),
        pick('Any state', 'success'),
        pick('Any type', 'by hand'),
        type('From this day (UTC)', `${year - 1}-01-01`),
        type('To this day (UTC)', day),
        press(/^Duration/),
      ],
      holds: ['dag=bak', 'state=success', 'type=manual', 'from=', 'to=', 'order=-duration'],
    },
    'all task instances': {
      path: '/runs',
      acts: [
        segment('Task instances'),
        type('Filter by task', 'kn'),
        pick('Any state', 'success'),
        press(/^Tries/),
      ],
      holds: ['tab=tasks', 'task=kn', 'state=success', 'order=-try_number'],
    },
    grid: {
      path: '/dags/bakery',
      acts: [type('Find tasks', 'knead'), pick('How many runs', '30 runs')],
      holds: ['q=knead', 'count=30'],
    },
    'folded grid': { path: '/dags/bakery', acts: [press('Fold groups')], holds: ['fold=oven'] },
    graph: {
      path: '/dags/mill',
      acts: [tab('Graph'), turn('Critical path'), turn('Assets')],
      holds: ['tab=graph', 'path=off', 'assets=off'],
    },
    'a part of a graph': {
      path: '/dags/mill?tab=graph',
      acts: [
        pick('Find a task', 'weigh'),
        pick('What is shown around the task', 'Before and after it'),
        turn('Next to it only'),
      ],
      holds: ['around=weigh', 'side=both', 'depth=direct'],
    },
    'runs of a DAG': {
      path: '/dags/bakery',
      acts: [
        tab('Runs'),
        pick('Any state', 'success'),
        pick('Any type', 'by hand'),
        type('From this day (UTC)', `${year - 1}-01-01`),
        type('To this day (UTC)', day),
      ],
      holds: ['tab=runs', 'state=success', 'type=manual', 'from=', 'to='],
    },
    durations: {
      path: '/dags/bakery',
      acts: [
        tab('Durations'),
        pick('How many runs', '180 runs'),
        pick('Run whose states are shown', /scheduled__/),
      ],
      holds: ['tab=durations', 'count=180', 'run='],
    },
    calendar: {
      path: '/dags/bakery',
      acts: [tab('Calendar'), press('Before')],
      holds: ['tab=calendar', `year=${year - 1}`],
    },
    'hours of a week': {
      path: '/dags/bakery?tab=calendar',
      acts: [segment('Week'), press('Before')],
      holds: ['span=week', 'day='],
    },
    events: { path: '/dags/bakery', acts: [tab('Events')], holds: ['tab=events'] },
    'events of a task': {
      path: '/dags/bakery?tab=tasks',
      acts: [follow('Events')],
      holds: ['tab=events', 'task='],
    },
    'what was done with a task of a run': {
      path: `${bread}?task=oven.knead`,
      acts: [tab('Events')],
      holds: ['task=oven.knead', 'tab=events'],
    },
    code: { path: '/dags/bakery', acts: [tab('Code')], holds: ['tab=code'] },
    'details of a DAG': { path: '/dags/bakery', acts: [tab('Details')], holds: ['tab=details'] },
    backfills: { path: '/dags/bakery', acts: [tab('Backfills')], holds: ['tab=backfills'] },
    recovery: { path: '/dags/bakery', acts: [tab('Recovery')], holds: ['tab=recovery'] },
    'tasks of a run': {
      path: bread,
      acts: [type('Filter tasks by name', 'e'), pick('Any state', /^success/)],
      holds: ['q=e', 'state=success'],
    },
    'folded tasks of a run': { path: bread, acts: [press(/^oven/)], holds: ['fold=oven'] },
    'a task and its tab': {
      path: bread,
      acts: [follow(/^sell/), tab('Why')],
      holds: ['task=sell', 'tab=why'],
    },
    'a log': {
      path: `${bread}?task=oven.knead`,
      acts: [type('Find in the log', 'dough'), pick('Least level', 'Info and up')],
      holds: ['find=dough', 'level=info'],
    },
    'a failed log': {
      path: `/dags/burnt/runs/${encodeURIComponent(burnt)}`,
      acts: [(page: Page) => page.locator('[data-task=burn]').click()],
      holds: ['task=burn'],
    },
    'instances of a mapped task': {
      path: `${bread}?task=oven.bake`,
      acts: [
        type('Filter by label or index', '1'),
        pick('Any state', /^success/, 1),
        pick('Order', 'Longest first'),
      ],
      holds: ['label=', 'mapState=success', 'order=-duration'],
    },
    'one instance of a mapped task': {
      path: `${bread}?task=oven.bake`,
      acts: [follow(/^\[2\]/), tab('Details')],
      holds: ['map=2', 'tab=details'],
    },
    pools: {
      path: '/admin/pools',
      acts: [type('Filter by name', 'def'), segment('24 hours')],
      holds: ['q=def', 'since='],
    },
    'the graph of assets': {
      path: '/admin/assets',
      acts: [segment('Graph'), type('Filter by name', 'grain')],
      holds: ['tab=graph', 'q=grain'],
    },
    assets: { path: '/admin/assets', acts: [type('Filter by name', 'flour')], holds: ['q=flour'] },
    'one asset': { path: '/admin/assets', acts: [follow('grain')], holds: ['item='] },
    variables: { path: '/admin/variables', acts: [type('Filter by key', 'views')], holds: ['q=views'] },
    connections: { path: '/admin/connections', acts: [type('Filter by name', 'x')], holds: ['q=x'] },
    'import errors': {
      path: '/admin/import-errors',
      acts: [type('Filter by file', 'unread')],
      holds: ['q=unread'],
    },
    inbox: {
      path: '/admin/inbox',
      acts: [segment('Answered'), type('Filter by subject', 'x'), type('DAG', 'bakery')],
      holds: ['q=x', 'dag=bakery'],
    },
    'what tasks passed on': {
      path: '/admin/xcoms',
      acts: [
        type('Key', 'return'),
        type('DAG', 'bak'),
        type('Run', 'views'),
        type('Task', 'kn'),
        press(/return_value/),
      ],
      holds: ['key=return', 'dag=bak', 'run=views', 'task=kn', 'item='],
    },
    audit: {
      path: '/admin/audit',
      acts: [
        type('DAG', 'bakery'),
        type('Run', 'views'),
        type('Task', 'kn'),
        type('User', 'admin'),
        type('Event', 'dag'),
        type('from (UTC)', `${year - 1}-01-01T00:00`),
        type('until (UTC)', `${year + 1}-01-01T00:00`),
      ],
      holds: ['dag=bakery', 'run=views', 'task=kn', 'user=admin', 'event=dag', 'since=', 'until='],
    },
    users: { path: '/admin/users', acts: [segment('Roles')], holds: ['tab=roles'] },
  };
}
