/** What is known of a run, in a line. */
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
import { Moment } from '@/components/Moment';
import { lengthBetween, showLength } from '@/lib/time';
import type { Run } from './queries';
import classes from './Run.module.css';

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function RunFacts({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const now = useNow();
  const length = lengthBetween(run.start_date, run.end_date, now);
  const waited = lengthBetween(run.queued_at, run.start_date ?? run.end_date, now);
  const version = run.dag_versions.at(-1);
  return (
    <dl className={classes.facts}>
      <Fact name={t('fact.type')}>{t(`type.${run.run_type}`, { defaultValue: run.run_type })}</Fact>
      <Fact name={t('fact.logicalDate')}>
        <Moment at={run.logical_date} />
      </Fact>
      {run.data_interval_start != null && run.data_interval_start !== run.data_interval_end && (
        <Fact name={t('fact.interval')}>
          <Moment at={run.data_interval_start} isBare /> – <Moment at={run.data_interval_end} />
        </Fact>
      )}
      <Fact name={t('fact.start')}>
        <Moment at={run.start_date} />
      </Fact>
      <Fact name={t('fact.end')}>
        <Moment at={run.end_date} />
      </Fact>
      <Fact name={t('fact.length')}>
        <span className="num">{length === null ? '–' : showLength(length)}</span>
      </Fact>
      {waited !== null && (
        <Fact name={t('fact.waited')}>
          <span className="num">{showLength(Math.max(0, waited))}</span>
        </Fact>
      )}
      {run.partition_key !== null && (
        <Fact name={t('fact.partition')}>
          <span className="mono">{run.partition_key}</span>
        </Fact>
      )}
      <Fact name={t('fact.by')}>
        {[run.triggering_user_name, run.triggered_by === null ? null : t(`by.${run.triggered_by}`)]
          .filter(Boolean)
          .join(' · ') || '–'}
      </Fact>
      {version && <Fact name={t('fact.version')}>v{version.version_number}</Fact>}
    </dl>
  );
}
