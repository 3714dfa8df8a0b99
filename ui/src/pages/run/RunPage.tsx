/** A run: its head, its tasks, and the instance that is looked at. */
import { Button, Menu } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type RefObject, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLastLook } from '@/api/lastLook';
import { runQuery } from '@/api/queries';
import { useMayTo } from '@/app/rights';
import { Page } from '@/components/Page';
import { StateWord } from '@/components/State';
import { Failure, Loading } from '@/components/Waiting';
import { TriggerDialog } from '@/pages/dag/TriggerDialog';
import type { Conf } from '@/pages/dag/TriggerSchema';
import { AssetEvents } from './AssetEvents';
import { noteRun } from './actions';
import { useBeside } from './Beside';
import { ClearRunDialog, DeleteRunDialog, MarkRunDialog } from './Dialogs';
import { InstancePane } from './InstancePane';
import { Json } from './Json';
import { stateCounts } from './lines';
import { MappedTable } from './MappedTable';
import { NearbyRuns } from './NearbyRuns';
import { Note } from './Note';
import { instancesQuery, type Lines, linesQuery, type Run, runReasonQuery } from './queries';
import { Recovery } from './Recovery';
import classes from './Run.module.css';
import { RunFacts } from './RunFacts';
import { TaskList } from './TaskList';
import { Watch } from './Watch';
import { Why } from './Why';

const route = getRouteApi('/dags/$dagId/runs/$runId');
const isRunning = (run: Run) => run.state === 'running' || run.state === 'queued';
/** What was typed at one run, and what was asked there, is not about another. */
const keyOf = (run: Run) => `${run.dag_id}\n${run.dag_run_id}`;

export function RunPage() {
  const { dagId, runId } = route.useParams();
  const { t } = useTranslation('run');
  const { data: run, error, refetch } = useQuery(runQuery(dagId, runId));
  const { task } = route.useSearch();
  const isFollowed = useRef(false);
  const crumbs = [
    { label: t('common:nav.dags'), to: '/dags' },
    { label: run?.dag_display_name ?? dagId, to: `/dags/${encodeURIComponent(dagId)}` },
  ];
  return (
    <Page
      name={`${runId} · ${dagId}`}
      title={
        <span className={classes.title}>
          <span className="mono">{runId}</span>
          {run && <StateWord state={run.state} />}
        </span>
      }
      crumbs={crumbs}
      isWhole
      actions={
        run && (
          <div className={classes.ofRun} data-chosen={task !== undefined}>
            <Actions key={keyOf(run)} run={run} />
          </div>
        )
      }
    >
      {error && <Failure error={error} again={() => void refetch()} />}
      {!run && !error && <Loading />}
      {run && <Body run={run} isFollowed={isFollowed} />}
    </Page>
  );
}

type Dialog = 'clear' | 'success' | 'failed' | 'stop' | 'again' | 'delete' | null;

