/** Addresses, and the page of each. Filters and selections are part of the address. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { Shell } from '@/app/Shell';
import { Failure, Loading, Nowhere } from '@/components/Waiting';
import { needWords } from '@/i18n';

const root = createRootRoute({
  component: Shell,
  errorComponent: ({ error }) => <Failure error={error as Error} />,
});

/** Take a text of the address, or nothing. */
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
/** Take a number of the address, or nothing. */
export const whole = (value: unknown): number | undefined =>
  Number.isSafeInteger(Number(value)) && value !== '' && value != null ? Number(value) : undefined;

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('@/pages/home/Home'), 'Home'),
});

export interface DagsSearch {
  q?: string | undefined;
  tag?: string | undefined;
  owner?: string | undefined;
  state?: string | undefined;
  paused?: string | undefined;
  order?: string | undefined;
  /** `true` for favourites only. */
  star?: string | undefined;
}
const dags = createRoute({
  getParentRoute: () => root,
  path: '/dags',
  validateSearch: (search): DagsSearch => ({
    q: text(search.q),
    tag: text(search.tag),
    owner: text(search.owner),
    state: text(search.state),
    paused: text(search.paused),
    order: text(search.order),
    star: search.star === true || search.star === 'true' ? 'true' : undefined,
  }),
  component: lazyRouteComponent(() => import('@/pages/dags/Dags'), 'Dags'),
});

export interface AllRunsSearch {
  tab?: string | undefined;
  /** Parts of names; with `exact`, the whole ids of a DAG and of a task. */
  dag?: string | undefined;
  task?: string | undefined;
  exact?: boolean | undefined;
  state?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  /** The column that the list is ordered by, with a `-` when it descends. */
  order?: string | undefined;
  before?: string | undefined;
}
const allRuns = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: (search): AllRunsSearch => ({
    tab: text(search.tab),
    dag: text(search.dag),
    task: text(search.task),
    exact: search.exact === true || search.exact === 'true' || undefined,
    state: text(search.state),
    type: text(search.type),
    from: text(search.from),
    to: text(search.to),
    order: text(search.order),
    before: text(search.before),
  }),
  component: lazyRouteComponent(async () => {
    await needWords('dag');
    return import('@/pages/runs/AllRuns');
  }, 'AllRuns'),
});

export interface DagSearch {
  tab?: string | undefined;
  run?: string | undefined;
  task?: string | undefined;
  version?: number | undefined;
  /** The version that `version` is compared with. */
  against?: number | undefined;
  file?: string | undefined;
  /** A part of a task's name. */
  q?: string | undefined;
  /** Groups that are folded, with commas between them. */
  fold?: string | undefined;
  /** Whether the graph shows the path that decided its length, and assets: both unless `off`; `all` of the assets. */
  path?: string | undefined;
  assets?: string | undefined;
  /** The asset that was looked for in the graph, by its id. */
  asset?: string | undefined;
  /** Which way the graph goes: `right` or `down`. */
  dir?: string | undefined;
  /** The task that was looked for in the graph; whether only what is before or after it is shown, and how far. */
  around?: string | undefined;
  side?: string | undefined;
  depth?: string | undefined;
  /** How many runs. */
  count?: number | undefined;
  /** Runs before this moment, or before this page. */
  before?: string | undefined;
  state?: string | undefined;
  type?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  /** The year of the calendar; or the month or week of it that a day is in. */
  year?: number | undefined;
  span?: string | undefined;
  /** The line of the audit log that is open. */
  item?: string | undefined;
  day?: string | undefined;
}
const dag = createRoute({
  getParentRoute: () => root,
  path: '/dags/$dagId',
  validateSearch: (search): DagSearch => ({
    tab: text(search.tab),
    run: text(search.run),
    task: text(search.task),
    version: whole(search.version),
    against: whole(search.against),
    file: text(search.file),
    q: text(search.q),
    fold: text(search.fold),
    path: text(search.path),
    assets: text(search.assets),
    asset: text(search.asset),
    dir: text(search.dir),
    around: text(search.around),
    side: text(search.side),
    depth: text(search.depth),
    count: whole(search.count),
    before: text(search.before),
    state: text(search.state),
    type: text(search.type),
    from: text(search.from),
    to: text(search.to),
    year: whole(search.year),
    span: text(search.span),
    day: text(search.day),
    item: text(search.item),
  }),
  component: lazyRouteComponent(async () => {
    await needWords('dag');
    return import('@/pages/dag/DagPage');
  }, 'DagPage'),
});

export interface RunSearch {
  tab?: string | undefined;
  /** Groups of the list that are folded, with commas between them. */
  fold?: string | undefined;
  task?: string | undefined;
  map?: number | undefined;
  try?: number | undefined;
  q?: string | undefined;
  state?: string | undefined;
  label?: string | undefined;
  mapState?: string | undefined;
  order?: string | undefined;
  page?: number | undefined;
  find?: string | undefined;
  level?: string | undefined;
  /** Who wrote the lines of the log that are shown: `stdout,logger:etl`. */
  source?: string | undefined;
  /** The line of the audit log that is open. */
  item?: string | undefined;
  /** Whether the log has the whole window. */
  full?: boolean | undefined;
}
const run = createRoute({
  getParentRoute: () => root,
  path: '/dags/$dagId/runs/$runId',
  validateSearch: (search): RunSearch => ({
    tab: text(search.tab),
    fold: text(search.fold),
    task: text(search.task),
    map: whole(search.map),
    try: whole(search.try),
    q: text(search.q),
    state: text(search.state),
    label: text(search.label),
    mapState: text(search.mapState),
    order: text(search.order),
    page: whole(search.page),
    find: text(search.find),
    level: text(search.level),
    source: text(search.source),
    item: text(search.item),
    full: search.full === true || search.full === 'true' || undefined,
  }),
  component: lazyRouteComponent(async () => {
    // The times beside its tasks are said in the words of a DAG's durations.
    await Promise.all(['run', 'dag'].map(needWords));
    return import('@/pages/run/RunPage');
  }, 'RunPage'),
});

export interface AdminSearch {
  q?: string | undefined;
  page?: number | undefined;
  item?: string | undefined;
  tab?: string | undefined;
  dir?: string | undefined;
  state?: string | undefined;
  dag?: string | undefined;
  run?: string | undefined;
  task?: string | undefined;
  key?: string | undefined;
  user?: string | undefined;
  event?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}
const admin = createRoute({
  getParentRoute: () => root,
  path: '/admin/$section',
  validateSearch: (search): AdminSearch => ({
    q: text(search.q),
    page: whole(search.page),
    item: text(search.item),
    tab: text(search.tab),
    dir: text(search.dir),
    state: text(search.state),
    dag: text(search.dag),
    run: text(search.run),
    task: text(search.task),
    key: text(search.key),
    user: text(search.user),
    event: text(search.event),
    since: text(search.since),
    until: text(search.until),
  }),
  component: lazyRouteComponent(async () => {
    await needWords('manage');
    return import('@/pages/admin/Admin');
  }, 'Admin'),
});
const adminHome = createRoute({
  getParentRoute: () => root,
  path: '/admin',
  beforeLoad: () => {
    throw redirect({ to: '/admin/$section', params: { section: 'workers' } });
  },
});

export const router = createRouter({
  routeTree: root.addChildren([home, dags, allRuns, dag, run, adminHome, admin]),
  defaultPreload: 'intent',
  defaultPendingComponent: Loading,
  defaultNotFoundComponent: Nowhere,
  defaultErrorComponent: ({ error }) => <Failure error={error as Error} />,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
