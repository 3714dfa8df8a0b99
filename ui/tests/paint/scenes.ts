/** What is looked at, scene by scene. Functions in `looks` run in the page and say whether something is there. */
import type { Scene } from './main.ts';
import { after, frames, opened, type Row, since, watchedFrames, weight } from './watching.ts';

interface Script {
  looks: Record<string, () => boolean>;
  rows: (scene: Scene) => AsyncGenerator<Row>;
}

const WIDE = '/dags/wide';
const MAPPED = '/dags/mapped/runs/ten-thousand?task=each';

async function* firstLook({ fresh, page, repeat }: Scene): AsyncGenerator<Row> {
  const [paints, usables, warms]: number[][] = [[], [], []];
  let kilobytes = 0;
  for (let time = 0; time < repeat; time += 1) {
    const cold = await fresh();
    usables?.push(await opened(cold, '/', 'home'));
    const { paint, size } = await cold.evaluate(async () => {
      const paint = await new Promise<number>((resolve) =>
        new PerformanceObserver((list) => {
          const [first] = list.getEntriesByName('first-contentful-paint');
          if (first !== undefined) resolve(first.startTime);
        }).observe({ type: 'paint', buffered: true }),
      );
      const loaded = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
      return { paint, size: loaded.reduce((sum, one) => sum + one.transferSize, 0) };
    });
    paints?.push(paint);
    kilobytes = size / 1000;
    await cold.context().close();
  }
  for (let time = 0; time < repeat; time += 1) warms?.push(await opened(page, '/', 'home'));
  yield { what: 'home, empty cache: first contentful paint', unit: 'ms', values: paints ?? [] };
  yield {
    what: 'home, empty cache: until all panels show what they have',
    unit: 'ms',
    values: usables ?? [],
    note: `${kilobytes.toFixed(0)} kB over the wire`,
  };
  yield { what: 'home, full cache: the same', unit: 'ms', values: warms ?? [] };
}

async function* manyDags({ page, repeat }: Scene): AsyncGenerator<Row> {
  const values: number[] = [];
  for (let time = 0; time < repeat; time += 1) values.push(await opened(page, '/dags', 'rows'));
  const shown = await page.evaluate(() =>
    document.querySelector('[role=table]')?.getAttribute('aria-rowcount'),
  );
  yield { what: 'list of DAGs: until rows', unit: 'ms', values, note: `${shown} rows` };
  await since(page, 'strips');
  yield await frames(page, 'list of DAGs: a frame while scrolling 30 px a frame', {
    selector: '[role=table]',
    across: 0,
    down: 30,
  });
  yield await frames(page, 'list of DAGs: a frame while scrolling 400 px a frame', {
    selector: '[role=table]',
    across: 0,
    down: 400,
  });
  const end = await after(
    page,
    () =>
      page.evaluate(() => {
        const table = document.querySelector('[role=table]');
        if (table !== null) table.scrollTop = table.scrollHeight;
      }),
    'last row',
  );
  yield { what: 'list of DAGs: from a jump to the end until its rows', unit: 'ms', values: [end.ms] };
  const found = await after(page, () => page.getByRole('textbox').first().fill('dag_04321'), 'one row');
  yield { what: 'list of DAGs: one of them by its name, typing included', unit: 'ms', values: [found.ms] };
  const homes: number[] = [];
  for (let time = 0; time < repeat; time += 1) homes.push(await opened(page, '/', 'home'));
  yield {
    what: 'home of 5,000 DAGs and 70,000 runs: until all panels show what they have',
    unit: 'ms',
    values: homes,
  };
}

