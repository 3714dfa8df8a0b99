/** A button that has the browser tell when a run has ended. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { allowance, askToNotify } from '@/app/notifying';
import { tellDone } from '@/app/telling';
import { isSame, useWatched, watch } from '@/app/watched';
import type { Run } from './queries';

export function Watch({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const one = { dagId: run.dag_id, runId: run.dag_run_id };
  const isWatched = useWatched().some((other) => isSame(one, other));
  const [allowed, setAllowed] = useState(allowance);
  const change = async () => {
    watch(one, !isWatched);
    if (isWatched) return;
    const answer = await askToNotify();
    setAllowed(answer);
    tellDone(t(`watch.by.${answer}`));
  };
  const isHereOnly = isWatched && allowed !== 'granted';
  return (
    <Button
      title={isWatched ? t(`watch.by.${allowed}`) : undefined}
      size="xs"
      variant={isWatched ? 'light' : 'default'}
      aria-pressed={isWatched}
      onClick={() => void change()}
    >
      {t(isHereOnly ? 'watch.here' : isWatched ? 'watch.stop' : 'watch.begin')}
    </Button>
  );
}
