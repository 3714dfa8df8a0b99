/** What can be done to the task instances that were chosen in a list. */
import { Button, Checkbox, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Act, ChosenBar } from '@/components/many/ChosenBar';
import manyClasses from '@/components/many/Many.module.css';
import { ManyDialog, Names } from '@/components/many/ManyDialog';
import type { Chosen } from '@/components/many/useChosen';
import { StateSign, StateWord } from '@/components/State';
import { Affected } from '../Affected';
import { HERE, type Mark, REACHES, type Reach } from '../actions';
import { useRefresh } from '../Dialogs';
import { NoteField } from '../NoteField';
import classes from '../Run.module.css';
import { countOf, notedOf } from '../touched';
import { byRun, clearTasks, foreseeMarks, foreseeTasks, markTasks, type OfRun } from './calls';
import { runKey, type TaskRow, taskKey } from './rows';

const AT_ONCE = 20;
/** Of so many chosen tasks it is asked, one by one, what is around them. */
const FORESEEN_MAX = 100;
const MARKS = ['success', 'failed', 'skipped'] as const;

interface Props {
  chosen: Pick<Chosen<TaskRow>, 'rows' | 'away' | 'only'>;
  /** Whether tasks of several runs are in the list. */
  hasRuns?: boolean;
  isNarrow?: boolean;
}

export default function TasksBar({ chosen, hasRuns = false, isNarrow = false }: Props) {
  const { t } = useTranslation('many');
  const [dialog, setDialog] = useState<'clear' | Mark | null>(null);
  const { rows, away, only } = chosen;
  const shared = { rows, hasRuns, only, close: () => setDialog(null) };
  if (rows.length === 0 && dialog === null) return null;
  return (
    <>
      {rows.length > 0 && (
        <ChosenBar count={rows.length} away={away} forget={() => only([])} isNarrow={isNarrow}>
          <Act label={t('act.clear')} onClick={() => setDialog('clear')} />
          <Menu position="top-start">
            <Menu.Target>
              <Button size="compact-sm" variant="default" rightSection="▾">
                {t('act.mark')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {MARKS.map((state) => (
                <Menu.Item key={state} onClick={() => setDialog(state)}>
                  <StateWord state={state} />
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </ChosenBar>
      )}
      {dialog === 'clear' && <ClearDialog {...shared} />}
      {dialog !== null && dialog !== 'clear' && <MarkDialog {...shared} state={dialog} />}
    </>
  );
}

interface DialogProps {
  rows: TaskRow[];
  hasRuns: boolean;
  only: (rows: TaskRow[]) => void;
  close: () => void;
}

const nameOfRun = (row: Pick<OfRun, 'dag_id' | 'dag_run_id'>) => (
  <span className="mono">
    <strong>{row.dag_id}</strong> · {row.dag_run_id}
  </span>
);

interface ReachesProps {
  of: readonly (keyof Reach)[];
  reach: Reach;
  isDisabled?: boolean;
  change: (reach: Reach) => void;
}

/** What of the chosen tasks' surroundings is meant as well. */
function Reaches({ of, reach, isDisabled = false, change }: ReachesProps) {
  const { t } = useTranslation('run');
  return (
    <fieldset className={classes.reach}>
      <legend>{t('reach.title')}</legend>
      {of.map((key) => (
        <Checkbox
          key={key}
          size="xs"
          checked={reach[key]}
          disabled={isDisabled}
          label={t(`reach.${key}`)}
          onChange={(event) => change({ ...reach, [key]: event.currentTarget.checked })}
        />
      ))}
    </fieldset>
  );
}

function ClearDialog({ rows, only, close }: DialogProps) {
  const { t } = useTranslation('many');
  const refresh = useRefresh();
  const [asked] = useState(rows);
  const [reach, setReach] = useState<Reach>(HERE);
  const [note, setNote] = useState('');
  const preview = useQuery({
    queryKey: ['preview', 'tasks', asked.map(taskKey), reach],
    queryFn: () => foreseeTasks(asked, reach),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <ManyDialog
      title={t('tasks.clear', { count: asked.length })}
      label={t('run:act.clear')}
      rows={byRun(asked)}
      nameOf={nameOfRun}
      keyOf={runKey}
      size={1}
      step={clearTasks(reach, note)}
      done={(count) => t('tasks.cleared', { count })}
      settle={(refused) => {
        only(refused.flatMap((one) => one.tasks));
        return refresh();
      }}
      close={close}
      isReady={(preview.data?.total ?? 0) > 0}
    >
      <Reaches of={REACHES} reach={reach} change={setReach} />
      <Affected found={preview.data} error={preview.error} isPending={preview.isFetching} />
      <NoteField note={note} change={setNote} on="tasks" replaced={notedOf(preview.data)} />
    </ManyDialog>
  );
}

function MarkDialog({ rows, hasRuns, only, close, state }: DialogProps & { state: Mark }) {
  const { t } = useTranslation('many');
  const refresh = useRefresh();
  const [asked] = useState(rows);
  const [reach, setReach] = useState<Reach>(HERE);
  const [note, setNote] = useState('');
  const isWide = Object.values(reach).some(Boolean);
  const isMany = asked.length > FORESEEN_MAX;
  const preview = useQuery({
    queryKey: ['preview', 'marks', asked.map(taskKey), state, reach],
    queryFn: () => foreseeMarks(asked, state, reach),
    enabled: isWide,
    staleTime: 0,
    gcTime: 0,
  });
  const nameOf = (row: TaskRow) => (
    <>
      <StateSign state={row.state} />
      <span className="mono">
        {row.task_id}
        {row.map_index !== null && row.map_index >= 0 && ` [${row.map_index}]`}
      </span>
      {row.map_index === null && <span className="dim">{t('allOf')}</span>}
      {hasRuns && (
        <span className="mono dim">
          {row.dag_id} · {row.dag_run_id}
        </span>
      )}
    </>
  );
  return (
    <ManyDialog
      title={t(`tasks.${state}`, { count: asked.length })}
      label={t(`run:act.mark.${state}`)}
      isDangerous={state === 'failed'}
      rows={asked}
      nameOf={nameOf}
      keyOf={taskKey}
      size={AT_ONCE}
      targets={isWide ? preview.data : undefined}
      isReady={!isWide || (preview.data?.length ?? 0) > 0}
      step={markTasks(state, t('gone'), note)}
      done={(count) => t('tasks.marked', { count })}
      settle={(refused) => {
        only(refused);
        return refresh();
      }}
      close={close}
    >
      <p className={manyClasses.say}>{t('tasks.markHint')}</p>
      <Reaches
        of={REACHES.filter((key) => key !== 'onlyFailed')}
        reach={reach}
        isDisabled={isMany}
        change={setReach}
      />
      {isMany && <p className="dim">{t('tasks.tooManyAround', { count: FORESEEN_MAX })}</p>}
      {isWide ? (
        <Affected
          found={preview.data && countOf(preview.data)}
          error={preview.error}
          isPending={preview.isFetching}
        />
      ) : (
        <Names rows={asked} nameOf={nameOf} keyOf={taskKey} />
      )}
      <NoteField
        note={note}
        change={setNote}
        on="tasks"
        replaced={(isWide ? (preview.data ?? []) : asked).filter((one) => one.note).length}
      />
    </ManyDialog>
  );
}
