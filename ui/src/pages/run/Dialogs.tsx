/** Dialogs that show what a change would do before it is done. */
import { Button, Checkbox, Group, Modal, Radio } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { runQuery } from '@/api/queries';
import { tellDone } from '@/app/telling';
import { Affected } from './Affected';
import {
  type Action,
  change,
  clearInstances,
  clearRun,
  deleteRun,
  foreseeRun,
  HERE,
  markRun,
  REACHES,
  type Reach,
  type RunScope,
  type Target,
} from './actions';
import { NoteField } from './NoteField';
import classes from './Run.module.css';
import { isChoosable, keptOf, keyOf, type Named, notedOf } from './touched';

const NONE_LEFT: ReadonlySet<string> = new Set();

/** Ask again for all that a change may have touched. */
export function useRefresh(): () => Promise<unknown> {
  const queries = useQueryClient();
  return () =>
    Promise.all(
      ['run', 'runs', 'dag', 'recent', 'grid', 'timeline'].map((key) =>
        queries.invalidateQueries({ queryKey: [key] }),
      ),
    );
}

interface ChangeProps {
  target: Target;
  action: Action;
  begin?: Partial<Reach> | undefined;
  close: () => void;
}

export function ChangeDialog({ target, action, begin, close }: ChangeProps) {
  const { t } = useTranslation('run');
  const refresh = useRefresh();
  const [reach, setReach] = useState<Reach>({ ...HERE, ...begin });
  const preview = useQuery({
    queryKey: ['preview', target, action, reach],
    queryFn: () => change(target, action, reach, true),
    staleTime: 0,
  });
  const [note, setNote] = useState('');
  const [left, setLeft] = useState<ReadonlySet<string>>(NONE_LEFT);
  const found = preview.isFetching ? undefined : preview.data;
  const hasChoice = action.kind === 'clear' && found !== undefined && isChoosable(found, target.dagId);
  const turn = (key: string) => {
    const next = new Set(left);
    if (!next.delete(key)) next.add(key);
    setLeft(next);
  };
  // What is marked beside the task is not what somebody writes about.
  const isNoted = (one: Named) =>
    action.kind === 'clear'
      ? !left.has(keyOf(one))
      : one.task_id === target.taskId &&
        one.dag_run_id === target.runId &&
        (target.mapIndex === null || one.map_index === target.mapIndex);
  const isNotedOnce = action.kind === 'clear' ? found?.total === 1 + left.size : target.mapIndex !== null;
  const isAnyLeft = found !== undefined && found.total > left.size;
  const doIt = useMutation({
    mutationFn: () =>
      hasChoice && left.size > 0
        ? clearInstances(target.dagId, target.runId, keptOf(found, left), HERE, false, note)
        : change(target, action, reach, false, note),
    onSuccess: (done) => {
      tellDone(t('done.changed', { count: done.total }));
      close();
    },
    onSettled: refresh,
  });
  const name = action.kind === 'clear' ? t('act.clear') : t(`act.mark.${action.state}`);
  // A run without a date is neither before nor after another.
  const isAlone = useQuery(runQuery(target.dagId, target.runId)).data?.logical_date === null;
  const box = (key: keyof Reach) => (
    <Checkbox
      key={key}
      size="xs"
      checked={reach[key]}
      disabled={isAlone && (key === 'past' || key === 'future')}
      label={t(`reach.${key}`)}
      onChange={(event) => {
        const { checked } = event.currentTarget;
        setReach((before) => ({ ...before, [key]: checked }));
        setLeft(NONE_LEFT);
      }}
    />
  );
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={
        <>
          {name}:{' '}
          <strong className="mono">
            {target.taskId}
            {target.mapIndex !== null && target.mapIndex >= 0 && ` [${target.mapIndex}]`}
          </strong>
        </>
      }
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <fieldset className={classes.reach}>
        <legend>{t('reach.title')}</legend>
        {REACHES.filter((key) => action.kind === 'clear' || key !== 'onlyFailed').map(box)}
        {isAlone && <span className="dim">{t('reach.alone')}</span>}
      </fieldset>
      <Affected
        found={preview.data}
        error={preview.error}
        isPending={preview.isFetching}
        leaving={hasChoice ? { left, turn } : null}
      />
      <NoteField
        note={note}
        change={setNote}
        on={isNotedOnce ? 'task' : 'tasks'}
        replaced={notedOf(preview.data, isNoted)}
      />
      <Group justify="flex-end" mt={16} gap={8}>
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button data-autofocus loading={doIt.isPending} disabled={!isAnyLeft} onClick={() => doIt.mutate()}>
          {name}
        </Button>
      </Group>
    </Modal>
  );
}