async function* grid({ browser, page, repeat }: Scene): AsyncGenerator<Row> {
  const values: number[] = [];
  for (let time = 0; time < repeat; time += 1) {
    values.push(await opened(page, `${WIDE}?count=365`, 'grid'));
  }
  const label = await page.getByRole('application').getAttribute('aria-label');
  yield { what: 'grid: from an address to cells', unit: 'ms', values, note: label ?? '' };
  const selector = '[role=application]';
  yield await frames(page, 'grid: a frame while scrolling down', { selector, across: 0, down: 40 });
  yield await frames(page, 'grid: a frame while scrolling sideways', { selector, across: 40, down: 0 });
  yield await frames(page, 'grid: a frame while scrolling both ways', { selector, across: 33, down: 47 });
  yield await watchedFrames(page, 'grid: a frame while the pointer moves', async () => {
    for (let step = 0; step < 120; step += 1) await page.mouse.move(500 + step * 5, 400 + (step % 40) * 8);
  });

  const folding = await after(
    page,
    () => page.getByRole('button', { name: 'Fold groups' }).click(),
    'folded',
  );
  yield {
    what: 'grid: fold all groups',
    unit: 'ms',
    values: [folding.ms],
    note: `${folding.gap.toFixed(0)} ms without a frame`,
  };
  const { heap, process } = await weight(browser, page);
  yield {
    what: 'grid: memory of the tab',
    unit: 'MB',
    values: [process],
    note: `${heap.toFixed(0)} MB of scripts`,
  };
}

async function* graph({ page, repeat }: Scene): AsyncGenerator<Row> {
  for (const [dag, about] of [
    ['layered', '1,000 tasks'],
    ['wide', '1,000 tasks in 40 open groups'],
  ] as const) {
    const path = `/dags/${dag}?tab=graph&fold=,`;
    const [placed, gaps]: number[][] = [[], []];
    await page.goto('about:blank');
    await opened(page, '/', 'home');
    await page.evaluate(() =>
      indexedDB
        .databases?.()
        .then((all) => Promise.all(all.map(({ name }) => name && indexedDB.deleteDatabase(name)))),
    );
    const first = await opened(page, path, 'nodes');
    yield {
      what: `graph of ${about}: from an address to nodes, never placed before`,
      unit: 'ms',
      values: [first],
    };
    for (let time = 0; time < repeat; time += 1) placed?.push(await opened(page, path, 'nodes'));
    yield { what: `graph of ${about}: the same, placed before`, unit: 'ms', values: placed ?? [] };
    void gaps;
    yield await watchedFrames(page, `graph of ${about}: a frame while it is dragged`, async () => {
      await page.mouse.move(900, 500);
      await page.mouse.down();
      for (let step = 0; step < 90; step += 1) await page.mouse.move(900 - step * 6, 500 + (step % 30) * 4);
      await page.mouse.up();
    });

    yield await watchedFrames(page, `graph of ${about}: a frame while it is zoomed`, async () => {
      for (let step = 0; step < 40; step += 1) await page.mouse.wheel(0, step < 20 ? 60 : -60);
    });

    yield await watchedFrames(
      page,
      `graph of ${about}: a frame while all of it is seen and dragged`,
      async () => {
        for (let step = 0; step < 15; step += 1) await page.mouse.wheel(0, 300);
        await page.mouse.down();
        for (let step = 0; step < 60; step += 1) await page.mouse.move(900 - step * 3, 500 + (step % 30) * 4);
        await page.mouse.up();
      },
    );
  }
}

async function* mapped({ page, repeat }: Scene): AsyncGenerator<Row> {
  const values: number[] = [];
  for (let time = 0; time < repeat; time += 1) values.push(await opened(page, MAPPED, 'instances'));
  yield { what: 'table of 10,000 mapped instances: from an address to rows', unit: 'ms', values };
  const next = await after(
    page,
    () => page.getByRole('button', { name: 'Next', exact: true }).click(),
    'second page',
  );
  yield { what: 'table of mapped instances: the next page', unit: 'ms', values: [next.ms] };
  const found = await after(
    page,
    () => page.getByLabel('Filter by label or index').fill('9876'),
    'one instance',
  );
  yield {
    what: 'table of mapped instances: one by its index, typing included',
    unit: 'ms',
    values: [found.ms],
  };
  await page.getByLabel('Filter by label or index').fill('');
  await since(page, 'instances');
  const label = await after(
    page,
    () => page.getByLabel('Filter by label or index').fill('shop-777'),
    'labelled',
  );
  yield { what: 'table of mapped instances: some by their label', unit: 'ms', values: [label.ms] };
}

