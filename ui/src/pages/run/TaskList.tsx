/** The tasks of a run: found by name and state, in their groups, mapped ones with counts. */
import { Select, TextInput } from '@mantine/core';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type RefObject, Suspense, useCallback, useEffect, useMemo, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { AllBox, OneBox } from '@/components/many/Boxes';
import { extent } from '@/components/many/choose';
import { type Chosen, useChosen } from '@/components/many/useChosen';
import { StateSign } from '@/components/State';
import { useTyped } from '@/components/useTyped';
import { Empty } from '@/components/Waiting';
import { lengthBetween, showLength } from '@/lib/time';
import { BesideHead, BesideLine, type Shown } from './Beside';
import { type Line, linesOf, ranked, type TaskLine } from './lines';
import { TasksBar } from './many/lazy';
import { type TaskRow, taskKey } from './many/rows';
import { along } from './nearby';
import type { Instance, Lines, Run } from './queries';
import classes from './Run.module.css';

const ROW_HEIGHT = 30;
const route = getRouteApi('/dags/$dagId/runs/$runId');

const UNFOLDED: ReadonlySet<string> = new Set();

interface Props {
  run: Run;
  lines: Lines;
  instances: ReadonlyMap<string, Instance>;
  counts: Record<string, number>;
  beside: Shown;
  isFollowed: RefObject<boolean>;
}

export function Counts({ counts }: { counts: Record<string, number> }) {
  const { t } = useTranslation();
  return (
    <span className={classes.counts}>
      {ranked(counts).map(([state, count]) => (
        <span key={state} title={t(`states.${state}`)} className="num">
          <StateSign state={state} size={10} />
          {count}
          <span className={classes.hidden}> {t(`states.${state}`)}</span>
        </span>
      ))}
    </span>
  );
}

/** Tasks of a list as rows that can be chosen: a mapped one stands for all of its instances. */
function rowsOf(run: Run, lines: Line[]): TaskRow[] {
  return lines.flatMap((line) => (line.kind === 'group' ? [] : [rowOf(run, line)]));
}

const rowOf = (run: Run, line: TaskLine): TaskRow => ({
  dag_id: run.dag_id,
  dag_run_id: run.dag_run_id,
  task_id: line.id,
  map_index: line.isMapped ? null : -1,
  state: line.state,
});

