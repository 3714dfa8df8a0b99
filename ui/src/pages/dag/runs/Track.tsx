/** The tries of one task in time: thin where a try waited, a bar where it ran. */
import { useTranslation } from 'react-i18next';
import { useZone } from '@/app/preferences';
import { lookOf } from '@/lib/states';
import { showLength, showMoment } from '@/lib/time';
import type { Bar } from '@/pages/dag/runs/gantt';
import classes from './Runs.module.css';

const SAID = 3;

interface TrackProps {
  bars: readonly Bar[];
  /** What the whole width stands for. */
  start: number;
  end: number;
}

export function Track({ bars, start, end }: TrackProps) {
  const { t } = useTranslation('dag');
  const [zone] = useZone();
  const span = Math.max(1, end - start);
  const share = (at: number) => `${(100 * (at - start)) / span}%`;
  const words = (bar: Bar) =>
    [
      bar.mapIndex >= 0 ? `[${bar.mapLabel ?? bar.mapIndex}]` : null,
      bar.tryNumber > 0 && t('durations.try', { count: bar.tryNumber }),
      bar.tryNumber > 0 && t(`common:states.${bar.state}`, { defaultValue: bar.state }),
      bar.started !== null && t('durations.ran', { length: showLength(bar.ended - bar.started) }),
      bar.queued !== null &&
        bar.started !== null &&
        t('durations.waited', { length: showLength(bar.started - bar.queued) }),
      showMoment(new Date(bar.started ?? bar.queued ?? bar.ended), zone),
    ]
      .filter(Boolean)
      .join(' · ');
  return (
    <svg
      className={classes.track}
      height="18"
      role="img"
      aria-label={bars.slice(0, SAID).map(words).join('; ')}
    >
      {bars.map((bar) => {
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
                fillOpacity={bars.length > 1 ? 0.6 : 0.9}
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}
