/** The newest runs of a DAG as a strip: the newest at the right, height by duration, colour and shape by state. */
import { useRouter } from '@tanstack/react-router';
import { type MouseEvent, memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/app/preferences';
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

interface StripProps {
  dagId: string;
  runs: StripRun[];
}

const HEIGHT = 24;
const LEAST = 6;

export function RunStrip(props: StripProps) {
  const isLive = props.runs.some((run) => run.start_date !== null && run.end_date === null);
  return isLive ? <Growing {...props} /> : <Strip {...props} now={0} />;
}

function Growing(props: StripProps) {
  const now = useNow();
  return <Strip {...props} now={now} />;
}

// Lists have thousands of these bars: plain addresses, followed by one handler, cost a tenth of links of the router.
const Strip = memo(function Strip({ dagId, runs, now }: StripProps & { now: number }) {
  const { t } = useTranslation();
  const router = useRouter();
  const lengths = runs.map((run) => lengthBetween(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  const follow = (event: MouseEvent) => {
    const runId = (event.target as HTMLElement).dataset.run;
    const isAside = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
    if (runId === undefined || isAside) return;
    event.preventDefault();
    void router.navigate({ to: '/dags/$dagId/runs/$runId', params: { dagId, runId } });
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on a link is a click
    // biome-ignore lint/a11y/noStaticElementInteractions: it only hears the clicks of its links
    <span className={classes.strip} onClick={follow}>
      {runs
        .map((run, number) => {
          const length = lengths[number] ?? 0;
          const label = `${run.dag_run_id}: ${t(`states.${run.state}`)}${length > 0 ? `, ${showLength(length)}` : ''}`;
          return (
            // biome-ignore lint/a11y/useAnchorContent: its label is its content
            <a
              key={run.dag_run_id}
              href={`/dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(run.dag_run_id)}`}
              title={label}
              aria-label={label}
              className={classes.bar}
              data-state={run.state}
              data-run={run.dag_run_id}
              style={{
                height: LEAST + Math.round((HEIGHT - LEAST) * (length / longest)),
                background: `var(--state-${lookOf(run.state).colour})`,
              }}
            />
          );
        })
        .reverse()}
    </span>
  );
});