async function* run({ page, subject, repeat }: Scene): AsyncGenerator<Row> {
  const path = `/dags/wide/runs/${encodeURIComponent(subject)}`;
  const [lists, lengths]: number[][] = [[], []];
  for (let time = 0; time < repeat; time += 1) {
    lists?.push(await opened(page, path, 'tasks'));
    lengths?.push(await since(page, 'last task'));
  }
  yield { what: 'run of 1,000 tasks: from an address to its tasks', unit: 'ms', values: lists ?? [] };
  yield { what: 'run of 1,000 tasks: until the last is known', unit: 'ms', values: lengths ?? [] };
  const list = 'ul[aria-label]';
  yield await frames(page, 'run of 1,000 tasks: a frame while its list is scrolled', {
    selector: `:has(> ${list})`,
    across: 0,
    down: 30,
  });
  const found = await after(
    page,
    () => page.getByRole('main').getByRole('textbox').first().fill('shop_31.task_17'),
    'one task',
  );
  yield { what: 'run of 1,000 tasks: one by its name, typing included', unit: 'ms', values: [found.ms] };
  const gantt = await opened(page, '/dags/wide?tab=durations', 'gantt');
  yield { what: 'durations: from an address to the tries of 1,000 tasks', unit: 'ms', values: [gantt] };
  const year = await opened(page, '/dags/hourly?tab=calendar&year=2025', 'year');
  yield { what: 'calendar of 8,760 runs: from an address to its days', unit: 'ms', values: [year] };
  const runs = await opened(page, '/dags/hourly?tab=runs', 'runs');
  yield { what: 'list of 8,760 runs: from an address to rows', unit: 'ms', values: [runs] };
}

async function* log({ browser, page, subject }: Scene): AsyncGenerator<Row> {
  const before = await weight(browser, page);
  await page.goto('about:blank');
  const first = await opened(
    page,
    `/dags/talkative/runs/${encodeURIComponent(subject)}?task=talk&tab=log`,
    'lines',
  );
  yield { what: 'log of 1,000,000 lines: until first lines', unit: 'ms', values: [first] };
  yield await watchedFrames(
    page,
    'log: a frame while it is read',
    async () => void (await since(page, 'all lines')),
  );
  const all = await page.evaluate(() => performance.now());
  yield { what: 'log: until all lines are there', unit: 'ms', values: [all] };

  const { heap, process } = await weight(browser, page);
  yield {
    what: 'log: memory of the tab',
    unit: 'MB',
    values: [process],
    note: `${heap.toFixed(0)} MB of scripts; ${before.process.toFixed(0)} MB before`,
  };
  const selector = '[role=log]';
  yield await frames(page, 'log: a frame while scrolling 30 px a frame', { selector, across: 0, down: -30 });
  yield await frames(page, 'log: a frame while scrolling 3,000 px a frame', {
    selector,
    across: 0,
    down: -3000,
  });
  const searching: { ms: number }[] = [];
  yield await watchedFrames(page, 'log: a frame meanwhile', async () => {
    searching.push(await after(page, () => page.getByLabel('Find in the log').fill('needle'), 'needle'));
  });
  yield {
    what: 'log: a text that three lines have, from typing until all are found',
    unit: 'ms',
    values: searching.map(({ ms }) => ms),
  };

  const common = await after(page, () => page.getByLabel('Find in the log').fill('parcel'), 'parcels');
  yield {
    what: 'log: a text that every line has',
    unit: 'ms',
    values: [common.ms],
    note: `${common.gap.toFixed(0)} ms without a frame`,
  };
  const next = await after(page, () => page.getByRole('button', { name: 'Next match' }).click(), 'chosen');
  yield {
    what: 'log: to the next that was found',
    unit: 'ms',
    values: [next.ms],
    note: `${next.gap.toFixed(0)} ms without a frame`,
  };
  await page.getByLabel('Find in the log').fill('');
  const wrapped = await after(page, () => page.getByRole('button', { name: 'Wrap' }).click(), 'wrapped');
  yield {
    what: 'log: wrap its lines',
    unit: 'ms',
    values: [wrapped.ms],
    note: `${wrapped.gap.toFixed(0)} ms without a frame`,
  };
  yield await frames(page, 'log, wrapped: a frame while scrolling 30 px a frame', {
    selector,
    across: 0,
    down: -30,
  });
  const after_all = await weight(browser, page);
  yield {
    what: 'log: memory of the tab after all this',
    unit: 'MB',
    values: [after_all.process],
    note: `${after_all.heap.toFixed(0)} MB of scripts`,
  };
}

