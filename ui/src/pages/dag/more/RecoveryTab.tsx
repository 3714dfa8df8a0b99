/** Failed runs: which run again by themselves, when, and why others do not. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { client, data } from '@/api/client';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { Said } from '@/components/Said';
import { StateSign } from '@/components/State';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { More, useCount } from '@/pages/dag/more/More';
import { recoveryQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const PAGE = 100;

export function RecoveryTab({ dagId }: { dagId: string }) {
  const { t } = useTranslation('dag');
  const mayEdit = useMayTo({ dag_id: dagId })('run:edit');
  const queries = useQueryClient();
  const { data: found, error, refetch } = useQuery(recoveryQuery(dagId, useCount(PAGE)));
  const act = useMutation({
    mutationFn: ({ runId, action }: { runId: string; action: 'start' | 'stop' }) =>
      data(
        client.POST('/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/recovery', {
          params: { path: { dag_id: dagId, dag_run_id: runId } },
          body: { action },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['dag', dagId, 'recovery'] }),
  });
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (found === undefined) return failure ?? <Loading />;
  if (found.runs.length === 0) return <Empty title={t('recovery.none')}>{t('recovery.noneHint')}</Empty>;
  return (
    <div className={`card ${classes.scroll}`}>
      {failure}
      <table className="plain">
        <thead>
          <tr>
            {['run', 'again', 'why', 'times'].map((name) => (
              <th key={name}>{t(`recovery.${name}`)}</th>
            ))}
            <th aria-label={t('backfills.actions')} />
          </tr>
        </thead>
        <tbody>
          {found.runs.map((one) => (
            <tr key={one.dag_run_id}>
              <td className="mono">
                <Link to="/dags/$dagId/runs/$runId" params={{ dagId, runId: one.dag_run_id }}>
                  {one.dag_run_id}
                </Link>
              </td>
              <td className="nowrap">
                {one.recover_at === null ? (
                  <>
                    <StateSign state="removed" /> {t(one.is_stopped ? 'recovery.stopped' : 'recovery.not')}
                  </>
                ) : (
                  <>
                    <StateSign state="up_for_retry" /> <Moment at={one.recover_at} relative />
                  </>
                )}
              </td>
              <td>
                <Said text={one.why_not || one.reason} />
              </td>
              <td className="num">{one.recoveries}</td>
              <td>
                {mayEdit && (one.recover_at !== null || one.is_stopped || one.why_not === '') && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    loading={act.isPending && act.variables.runId === one.dag_run_id}
                    onClick={() =>
                      act.mutate({
                        runId: one.dag_run_id,
                        action: one.recover_at === null ? 'start' : 'stop',
                      })
                    }
                  >
                    {t(one.recover_at === null ? 'recovery.start' : 'recovery.stop')}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <More shown={found.runs.length} total={found.total_entries} step={PAGE} />
    </div>
  );
}
