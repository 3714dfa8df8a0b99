/** What the runs of a calendar came to in all, and what its signs mean. */

import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { showMoment } from '@/lib/time';
import { useWord, useWords } from './counted';
import classes from './Runs.module.css';
import { OUTCOMES, SIDE, Sign } from './Sign';

interface Props {
  counts: Record<string, number>;
  zone: string;
  planned: Schema['UpcomingResponse'] | undefined;
}

export function Summary({ counts, zone, planned }: Props) {
  const { t } = useTranslation('dag');
  const wordOf = useWord();
  const inWords = useWords();
  return (
    <div className={classes.summary}>
      <span className="dim num">
        {inWords(counts)} · {zone}
      </span>
      {planned?.is_whole === false && (
        <span className="dim num">
          {t('calendar.partly', { at: showMoment(planned.runs.at(-1)?.run_after ?? '', zone, false) })}
        </span>
      )}
      <span className={classes.legend}>
        {OUTCOMES.map((outcome) => (
          <span key={outcome}>
            <svg width={SIDE} height={SIDE} aria-hidden="true">
              <Sign outcome={outcome} />
            </svg>
            {wordOf(outcome)}
          </span>
        ))}
      </span>
    </div>
  );
}
