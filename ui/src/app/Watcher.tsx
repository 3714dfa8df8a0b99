/** Looks after watched runs while a page is open, and tells when one has ended: by the browser where it may, and here. */
import { useQueries } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/client';
import { runQuery } from '@/api/queries';
import { callByTitle, notify } from '@/app/notifying';
import { tellEnd } from '@/app/telling';
import { type Watched, watch } from '@/app/watched';

const LOOK_MS = 5_000;
const NOT_FOUND = 404;

function show(run: Watched, message: string, isFailed: boolean): void {
  const address = `/dags/${encodeURIComponent(run.dagId)}/runs/${encodeURIComponent(run.runId)}`;
  // The tag keeps several tabs from saying the same thing several times.
  const options = { body: run.runId, tag: `${run.dagId}\n${run.runId}` };
  const isByBrowser = notify(message, options, address);
  if (!isByBrowser || document.hidden) callByTitle(message);
  tellEnd(message, { name: run.runId, address, isFailed }, isByBrowser);
}

export default function Watcher({ runs }: { runs: readonly Watched[] }) {
  const { t } = useTranslation();
  const asked = useQueries({
    queries: runs.map((run) => ({
      ...runQuery(run.dagId, run.runId),
      refetchInterval: LOOK_MS,
      refetchIntervalInBackground: true,
      retry: false,
    })),
  });
  const told = useRef(new Set<string>());
  useEffect(() => {
    asked.forEach(({ data: found, error }, at) => {
      const run = runs[at];
      if (run === undefined) return;
      if (error instanceof ApiError && error.status === NOT_FOUND) watch(run, false);
      if (found === undefined || (found.state !== 'success' && found.state !== 'failed')) return;
      watch(run, false);
      const name = `${run.dagId}\n${run.runId}\n${found.end_date}`;
      if (told.current.has(name)) return;
      told.current.add(name);
      show(
        run,
        t('watch.ended', { dag: found.dag_display_name, state: t(`states.${found.state}`) }),
        found.state === 'failed',
      );
    });
  }, [asked, runs, t]);
  return null;
}
