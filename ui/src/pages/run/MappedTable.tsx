/** The instances of a mapped task: thousands, a page at a time, found by state and label. */
import { Button, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { AllBox, cell, OneBox } from '@/components/many/Boxes';
import { useChosen } from '@/components/many/useChosen';
import { StateWord } from '@/components/State';
import { useTyped } from '@/components/useTyped';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { lengthBetween, showLength } from '@/lib/time';
import { InstanceActions } from './InstanceActions';
import { ranked } from './lines';
import { TasksBar } from './many/lazy';
import { type TaskRow, taskKey } from './many/rows';
import { mappedQuery, type Run } from './queries';
import classes from './Run.module.css';
import { Counts } from './TaskList';

const PAGE = 50;
const ORDERS = ['map_index', '-duration', '-start_date'] as const;
const route = getRouteApi('/dags/$dagId/runs/$runId');

interface Props {
  run: Run;
  taskId: string;
  counts: Record<string, number>;
  isLive: boolean;
}

export function MappedTable({ run, taskId, counts, isLive }: Props) {
  const { t } = useTranslation('run');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const now = useNow();
  const page = Math.max(0, search.page ?? 0);
  const [typed, type] = useTyped(
    search.label,
    (label) => void navigate({ search: (before) => ({ ...before, label, page: undefined }), replace: true }),
  );
  const {
    data: found,
    error,
    refetch,
  } = useQuery(
    mappedQuery(
      { dagId: run.dag_id, runId: run.dag_run_id, taskId },
      { state: search.mapState, label: search.label, order: search.order },
      PAGE,
      page * PAGE,
      isLive,
    ),
  );
  const hasBoxes = useMayTo({ dag_id: run.dag_id })('task_instance:edit');
  const chosen = useChosen<TaskRow>({
    about: JSON.stringify([run.dag_id, run.dag_run_id, taskId, search.mapState, search.label]),
    shown: found?.task_instances ?? [],
    keyOf: taskKey,
  });
  const total = found?.total_entries ?? 0;
  const turn = (to: number) => void navigate({ search: (before) => ({ ...before, page: to || undefined }) });
  return (
    <div className={classes.pane}>
      <div className={classes.paneHead}>
        <div className={classes.paneTitle}>
          <Link
            from="/dags/$dagId/runs/$runId"
            to="."
            resetScroll={false}
            search={(before) => ({ ...before, task: undefined, page: undefined })}
            className={classes.back}
          >
            ← {t('pane.back')}
          </Link>
          <h2 className="mono">{taskId}</h2>
          <Counts counts={counts} />
        </div>
        <InstanceActions
          target={{ dagId: run.dag_id, runId: run.dag_run_id, taskId, mapIndex: null }}
          state={undefined}
        />
      </div>
      <div className={classes.listTools}>
        <TextInput
          size="xs"
          placeholder={t('mapped.filter')}
          aria-label={t('mapped.filter')}
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
          value={search.mapState ?? null}
          onChange={(state) =>
            void navigate({
              search: (before) => ({ ...before, mapState: state ?? undefined, page: undefined }),
            })
          }
        />
        <Select
          size="xs"
          allowDeselect={false}
          aria-label={t('mapped.order')}
          data={ORDERS.map((value) => ({ value, label: t(`mapped.orders.${value}`) }))}
          value={search.order ?? 'map_index'}
          onChange={(order) =>
            void navigate({
              search: (before) => ({
                ...before,
                order: order === 'map_index' ? undefined : (order ?? undefined),
                page: undefined,
              }),
            })
          }
        />
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {!found && !error && <Loading />}
      {found && total === 0 && <Empty title={t('mapped.none')}>{t('mapped.noneHint')}</Empty>}
      {found && total > 0 && (
        <>
          <div className={classes.tableBox}>
            <table className="plain">
              <thead>
                <tr>
                  {hasBoxes && (
                    <th className={cell}>
                      <AllBox chosen={chosen} />
                    </th>
                  )}
                  <th>{t('mapped.index')}</th>
                  <th>{t('fact.state')}</th>
                  <th>{t('fact.start')}</th>
                  <th>{t('fact.length')}</th>
                  <th>{t('fact.tries')}</th>
                  <th>{t('fact.host')}</th>
                </tr>
              </thead>
              <tbody>
                {found.task_instances.map((one) => (
                  <tr key={one.map_index}>
                    {hasBoxes && (
                      <td className={cell}>
                        <OneBox
                          name={`[${one.map_index}]`}
                          isChosen={chosen.has(one)}
                          press={(isRange) => chosen.press(one, isRange)}
                        />
                      </td>
                    )}
                    <td>
                      <Link
                        from="/dags/$dagId/runs/$runId"
                        to="."
                        resetScroll={false}
                        search={(before) => ({ ...before, map: one.map_index, try: undefined })}
                        className={`num cut ${classes.instance}`}
                        title={one.rendered_map_index ?? undefined}
                      >
                        [{one.map_index}]{one.rendered_map_index !== null && ` ${one.rendered_map_index}`}
                      </Link>
                    </td>
                    <td>
                      <StateWord state={one.state} />
                    </td>
                    <td>
                      <Moment at={one.start_date} />
                    </td>
                    <td className="num nowrap">
                      {showLength(lengthBetween(one.start_date, one.end_date, now))}
                    </td>
                    <td className="num">{one.try_number}</td>
                    <td className="mono">{one.hostname}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          <div className={classes.pager}>
            <span className="num dim">
              {t('mapped.page', {
                from: page * PAGE + 1,
                to: Math.min(total, (page + 1) * PAGE),
                total: total.toLocaleString(),
              })}
            </span>
            <Button size="compact-xs" variant="default" disabled={page === 0} onClick={() => turn(page - 1)}>
              {t('mapped.before')}
            </Button>
            <Button
              size="compact-xs"
              variant="default"
              disabled={(page + 1) * PAGE >= total}
              onClick={() => turn(page + 1)}
            >
              {t('mapped.after')}
            </Button>
          </div>
        </>
      )}
      {chosen.rows.length > 0 && (
        <Suspense>
          <TasksBar chosen={chosen} />
        </Suspense>
      )}
    </div>
  );
}