export function TaskList({ run, lines, instances, counts, beside, isFollowed }: Props) {
  const { t } = useTranslation('run');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const folded = useMemo(() => new Set((search.fold ?? '').split(',').filter(Boolean)), [search.fold]);
  const [typed, type] = useTyped(
    search.q,
    (q) => void navigate({ search: (before) => ({ ...before, q }), replace: true }),
  );
  const shown = useMemo(
    () => linesOf(lines, instances, folded, { q: search.q, state: search.state }),
    [lines, instances, folded, search.q, search.state],
  );
  const tasks = useMemo(
    () => rowsOf(run, linesOf(lines, instances, UNFOLDED, { q: search.q, state: search.state })),
    [run, lines, instances, search.q, search.state],
  );
  const hasBoxes = useMayTo({ dag_id: run.dag_id })('task_instance:edit');
  const many = useChosen<TaskRow>({
    about: JSON.stringify([run.dag_id, run.dag_run_id, search.q, search.state]),
    shown: tasks,
    keyOf: taskKey,
  });
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
  });
  const chosen = shown.findIndex((line) => line.kind === 'task' && line.id === search.task);
  const { scrollToIndex } = rows;
  useEffect(() => {
    if (chosen >= 0) scrollToIndex(chosen, { align: 'auto' });
  }, [chosen, scrollToIndex]);

  const focus = useCallback(
    (id: string) =>
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-task="${CSS.escape(id)}"]`)?.focus(),
      ),
    [],
  );
  const shownTask = chosen < 0 ? undefined : shown[chosen]?.id;
  useEffect(() => {
    if (shownTask === undefined || !isFollowed.current) return;
    isFollowed.current = false;
    focus(shownTask);
  }, [shownTask, isFollowed, focus]);

  /** Go to the same task of the run before or after this one, as in the grid. */
  const turn = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const task = (event.target as HTMLElement).dataset.task;
    const at = beside.runs.findIndex((one) => one.dag_run_id === run.dag_run_id);
    const other = beside.runs[at + step];
    if (step === 0 || task === undefined || at < 0 || other === undefined) return;
    event.preventDefault();
    isFollowed.current = true;
    void navigate({
      to: '/dags/$dagId/runs/$runId',
      params: { dagId: run.dag_id, runId: other.dag_run_id },
      search: (before) => ({ ...along(before), task }),
      resetScroll: false,
    });
  };
  const move = (event: KeyboardEvent) => {
    turn(event);
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    let next = chosen + step;
    while (shown[next]?.kind === 'group') next += step;
    const line = shown[next];
    if (line === undefined) return;
    void navigate({
      search: (before) => ({ ...before, task: line.id, map: undefined, try: undefined, page: undefined }),
      replace: true,
    });
    focus(line.id);
  };
  const fold = (id: string) => {
    const next = new Set(folded);
    if (!next.delete(id)) next.add(id);
    void navigate({
      search: (before) => ({ ...before, fold: [...next].join(',') || undefined }),
      replace: true,
      resetScroll: false,
    });
  };

  return (
    <>
      <div className={classes.listTools}>
        <TextInput
          size="xs"
          placeholder={t('list.filter')}
          aria-label={t('list.filter')}
          value={typed}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <Select
          size="xs"
          clearable
          placeholder={t('list.anyState')}
          aria-label={t('list.anyState')}
          data={ranked(counts).map(([state, count]) => ({
            value: state,
            label: `${t(`states.${state}`, { ns: 'common' })} (${count})`,
          }))}
          value={search.state ?? null}
          onChange={(state) =>
            void navigate({ search: (before) => ({ ...before, state: state ?? undefined }) })
          }
        />
      </div>
      <div className={classes.listCounts} data-has-boxes={hasBoxes}>
        {hasBoxes && <AllBox chosen={many} />}
        <Counts counts={counts} />
        <Link
          from="/dags/$dagId/runs/$runId"
          to="."
          search={(before) => ({
            ...before,
            task: undefined,
            map: undefined,
            try: undefined,
            tab: undefined,
          })}
          className={classes.toRun}
        >
          {t('list.theRun')}
        </Link>
      </div>
      <BesideHead run={run} shown={beside} />
      {shown.length === 0 && <Empty title={t('list.none')}>{t('list.noneHint')}</Empty>}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrows move between the links that it holds. */}
      <div ref={scroller} className={classes.list} onKeyDown={move}>
        <ul style={{ height: rows.getTotalSize() }} aria-label={t('list.title')}>
          {rows.getVirtualItems().map((item) => {
            const line = shown[item.index];
            return (
              line && (
                <li key={`${line.kind}\n${line.id}`} style={{ transform: `translateY(${item.start}px)` }}>
                  {hasBoxes && <Box run={run} line={line} many={many} tasks={tasks} />}
                  <OneLine
                    line={line}
                    isChosen={line.kind === 'task' && line.id === search.task}
                    fold={fold}
                  />
                  <BesideLine run={run} line={line} shown={beside} />
                </li>
              )
            );
          })}
        </ul>
      </div>
      {many.rows.length > 0 && (
        <Suspense>
          <TasksBar chosen={many} isNarrow />
        </Suspense>
      )}
    </>
  );
}

interface BoxProps {
  run: Run;
  line: Line;
  many: Chosen<TaskRow>;
  tasks: TaskRow[];
}

/** The box of a task, or of all tasks of a group. */
function Box({ run, line, many, tasks }: BoxProps) {
  if (line.kind === 'task') {
    const row = rowOf(run, line);
    return <OneBox name={line.id} isChosen={many.has(row)} press={(isRange) => many.press(row, isRange)} />;
  }
  const within = tasks.filter((row) => line.taskIds.has(row.task_id));
  const chosen = new Map(many.rows.map((row) => [taskKey(row), row]));
  const how = extent(chosen, within, taskKey);
  return (
    <OneBox
      name={line.id}
      isChosen={how === 'all'}
      isPartly={how === 'some'}
      press={() => many.put(within, how !== 'all')}
    />
  );
}

function OneLine({ line, isChosen, fold }: { line: Line; isChosen: boolean; fold: (id: string) => void }) {
  const { t } = useTranslation();
  const indent = { paddingLeft: 8 + line.depth * 16 };
  if (line.kind === 'group') {
    return (
      <button
        type="button"
        className={classes.line}
        style={indent}
        aria-expanded={!line.isFolded}
        onClick={() => fold(line.id)}
      >
        <span aria-hidden className={classes.chevron} data-open={!line.isFolded} />
        <span className={`cut ${classes.groupName}`}>{line.label}</span>
        <Counts counts={line.counts} />
      </button>
    );
  }
  const word = t(`states.${line.state}`, { defaultValue: line.state });
  return (
    <Link
      from="/dags/$dagId/runs/$runId"
      to="."
      search={(before) => ({ ...before, task: line.id, map: undefined, try: undefined, page: undefined })}
      resetScroll={false}
      className={classes.line}
      style={indent}
      data-task={line.id}
      data-chosen={isChosen}
      aria-current={isChosen || undefined}
      title={`${line.id}: ${word}`}
    >
      <StateSign state={line.state} />
      <span className="cut">{line.label}</span>
      <span className={classes.hidden}>{word}</span>
      {line.counts ? <Counts counts={line.counts} /> : <Length line={line.instance} />}
    </Link>
  );
}

function Length({ line }: { line: Instance | undefined }) {
  const now = useNow();
  if (!line?.start_date) return null;
  const tries = line.try_number > 1 ? `×${line.try_number} · ` : '';
  return (
    <span className={`num dim ${classes.length}`}>
      {tries}
      {showLength(lengthBetween(line.start_date, line.end_date, now))}
    </span>
  );
}
