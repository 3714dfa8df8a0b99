/** When each try of a run waited and ran: one line a task, its tries on it. */
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { useNow, useZone } from '@/app/preferences';
import { Empty } from '@/components/Waiting';
import { lookOf } from '@/lib/states';
import { showLength, showMoment } from '@/lib/time';
import { type Bar, ganttOf } from '@/pages/dag/runs/gantt';
import classes from './Runs.module.css';

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
  const share = (at: number) => `${(100 * (at - gantt.start)) / span}%`;
  const words = (bar: Bar) =>
    [
      bar.mapIndex >= 0 ? `[${bar.mapLabel ?? bar.mapIndex}]` : null,
      t('durations.try', { count: bar.tryNumber }),
      t(`common:states.${bar.state}`, { defaultValue: bar.state }),
      bar.started !== null && t('durations.ran', { length: showLength(bar.ended - bar.started) }),
      bar.queued !== null &&
        bar.started !== null &&
        t('durations.waited', { length: showLength(bar.started - bar.queued) }),
      showMoment(new Date(bar.started ?? bar.queued ?? bar.ended), zone),
    ]
      .filter(Boolean)
      .join(' · ');
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
          <svg
            className={classes.track}
            height="18"
            role="img"
            aria-label={line.bars.slice(0, 3).map(words).join('; ')}
          >
            {line.bars.map((bar) => {
              const colour = `var(--state-${lookOf(bar.state).colour})`;
              const from = bar.started ?? bar.ended;
              return (
                <g key={`${bar.mapIndex}.${bar.tryNumber}`}>
                  <title>{words(bar)}</title>
                  {bar.queued !== null && (
                    <rect
                      x={share(bar.queued)}
                      y="7"
                      height="4"
                      width={`${(100 * Math.max(0, from - bar.queued)) / span}%`}
                      fill="var(--state-queued)"
                      opacity=".55"
                    />
                  )}
                  {bar.started !== null && (
                    <rect
                      className={classes.ran}
                      x={share(bar.started)}
                      y="3"
                      height="12"
                      rx="2"
                      style={{ width: `max(3px, ${(100 * (bar.ended - bar.started)) / span}%)` }}
                      fill={bar.state === 'failed' ? 'transparent' : colour}
                      stroke={colour}
                      strokeWidth={bar.state === 'failed' ? 2 : 1}
                      fillOpacity={line.bars.length > 1 ? 0.6 : 0.9}
                    />
                  )}
                </g>
              );
            })}
          </svg>
        </div>
      ))}
      {gantt.lines.length > LINES_MAX && (
        <p className="dim">{t('durations.more', { count: gantt.lines.length - LINES_MAX })}</p>
      )}
      <p className={`dim ${classes.note}`}>{t('durations.how')}</p>
    </div>
  );
}
