/** When each try of a run waited and ran: one line a task, its tries on it. */
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useNow, useZone } from '@/app/preferences';
import { Empty } from '@/components/Waiting';
import { showLength, showMoment } from '@/lib/time';
import { ganttOf } from '@/pages/dag/runs/gantt';
import classes from './Runs.module.css';
import { Track } from './Track';

const LINES_MAX = 400;
const TICKS = 5;

interface GanttProps {
  dagId: string;
  runId: string;
  tries: readonly Schema['TimelineTry'][];
}

export function Gantt({ dagId, runId, tries }: GanttProps) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const tick = useNow();
  const isLive = tries.some((one) => one.end_date === null && one.start_date !== null);
  const now = isLive ? tick : 0;
  const gantt = useMemo(() => ganttOf(tries, now), [tries, now]);
  if (gantt.lines.length === 0)
    return <Empty title={t('durations.noTries')}>{t('durations.noTriesHint')}</Empty>;
  const span = Math.max(1, gantt.end - gantt.start);
  return (
    <div className={`card ${classes.gantt}`}>
      <div className={classes.ganttLine}>
        <span className="dim num">{showMoment(new Date(gantt.start), zone)}</span>
        <div className={classes.ticks}>
          {Array.from({ length: TICKS }, (_, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: places do not move
            <span key={at} className="dim num" style={{ left: `${(100 * at) / TICKS}%` }}>
              +{at === 0 ? '0' : showLength((span * at) / TICKS)}
            </span>
          ))}
        </div>
      </div>
      {gantt.lines.slice(0, LINES_MAX).map((line) => (
        <div key={line.taskId} className={classes.ganttLine}>
          <Link
            to="/dags/$dagId/runs/$runId"
            params={{ dagId, runId }}
            search={{ task: line.taskId }}
            className="cut"
            title={line.taskId}
          >
            {line.taskId}
          </Link>
          <Track bars={line.bars} start={gantt.start} end={gantt.end} />
        </div>
      ))}
      {gantt.lines.length > LINES_MAX && (
        <p className="dim">{t('durations.more', { count: gantt.lines.length - LINES_MAX })}</p>
      )}
      <p className={`dim ${classes.note}`}>{t('durations.how')}</p>
    </div>
  );
}