function Actions({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const [dialog, setDialog] = useState<Dialog>(null);
  const { data: lines } = useQuery(linesQuery(run, isRunning(run)));
  const close = () => setDialog(null);
  const shared = { dagId: run.dag_id, runId: run.dag_run_id, close };
  const mayTo = useMayTo({ dag_id: run.dag_id });
  const mayChange = mayTo('run:edit');
  return (
    <>
      {isRunning(run) && <Watch run={run} />}
      {mayChange && (
        <Button size="xs" variant="default" onClick={() => setDialog('clear')}>
          {t('act.clearMore')}
        </Button>
      )}
      {mayChange && isRunning(run) && (
        <Button size="xs" variant="default" onClick={() => setDialog('stop')}>
          {t('act.stopMore')}
        </Button>
      )}
      {mayTo('run:create') && (
        <Button size="xs" variant="default" onClick={() => setDialog('again')}>
          {t('act.again')}
        </Button>
      )}
      {(mayChange || mayTo('run:delete')) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" rightSection="▾">
              {t('act.markMore')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {(['success', 'failed'] as const).map((state) => (
              <Menu.Item
                key={state}
                onClick={() => setDialog(state)}
                disabled={!mayChange || run.state === state}
              >
                <StateWord state={state} />
              </Menu.Item>
            ))}
            {mayTo('run:delete') && (
              <>
                <Menu.Divider />
                <Menu.Item color="red" onClick={() => setDialog('delete')}>
                  {t('act.deleteMore')}
                </Menu.Item>
              </>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      {dialog === 'clear' && <ClearRunDialog {...shared} failed={lines ? failedTasks(lines) : []} />}
      {(dialog === 'success' || dialog === 'failed') && (
        <MarkRunDialog {...shared} state={dialog} isStop={false} />
      )}
      {dialog === 'delete' && <DeleteRunDialog {...shared} />}
      {dialog === 'stop' && <MarkRunDialog {...shared} state="failed" isStop />}
      {dialog === 'again' && (
        <TriggerDialog dagId={run.dag_id} close={close} conf={(run.conf ?? {}) as Conf} />
      )}
    </>
  );
}

function failedTasks(lines: Lines): string[] {
  return lines.tasks.flatMap((task, position) => {
    const state = lines.stateNames[lines.column?.states[position] ?? -1];
    const mapped = lines.column?.mapped[task.task_id] ?? {};
    return state === 'failed' || state === 'upstream_failed' || 'failed' in mapped ? [task.task_id] : [];
  });
}

interface BodyProps {
  run: Run;
  /** Whether one came by an arrow from the list of another run: the list takes the focus. */
  isFollowed: RefObject<boolean>;
}

function Body({ run, isFollowed }: BodyProps) {
  const { t } = useTranslation('run');
  const search = route.useSearch();
  const isLive = isRunning(run);
  useLastLook(keyOf(run), isLive, [
    ['run', run.dag_id, run.dag_run_id],
    ['timeline', run.dag_id, run.dag_run_id],
  ]);
  const mayTo = useMayTo({ dag_id: run.dag_id });
  const { data: lines, error, refetch } = useQuery(linesQuery(run, isLive));
  const { data: instances } = useQuery(instancesQuery(run, isLive));
  const beside = useBeside(run, isLive);
  const task = lines?.tasks.find((one) => one.task_id === search.task);
  const isMapped =
    task !== undefined &&
    (lines?.column?.mapped[task.task_id] !== undefined || (task.is_mapped && !instances?.has(task.task_id)));
  return (
    <>
      <div className={`${classes.factsRow} ${classes.ofRun}`} data-chosen={search.task !== undefined}>
        <RunFacts run={run} />
        <Note
          key={keyOf(run)}
          note={run.note}
          mayWrite={mayTo('run:edit')}
          save={(note) => noteRun(run.dag_id, run.dag_run_id, note)}
        />
      </div>
      <NearbyRuns run={run} isLive={isLive} taskId={search.task} label={task?.label} />
      {run.state === 'failed' && <Recovery run={run} />}
      <div
        className={classes.split}
        data-chosen={search.task !== undefined}
        data-beside={beside.beside !== 'none'}
      >
        <div className={`card ${classes.left}`}>
          {error && <Failure error={error} again={() => void refetch()} />}
          {!lines && !error && <Loading />}
          {lines && (
            <TaskList
              run={run}
              lines={lines}
              instances={instances ?? new Map()}
              counts={stateCounts(lines)}
              beside={beside}
              isFollowed={isFollowed}
            />
          )}
        </div>
        <div className={`card ${classes.right}`}>
          {search.task === undefined ? (
            <Overview run={run} isLive={isLive} />
          ) : search.map === undefined && (!lines || !instances) ? (
            <Loading />
          ) : isMapped && search.map === undefined ? (
            <MappedTable
              key={[keyOf(run), search.task].join('\n')}
              run={run}
              taskId={search.task}
              counts={lines?.column?.mapped[search.task] ?? {}}
              isLive={isLive}
            />
          ) : (
            <InstancePane
              key={[keyOf(run), search.task, search.map ?? -1].join('\n')}
              place={{
                dagId: run.dag_id,
                runId: run.dag_run_id,
                taskId: search.task,
                mapIndex: search.map ?? -1,
              }}
              label={task?.label ?? search.task}
              isMapped={isMapped}
              isLive={isLive}
            />
          )}
          <span className={classes.hidden} aria-live="polite">
            {t('live', { state: t(`states.${run.state}`, { ns: 'common' }) })}
          </span>
        </div>
      </div>
    </>
  );
}

function Overview({ run, isLive }: { run: Run; isLive: boolean }) {
  const { t } = useTranslation('run');
  const { data: reason, error } = useQuery(runReasonQuery(run.dag_id, run.dag_run_id, isLive));
  const hasConf = run.conf != null && Object.keys(run.conf).length > 0;
  return (
    <div className={classes.overview}>
      <section>
        <h2>{t('why.run')}</h2>
        {error && <Failure error={error} />}
        {!reason && !error && <Loading />}
        {reason && <Why reason={reason} />}
      </section>
      <section>
        <h2>{t('conf.title')}</h2>
        {hasConf ? (
          <Json value={run.conf} label={t('conf.title')} />
        ) : (
          <p className="dim">{t('conf.none')}</p>
        )}
      </section>
      <AssetEvents run={run} isLive={isLive} />
      <p className="dim">{t('choose')}</p>
    </div>
  );
}
