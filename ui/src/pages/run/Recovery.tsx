/** Whether a failed run runs again on its own, why not, and the button that changes it. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { client, data } from '@/api/client';
import { useMayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { Said } from '@/components/Said';
import { StateSign } from '@/components/State';
import { type Run, recoveryQuery } from './queries';
import classes from './Run.module.css';

export function Recovery({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const may = useMayTo({ dag_id: run.dag_id });
  const queries = useQueryClient();
  const { data: found } = useQuery(recoveryQuery(run.dag_id, run.dag_run_id));
  const steer = useMutation({
    mutationFn: (action: 'start' | 'stop') =>
      data(
        client.POST('/api/windward/v1/dags/{dag_id}/dagRuns/{dag_run_id}/recovery', {
          params: { path: { dag_id: run.dag_id, dag_run_id: run.dag_run_id } },
          body: { action },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['run', run.dag_id, run.dag_run_id] }),
  });
  if (found === undefined) return null;
  const isPlanned = found.recover_at !== null;
  return (
    <p className={classes.recovery}>
      <StateSign state={isPlanned ? 'up_for_retry' : 'removed'} />
      {isPlanned ? (
        <span>
          {t('recovery.planned')} <Moment at={found.recover_at} relative />
          <span className="dim">
            {' '}
            · <Said text={found.reason} />
          </span>
        </span>
      ) : (
        <span>
          {t('recovery.none')}
          <span className="dim">
            {' '}
            · <Said text={found.why_not || found.reason} />
          </span>
        </span>
      )}
      {may('run:edit') && (isPlanned || found.is_stopped || found.why_not === '') && (
        <Button
          size="compact-xs"
          variant="default"
          loading={steer.isPending}
          onClick={() => steer.mutate(isPlanned ? 'stop' : 'start')}
        >
          {t(isPlanned ? 'recovery.stop' : 'recovery.start')}
        </Button>
      )}
    </p>
  );
}
