/** The tasks of a DAG as its file declares them: what runs, by which rule, how often, and where. */
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { useMayTo } from '@/app/rights';
import { useTyped } from '@/components/useTyped';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { showLength } from '@/lib/time';
import { lengthOf, type Task, tasksFound } from '@/pages/dag/more/tasks';
import { tasksQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const SHOWN_MAX = 500;
const COLUMNS = ['task', 'operator', 'rule', 'retries', 'timeout', 'pool', 'queue', 'next'] as const;
const route = getRouteApi('/dags/$dagId');

export function TasksTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: tasks, error, refetch } = useQuery(tasksQuery(dagId));
  const [typed, type] = useTyped(
    search.q,
    (q) => void navigate({ search: (before) => ({ ...before, q }), replace: true }),
  );
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (tasks === undefined) return failure ?? <Loading />;
  const found = tasksFound(tasks, search.q ?? '');
  return (
    <div>
      {failure}
      <div className={classes.tools}>
        <TextInput
          size="xs"
          w={240}
          value={typed}
          placeholder={t('tasks.find')}
          aria-label={t('tasks.find')}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <span className={`dim num ${classes.says}`}>{t('tasks.count', { count: found.length })}</span>
      </div>
      {found.length === 0 && <Empty title={t('tasks.none')}>{t('tasks.noneHint')}</Empty>}
      {found.length > 0 && (
        <div className={`card ${classes.scroll}`}>
          <table className="plain">
            <thead>
              <tr>
                {COLUMNS.map((name) => (
                  <th key={name}>{t(`tasks.${name}`)}</th>
                ))}
                <th>{t('tasks.more')}</th>
              </tr>
            </thead>
            <tbody>
              {found.slice(0, SHOWN_MAX).map((task) => (
                <Row key={task.task_id} dagId={dagId} task={task} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.length > SHOWN_MAX && (
        <p className="dim">{t('durations.more', { count: found.length - SHOWN_MAX })}</p>
      )}
    </div>
  );
}

function Row({ dagId, task }: { dagId: string; task: Task }) {
  const { t } = useTranslation('dag');
  const [delay, timeout] = [lengthOf(task.retry_delay), lengthOf(task.execution_timeout)];
  const mayTo = useMayTo({ dag_id: dagId });
  const id = task.task_id ?? undefined;
  const retries = task.retries ?? 0;
  const next = task.downstream_task_ids ?? [];
  return (
    <tr>
      <td>
        <Link
          to="/runs"
          search={{ tab: 'tasks', dag: dagId, task: id, exact: true }}
          title={t('tasks.instances')}
          className={classes.taskName}
        >
          {task.task_display_name ?? task.task_id}
        </Link>
      </td>
      <td className="mono">
        {task.operator_name}
        {task.is_mapped && <span className="dim"> {t('tasks.mapped')}</span>}
      </td>
      <td className="mono">{task.trigger_rule}</td>
      <td className="num nowrap">
        {retries}
        {retries > 0 && delay !== null && (
          <span className="dim"> · {t('tasks.each', { length: showLength(delay) })}</span>
        )}
      </td>
      <td className="num nowrap">{timeout === null ? '–' : showLength(timeout)}</td>
      <td className="mono">
        {task.pool}
        {(task.pool_slots ?? 1) > 1 && <span className="dim"> · {task.pool_slots}</span>}
      </td>
      <td className="mono">{task.queue}</td>
      <td className={`mono cut ${classes.note}`} title={next.join('\n')}>
        {next.join(', ') || '–'}
      </td>
      <td className="nowrap">
        {!task.is_mapped && (
          <Link
            from="/dags/$dagId"
            to="."
            search={(before) => ({ tab: 'durations', task: id, count: before.count })}
          >
            {t('tabs.durations')}
          </Link>
        )}
        {mayTo('audit_log:read') && (
          <>
            {!task.is_mapped && ' · '}
            <Link from="/dags/$dagId" to="." search={{ tab: 'events', task: id }} title={t('tasks.events')}>
              {t('tabs.events')}
            </Link>
          </>
        )}
      </td>
    </tr>
  );
}
