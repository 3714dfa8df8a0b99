/** The runs of a DAG as a table: filtered by the address, a page at a time. */
import { Button, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow, useZone } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { AllBox, cell, OneBox } from '@/components/many/Boxes';
import { useChosen } from '@/components/many/useChosen';
import { StateWord } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { RUN_STATES } from '@/lib/states';
import { lengthBetween, showLength, showMoment } from '@/lib/time';
import { runsPageQuery } from '@/pages/dag/queries';
import { RunsBar } from '@/pages/run/many/lazy';
import { type RunRow, runKey } from '@/pages/run/many/rows';
import classes from '../Dag.module.css';

const route = getRouteApi('/dags/$dagId');
const PAGE = 50;
export const RUN_TYPES = [
  'scheduled',
  'manual',
  'backfill',
  'asset_triggered',
  'asset_materialization',
  'operator_triggered',
] as const;

/** Show a span of moments; its end is the last moment of it. */
function spanIn(zone: string, from: string, to: string): string {
  const [begin, end] = [from, new Date(Date.parse(to) + 1)].map((at) => showMoment(at, zone, false));
  const isOneDay = begin?.slice(0, 10) === end?.slice(0, 10);
  return `${begin?.slice(0, 16)} – ${isOneDay ? end?.slice(11) : end}`;
}

export function RunsTab({ dagId, trigger }: { dagId: string; trigger: (() => void) | null }) {
  const { t } = useTranslation('dag');
  const now = useNow();
  const [zone] = useZone();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { state, type, from, to } = search;
  const filter = { state, type, from, to };
  const cursor = search.before ?? '';
  const { data: page, error, isPending, refetch } = useQuery(runsPageQuery(dagId, filter, cursor, PAGE));
  const mayTo = useMayTo({ dag_id: dagId });
  const hasBoxes = mayTo('run:edit') || mayTo('run:delete');
  const chosen = useChosen<RunRow>({
    about: JSON.stringify([dagId, filter]),
    shown: page?.dag_runs ?? [],
    keyOf: runKey,
  });
  const change = (what: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, before: undefined, ...what }), resetScroll: false });
  const isFiltered = [state, type, from, to].some((one) => one !== undefined);
  return (
    <div>
      <div className={classes.tools}>
        <Select
          size="xs"
          w={150}
          clearable
          placeholder={t('runs.anyState')}
          aria-label={t('runs.anyState')}
          data={RUN_STATES.map((value) => ({ value, label: t(`common:states.${value}`) }))}
          value={state ?? null}
          onChange={(value) => change({ state: value ?? undefined })}
        />
        <Select
          size="xs"
          w={170}
          clearable
          placeholder={t('runs.anyType')}
          aria-label={t('runs.anyType')}
          data={RUN_TYPES.map((value) => ({ value, label: t(`runTypes.${value}`) }))}
          value={type ?? null}
          onChange={(value) => change({ type: value ?? undefined })}
        />
        {from?.includes('T') && to?.includes('T') ? (
          <Button
            size="xs"
            variant="light"
            rightSection={<span aria-hidden>✕</span>}
            title={t('runs.anyTime')}
            onClick={() => change({ from: undefined, to: undefined })}
          >
            {spanIn(zone, from, to)}
          </Button>
        ) : (
          <>
            <TextInput
              size="xs"
              type="date"
              aria-label={t('runs.from')}
              title={t('runs.from')}
              value={from ?? ''}
              onChange={(event) => change({ from: event.currentTarget.value || undefined })}
            />
            <TextInput
              size="xs"
              type="date"
              aria-label={t('runs.to')}
              title={t('runs.to')}
              value={to ?? ''}
              onChange={(event) => change({ to: event.currentTarget.value || undefined })}
            />
            <span className="dim num">UTC</span>
          </>
        )}
        {isFiltered && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() => change({ state: undefined, type: undefined, from: undefined, to: undefined })}
          >
            {t('runs.clear')}
          </Button>
        )}
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {page !== undefined &&
        page.dag_runs.length === 0 &&
        (isFiltered || cursor !== '' ? (
          <Empty title={t('runs.none')}>{t('runs.noneHint')}</Empty>
        ) : (
          <Empty title={t('grid.noRuns')}>
            <div>{t('grid.noRunsHint')}</div>
            {trigger && (
              <Button mt={8} size="xs" onClick={trigger}>
                {t('head.trigger')}
              </Button>
            )}
          </Empty>
        ))}
      {page !== undefined && page.dag_runs.length > 0 && (
        <div className={`card ${classes.scroll}`}>
          <table className="plain">
            <thead>
              <tr>
                {hasBoxes && (
                  <th className={cell}>
                    <AllBox chosen={chosen} />
                  </th>
                )}
                <th>{t('runs.state')}</th>
                <th>{t('runs.run')}</th>
                <th>{t('runs.after')}</th>
                <th>{t('runs.began')}</th>
                <th>{t('runs.length')}</th>
                <th>{t('runs.type')}</th>
                <th>{t('runs.by')}</th>
                <th>{t('runs.version')}</th>
                <th>{t('runs.note')}</th>
              </tr>
            </thead>
            <tbody>
              {page.dag_runs.map((run) => (
                <tr key={run.dag_run_id}>
                  {hasBoxes && (
                    <td className={cell}>
                      <OneBox
                        name={run.dag_run_id}
                        isChosen={chosen.has(run)}
                        press={(isRange) => chosen.press(run, isRange)}
                      />
                    </td>
                  )}
                  <td>
                    <StateWord state={run.state} />
                  </td>
                  <td className="mono">
                    <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId: run.dag_run_id }}>
                      {run.dag_run_id}
                    </Link>
                  </td>
                  <td>
                    <Moment at={run.run_after} withSeconds={false} />
                  </td>
                  <td>
                    <Moment at={run.start_date} />
                  </td>
                  <td className="num nowrap">
                    {showLength(lengthBetween(run.start_date, run.end_date, now))}
                  </td>
                  <td className="nowrap">{t(`runTypes.${run.run_type}`)}</td>
                  <td className="nowrap">
                    {run.triggering_user_name ??
                      (run.triggered_by ? (
                        <span className="dim">
                          {t(`triggeredBy.${run.triggered_by}`, { defaultValue: run.triggered_by })}
                        </span>
                      ) : (
                        <span className="dim">–</span>
                      ))}
                  </td>
                  <td className="num">
                    {run.dag_versions.length === 0
                      ? '–'
                      : run.dag_versions.map((one) => one.version_number).join(', ')}
                  </td>
                  <td className={`cut ${classes.note}`} title={run.note ?? undefined}>
                    {run.note}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {(page.next_cursor != null || cursor !== '') && (
            <div className={classes.pager}>
              <Button size="xs" variant="default" disabled={cursor === ''} onClick={() => change({})}>
                {t('runs.newest')}
              </Button>
              <Button
                size="xs"
                variant="default"
                disabled={page.next_cursor == null}
                onClick={() => change({ before: page.next_cursor ?? undefined })}
              >
                {t('runs.older')}
              </Button>
            </div>
          )}
        </div>
      )}
      {chosen.rows.length > 0 && (
        <Suspense>
          <RunsBar chosen={chosen} />
        </Suspense>
      )}
    </div>
  );
}