interface RunProps {
  dagId: string;
  runId: string;
  close: () => void;
}

export function ClearRunDialog({ dagId, runId, failed, close }: RunProps & { failed: string[] }) {
  const { t } = useTranslation('run');
  const refresh = useRefresh();
  const [scope, setScope] = useState<RunScope>(failed.length > 0 ? 'downstream' : 'all');
  const [note, setNote] = useState('');
  const { data: run } = useQuery(runQuery(dagId, runId));
  const preview = useQuery({
    queryKey: ['preview', dagId, runId, scope, failed],
    queryFn: () => foreseeRun(dagId, runId, scope, failed),
    staleTime: 0,
  });
  const doIt = useMutation({
    mutationFn: () => clearRun(dagId, runId, scope, failed, false, note),
    onSuccess: () => {
      tellDone(t('done.cleared'));
      close();
    },
    onSettled: refresh,
  });
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t('clearRun.title')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Radio.Group value={scope} onChange={(value) => setScope(value as RunScope)} label={t('clearRun.what')}>
        <div className={classes.scopes}>
          {(['failed', 'downstream', 'all'] as const).map((value) => (
            <Radio
              key={value}
              size="xs"
              value={value}
              label={t(`clearRun.${value}`)}
              description={t(`clearRun.${value}Hint`)}
            />
          ))}
        </div>
      </Radio.Group>
      <Affected found={preview.data} error={preview.error} isPending={preview.isFetching} />
      <NoteField
        note={note}
        change={setNote}
        on={scope === 'downstream' ? 'tasks' : 'run'}
        replaced={scope === 'downstream' ? notedOf(preview.data) : run?.note ? 1 : 0}
      />
      <Group justify="flex-end" mt={16} gap={8}>
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button
          loading={doIt.isPending}
          disabled={!preview.data || preview.data.total === 0}
          onClick={() => doIt.mutate()}
        >
          {t('act.clear')}
        </Button>
      </Group>
    </Modal>
  );
}

export function MarkRunDialog({
  dagId,
  runId,
  state,
  isStop,
  close,
}: RunProps & { state: 'success' | 'failed'; isStop: boolean }) {
  const { t } = useTranslation('run');
  const refresh = useRefresh();
  const [note, setNote] = useState('');
  const { data: run } = useQuery(runQuery(dagId, runId));
  const doIt = useMutation({
    mutationFn: () => markRun(dagId, runId, state, note),
    onSuccess: () => {
      tellDone(t('done.marked'));
      close();
    },
    onSettled: refresh,
  });
  const name = isStop ? t('act.stop') : t(`act.mark.${state}`);
  return (
    <Modal opened onClose={close} title={name} closeButtonProps={{ 'aria-label': t('close') }}>
      <p className={classes.say}>{t(isStop ? 'markRun.stop' : `markRun.${state}`)}</p>
      <p className="mono dim">{runId}</p>
      <NoteField note={note} change={setNote} on="run" replaced={run?.note ? 1 : 0} />
      <Group justify="flex-end" mt={16} gap={8}>
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button
          color={state === 'failed' ? 'red' : undefined}
          loading={doIt.isPending}
          onClick={() => doIt.mutate()}
        >
          {name}
        </Button>
      </Group>
    </Modal>
  );
}

export function DeleteRunDialog({ dagId, runId, close }: RunProps) {
  const { t } = useTranslation('run');
  const refresh = useRefresh();
  const navigate = useNavigate();
  const doIt = useMutation({
    mutationFn: () => deleteRun(dagId, runId),
    onSuccess: async () => {
      tellDone(t('done.deleted'));
      await navigate({ to: '/dags/$dagId', params: { dagId }, search: { tab: 'runs' } });
      await refresh();
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={t('deleteRun.title')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <p className={classes.say}>{t('deleteRun.hint')}</p>
      <p className="mono dim">{runId}</p>
      <Group justify="flex-end" gap={8}>
        <Button variant="default" onClick={close} data-autofocus>
          {t('cancel')}
        </Button>
        <Button color="red" loading={doIt.isPending} onClick={() => doIt.mutate()}>
          {t('deleteRun.now')}
        </Button>
      </Group>
    </Modal>
  );
}
