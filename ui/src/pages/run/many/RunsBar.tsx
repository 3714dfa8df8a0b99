/** What can be done to the runs that were chosen in a list. */
import { Button, Menu, Radio } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { meQuery } from '@/api/queries';
import { mayPerhaps } from '@/app/rights';
import { Act, ChosenBar } from '@/components/many/ChosenBar';
import manyClasses from '@/components/many/Many.module.css';
import { ManyDialog, Names } from '@/components/many/ManyDialog';
import type { Chosen } from '@/components/many/useChosen';
import { StateSign, StateWord } from '@/components/State';
import { Affected } from '../Affected';
import { useRefresh } from '../Dialogs';
import { NoteField } from '../NoteField';
import classes from '../Run.module.css';
import { clearRuns, deleteRuns, foreseeRuns, markRuns, type RunsScope } from './calls';
import { type RunRow, runKey } from './rows';

const AT_ONCE = 20;
type Dialog = 'clear' | 'success' | 'failed' | 'delete';

interface Props {
  chosen: Pick<Chosen<RunRow>, 'rows' | 'away' | 'only'>;
  /** Whether runs of several DAGs are in the list. */
  hasDags?: boolean;
}

export default function RunsBar({ chosen, hasDags = false }: Props) {
  const { t } = useTranslation('many');
  const { data: me } = useQuery(meQuery);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const { rows, away, only } = chosen;
  const may = (permission: string) => rows.some((row) => mayPerhaps(me, permission, row));
  const shared = { rows, hasDags, only, close: () => setDialog(null) };
  if (rows.length === 0 && dialog === null) return null;
  return (
    <>
      {rows.length > 0 && (
        <ChosenBar count={rows.length} away={away} forget={() => only([])}>
          {may('run:edit') && (
            <>
              <Act label={t('act.clear')} onClick={() => setDialog('clear')} />
              <Menu position="top-start">
                <Menu.Target>
                  <Button size="compact-sm" variant="default" rightSection="▾">
                    {t('act.mark')}
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  {(['success', 'failed'] as const).map((state) => (
                    <Menu.Item key={state} onClick={() => setDialog(state)}>
                      <StateWord state={state} />
                    </Menu.Item>
                  ))}
                </Menu.Dropdown>
              </Menu>
            </>
          )}
          {may('run:delete') && (
            <Act label={t('act.delete')} color="var(--state-failed)" onClick={() => setDialog('delete')} />
          )}
        </ChosenBar>
      )}
      {dialog === 'clear' && <ClearDialog {...shared} />}
      {dialog !== null && dialog !== 'clear' && <PlainDialog {...shared} kind={dialog} />}
    </>
  );
}

interface DialogProps {
  rows: RunRow[];
  hasDags: boolean;
  only: (rows: RunRow[]) => void;
  close: () => void;
}

const countNoted = (rows: readonly RunRow[]) => rows.filter((row) => row.note).length;

function useShared({ rows, hasDags, only, close }: DialogProps) {
  const refresh = useRefresh();
  const [asked] = useState(rows);
  const nameOf = (row: RunRow) => (
    <>
      <StateSign state={row.state} />
      <span className="mono">
        {hasDags && <strong>{row.dag_id} · </strong>}
        {row.dag_run_id}
      </span>
    </>
  );
  const settle = (refused: RunRow[]) => {
    only(refused);
    return refresh();
  };
  return { rows: asked, nameOf, keyOf: runKey, settle, close };
}

function ClearDialog(props: DialogProps) {
  const { t } = useTranslation('many');
  const shared = useShared(props);
  const hasFailed = shared.rows.some((row) => row.state === 'failed');
  const [scope, setScope] = useState<RunsScope>(hasFailed ? 'failed' : 'all');
  const [note, setNote] = useState('');
  const preview = useQuery({
    queryKey: ['preview', 'runs', shared.rows.map(runKey), scope],
    queryFn: () => foreseeRuns(shared.rows, scope),
    staleTime: 0,
    gcTime: 0,
  });
  return (
    <ManyDialog
      {...shared}
      title={t('runs.clear', { count: shared.rows.length })}
      label={t('run:act.clear')}
      size={1}
      step={clearRuns(scope, note)}
      done={(count) => t('runs.cleared', { count })}
      isReady={(preview.data?.total ?? 0) > 0}
    >
      <Radio.Group
        value={scope}
        onChange={(value) => setScope(value as RunsScope)}
        label={t('run:clearRun.what')}
      >
        <div className={classes.scopes}>
          {(['failed', 'all'] as const).map((value) => (
            <Radio
              key={value}
              size="xs"
              value={value}
              label={t(`run:clearRun.${value}`)}
              description={t(`run:clearRun.${value}Hint`)}
            />
          ))}
        </div>
      </Radio.Group>
      <Affected found={preview.data} error={preview.error} isPending={preview.isFetching} />
      <NoteField note={note} change={setNote} on="runs" replaced={countNoted(shared.rows)} />
    </ManyDialog>
  );
}

function PlainDialog({ kind, ...props }: DialogProps & { kind: 'success' | 'failed' | 'delete' }) {
  const { t } = useTranslation('many');
  const shared = useShared(props);
  const isDelete = kind === 'delete';
  const [note, setNote] = useState('');
  return (
    <ManyDialog
      {...shared}
      title={t(`runs.${kind}`, { count: shared.rows.length })}
      label={t(isDelete ? 'runs.deleteNow' : `run:act.mark.${kind}`)}
      isDangerous={kind !== 'success'}
      size={AT_ONCE}
      step={isDelete ? deleteRuns(t('gone')) : markRuns(kind, t('gone'), note)}
      done={(count) => t(isDelete ? 'runs.deleted' : 'runs.marked', { count })}
    >
      <p className={manyClasses.say}>{t(`runs.${kind}Hint`)}</p>
      <Names rows={shared.rows} nameOf={shared.nameOf} keyOf={runKey} />
      {!isDelete && <NoteField note={note} change={setNote} on="runs" replaced={countNoted(shared.rows)} />}
    </ManyDialog>
  );
}
