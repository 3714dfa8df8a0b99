/** The newest runs of a DAG as a strip: the newest at the right, height by duration, colour and shape by state. */
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { lookOf } from '@/lib/states';
import { lengthBetween, showLength } from '@/lib/time';
import classes from './RunStrip.module.css';

export interface StripRun {
  dag_run_id: string;
  state: string;
  start_date: string | null;
  end_date: string | null;
  run_after: string;
}

const HEIGHT = 24;
const LEAST = 6;

export function RunStrip({ dagId, runs, now }: { dagId: string; runs: StripRun[]; now: number }) {
  const { t } = useTranslation();
  const lengths = runs.map((run) => lengthBetween(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  return (
    <span className={classes.strip}>
      {runs
        .map((run, number) => ({ run, length: lengths[number] ?? 0 }))
        .reverse()
        .map(({ run, length }) => {
          const word = t(`states.${run.state}`);
          const label = `${run.dag_run_id}: ${word}${length > 0 ? `, ${showLength(length)}` : ''}`;
          return (
            <Link
              key={run.dag_run_id}
              to="/dags/$dagId/runs/$runId"
              params={{ dagId, runId: run.dag_run_id }}
              title={label}
              aria-label={label}
              className={classes.bar}
              data-state={run.state}
              style={{
                height: LEAST + Math.round((HEIGHT - LEAST) * (length / longest)),
                background: `var(--state-${lookOf(run.state).colour})`,
              }}
            />
          );
        })}
    </span>
  );
}
