/** A button that has the browser tell when a run has ended. */
import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { tellDone } from '@/app/telling';
import { isSame, useWatched, watch } from '@/app/watched';
import type { Run } from './queries';

export function Watch({ run }: { run: Run }) {
  const { t } = useTranslation('run');
  const one = { dagId: run.dag_id, runId: run.dag_run_id };
  const isWatched = useWatched().some((other) => isSame(one, other));
  const change = async () => {
    watch(one, !isWatched);
    if (isWatched) return;
    const answer = 'Notification' in window ? await Notification.requestPermission() : 'denied';
    tellDone(t(answer === 'granted' ? 'watch.byBrowser' : 'watch.here'));
  };
  return (
    <Button
      size="xs"
      variant={isWatched ? 'light' : 'default'}
      aria-pressed={isWatched}
      onClick={() => void change()}
    >
      {t(isWatched ? 'watch.stop' : 'watch.begin')}
    </Button>
  );
}
