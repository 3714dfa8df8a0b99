/** How long runs took and when they landed, over many runs; and of one run what waited and what ran. */
import 'uplot/dist/uPlot.min.css';
import { Select, useComputedColorScheme } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import { useLastLook } from '@/api/lastLook';
import { useZone } from '@/app/preferences';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { showLength, showMoment } from '@/lib/time';
import { taskTimesQuery, timelineQuery } from '@/pages/dag/queries';
import { Gantt } from '@/pages/dag/runs/Gantt';
import { useGridWith } from '@/pages/dag/useGridWith';
import pageClasses from '../Dag.module.css';
import classes from './Runs.module.css';

const route = getRouteApi('/dags/$dagId');
const RUNS = 90;
const COUNTS = ['30', '90', '180', '365'];
/** One moment alone has no span, and the drawing would give it years: it is shown in the middle of this much. */
const LEAST_SPAN_S = 3_600;
const spanOf = (min: number, max: number): [number, number] => {
  const more = Math.max(0, LEAST_SPAN_S - (max - min)) / 2;
  return [min - more, max + more];
};
const fromZero = (_: uPlot, __: number, max: number): [number, number] => [0, Math.max(1, max * 1.08)];
const HEIGHT = 220;
/** Steps of the scale, in seconds, that people count in. */
const STEPS_S = [
  0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 2_592_000,
  7_776_000, 31_536_000,
];

/** A run, or the instance of a task in it. */
interface Timed {
  dag_run_id: string;
  run_after: string;
  start_date: string | null;
  end_date: string | null;
}

function Plot({ runs, choose }: { runs: readonly Timed[]; choose: (runId: string) => void }) {
  const { t } = useTranslation('dag');
  const place = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const [zone] = useZone();
  const chosen = useRef(choose);
  chosen.current = choose;
  const ended = useMemo(() => runs.filter((run) => run.start_date !== null && run.end_date !== null), [runs]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the colours are those of the scheme
  useEffect(() => {
    const target = place.current;
    if (target === null || ended.length === 0) return;
    const style = getComputedStyle(target);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--ww-dim'),
      grid: { stroke: colour('--ww-line'), width: 1 },
      ticks: { show: false },
    };
    const words = (_: uPlot, values: number[]) =>
      values.map((value) => (value === 0 ? '0' : showLength(value * 1000)));
    const seconds = (from: string | null, to: string | null) =>
      (Date.parse(to ?? '') - Date.parse(from ?? '')) / 1000;
    const plot = new uPlot(
      {
        width: target.clientWidth,
        height: HEIGHT,
        tzDate: (at) => uPlot.tzDate(new Date(at * 1000), zone),
        scales: {
          x: { time: true, range: (_, min, max) => spanOf(min, ended.length === 1 ? min : max) },
          y: { range: fromZero },
          // Where runs were caught up with, how late they landed is far from how long they took.
          late: { range: fromZero },
        },
        axes: [
          {
            ...axis,
            space: 110,
            label: zone,
            labelSize: 18,
            labelFont: '11px sans-serif',
            values: (_, splits) =>
              splits.map((at) => showMoment(new Date(at * 1000), zone, false).slice(5, 16)),
          },
          { ...axis, size: 84, values: words, incrs: STEPS_S, stroke: colour('--state-success') },
          {
            ...axis,
            scale: 'late',
            side: 1,
            size: 84,
            values: words,
            incrs: STEPS_S,
            stroke: colour('--state-waiting'),
            grid: { show: false },
          },
        ],
        series: [
          {
            label: t('runs.after'),
            value: (_, at) => (at == null ? '' : showMoment(new Date(at * 1000), zone)),
          },
          {
            label: t('durations.run'),
            stroke: colour('--state-success'),
            width: 2,
            points: { show: true, size: 6 },
            value: (_, value) => (value == null ? '' : showLength(value * 1000)),
          },
          {
            label: t('durations.landing'),
            scale: 'late',
            stroke: colour('--state-waiting'),
            width: 2,
            dash: [6, 4],
            points: { show: false },
            value: (_, value) => (value == null ? '' : showLength(value * 1000)),
          },
        ],
        padding: [8, 8, 0, 0],
        cursor: { drag: { x: true, y: false } },
        // Nobody points at a run: the latest is told of.
        hooks: {
          setCursor: [(self) => self.cursor.idx == null && self.setLegend({ idx: ended.length - 1 }, false)],
        },
      },
      [
        ended.map((run) => Date.parse(run.run_after) / 1000),
        ended.map((run) => seconds(run.start_date, run.end_date)),
        ended.map((run) => Math.max(0, seconds(run.run_after, run.end_date))),
      ],
      target,
    );
    plot.setLegend({ idx: ended.length - 1 }, false);
    const onClick = () => {
      const run = ended[plot.cursor.idx ?? -1];
      if (run !== undefined) chosen.current(run.dag_run_id);
    };
    plot.over.addEventListener('click', onClick);
    const watcher = new ResizeObserver(() => plot.setSize({ width: target.clientWidth, height: HEIGHT }));
    watcher.observe(target);
    return () => {
      watcher.disconnect();
      plot.destroy();
    };
  }, [ended, scheme, zone, t]);
  const last = ended.at(-1);
  if (ended.length === 0) return <Empty title={t('durations.none')}>{t('durations.noneHint')}</Empty>;
  return (
    <section className={`card ${classes.plot}`}>
      <p className={classes.unseen}>
        {last !== undefined &&
          t('durations.says', {
            count: ended.length,
            run: last.dag_run_id,
            length: showLength(Date.parse(last.end_date ?? '') - Date.parse(last.start_date ?? '')),
          })}
      </p>
      <div ref={place} />
    </section>
  );
}