export const SCENES: Record<string, Script> = {
  home: {
    looks: {
      home: () =>
        document.querySelectorAll('main section.card').length >= 4 &&
        document.querySelector('main [role=status]') === null,
    },
    rows: firstLook,
  },
  dags: {
    looks: {
      home: () =>
        document.querySelectorAll('main section.card').length >= 4 &&
        document.querySelector('main [role=status]') === null,
      rows: () => document.querySelectorAll('[role=rowgroup] [role=row] a').length > 5,
      strips: () => document.querySelector('[role=rowgroup] a[data-state]') !== null,
      'last row': () => document.querySelector('a[href="/dags/dag_04999"]') !== null,
      'one row': () =>
        document.querySelectorAll('[role=rowgroup] [role=row]').length === 1 &&
        document.querySelector('a[href="/dags/dag_04321"]') !== null,
    },
    rows: manyDags,
  },
  grid: {
    looks: {
      grid: () => (document.querySelector('canvas')?.width ?? 300) !== 300,
      folded: () => (document.querySelector('[role=application]')?.scrollHeight ?? 9e9) < 3_000,
    },
    rows: grid,
  },
  graph: {
    looks: {
      home: () => document.querySelector('main section.card') !== null,
      nodes: () => document.querySelector('.react-flow__node') !== null,
    },
    rows: graph,
  },
  mapped: {
    looks: {
      instances: () => document.querySelectorAll('table.plain tbody tr').length >= 50,
      'second page': () => document.querySelector('table.plain')?.textContent?.includes('[50]') ?? false,
      'one instance': () => document.querySelectorAll('table.plain tbody tr').length === 1,
      labelled: () =>
        document.querySelector('table.plain tbody tr')?.textContent?.includes('shop-777') ?? false,
    },
    rows: mapped,
  },
  run: {
    looks: {
      tasks: () => document.querySelectorAll('[data-task]').length > 5,
      'last task': () =>
        /\d+ (ms|s|min)/.test(document.querySelector('[data-task] > .num')?.textContent ?? ''),
      'one task': () => document.querySelectorAll('[data-task]').length === 1,
      gantt: () => document.querySelectorAll('[role=tabpanel] svg[role=img]').length > 100,
      year: () => /7,?787 success/.test(document.querySelector('[role=tabpanel]')?.textContent ?? ''),
      runs: () => document.querySelectorAll('[role=tabpanel] table tbody tr').length > 5,
    },
    rows: run,
  },
  log: {
    looks: {
      lines: () => document.querySelectorAll('[role=log] [data-level]').length > 5,
      'all lines': () => /1,000,0\d\d lines/.test(document.querySelector('main')?.textContent ?? ''),
      needle: () => document.querySelector('[aria-live=polite].num')?.textContent?.trim() === '0 of 3',
      parcels: () =>
        /^0 of 1.?000.?000$/.test(
          document.querySelector('[aria-live=polite].num')?.textContent?.trim() ?? '',
        ),
      chosen: () => document.querySelector('[data-chosen]') !== null,
      wrapped: () => document.querySelector('[role=log][data-wrap] [data-level]') !== null,
    },
    rows: log,
  },
};