export function DurationsTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const limit = search.count ?? RUNS;
  const { newest: grid, run, runs, error, refetch } = useGridWith(dagId, search.run, limit);
  const timeline = useQuery({
    ...timelineQuery(dagId, run?.dag_run_id ?? '', run?.end_date === null),
    enabled: run !== undefined,
  });
  useLastLook(`${dagId}\n${run?.dag_run_id}`, run?.end_date === null, [['timeline', dagId, run?.dag_run_id]]);
  const task = grid?.tasks.find((one) => one.task_id === search.task && !one.is_mapped);
  const times = useQuery({
    ...taskTimesQuery(dagId, task?.task_id ?? '', limit),
    enabled: task !== undefined,
  });
  const choose = (runId: string | null) =>
    void navigate({ search: (before) => ({ ...before, run: runId ?? undefined }), resetScroll: false });
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (grid === undefined) return failure ?? <Loading />;
  return (
    <div>
      {failure}
      <div className={`${pageClasses.tools} ${classes.middle}`}>
        <Select
          size="xs"
          w={116}
          aria-label={t('grid.count')}
          allowDeselect={false}
          data={COUNTS.map((value) => ({ value, label: t('grid.runs', { count: Number(value) }) }))}
          value={COUNTS.includes(String(limit)) ? String(limit) : null}
          onChange={(count) => void navigate({ search: (before) => ({ ...before, count: Number(count) }) })}
        />
        <Select
          size="xs"
          w={240}
          searchable
          clearable
          aria-label={t('durations.task')}
          placeholder={t('durations.whole')}
          data={grid.tasks.filter((one) => !one.is_mapped).map((one) => one.task_id)}
          value={task?.task_id ?? null}
          onChange={(id) =>
            void navigate({ search: (before) => ({ ...before, task: id ?? undefined }), resetScroll: false })
          }
        />
        <span className="dim">{t('durations.what')}</span>
      </div>
      {times.error && <Failure error={times.error} />}
      {task === undefined || times.data === undefined ? (
        <Plot runs={grid.runs} choose={choose} />
      ) : (
        <Plot runs={times.data} choose={choose} />
      )}
      {run !== undefined && (
        <>
          <div className={`${pageClasses.tools} ${classes.middle} ${classes.second}`}>
            <h2 className={classes.title}>{t('durations.oneRun')}</h2>
            <Select
              size="xs"
              w={340}
              searchable
              allowDeselect={false}
              aria-label={t('graph.run')}
              data={runs.toReversed().map((one) => ({
                value: one.dag_run_id,
                label: `${showMoment(one.run_after, zone, false)} · ${t(`common:states.${one.state}`)} · ${one.dag_run_id}`,
              }))}
              value={run.dag_run_id}
              onChange={choose}
            />
          </div>
          {timeline.error && <Failure error={timeline.error} />}
          {timeline.data?.is_whole === false && (
            <p className="dim">{t('durations.partly', { count: timeline.data.tries.length })}</p>
          )}
          {timeline.data && <Gantt dagId={dagId} runId={run.dag_run_id} tries={timeline.data.tries} />}
        </>
      )}
    </div>
  );
}
