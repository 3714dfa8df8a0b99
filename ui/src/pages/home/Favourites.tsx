/** Somebody's favourite DAGs: how their last runs went, when they run next, and a way to run them now. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Schema } from '@/api/client';
import { dagsQuery, meQuery, recentRunsQuery } from '@/api/queries';
import { mayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { RunStrip } from '@/components/RunStrip';
import { StateSign } from '@/components/State';
import { said } from '@/i18n';
import { TriggerDialog } from '@/pages/dag/TriggerDialog';
import classes from './Home.module.css';
import { Panel } from './Panel';

const SHOWN_MAX = 8;
export const favouritesQuery = dagsQuery({ star: 'true' }, SHOWN_MAX);

type Dag = Schema['DAGResponse'];

function Next({ dag }: { dag: Dag }) {
  const { t } = useTranslation();
  if (dag.is_paused) return t('dags.paused');
  if (dag.next_dagrun_run_after == null) return null;
  return <Moment at={dag.next_dagrun_run_after} relative />;
}

function Row({
  dag,
  runs,
  trigger,
}: {
  dag: Dag;
  runs: Schema['RecentRun'][] | undefined;
  trigger: (dagId: string) => void;
}) {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery);
  const isByHand = dag.timetable_summary == null || dag.timetable_summary === 'None';
  return (
    <tr>
      <td className={classes.grow}>
        <div className="cut">
          <Link to="/dags/$dagId" params={{ dagId: dag.dag_id }} className={classes.favourite}>
            {dag.dag_display_name}
          </Link>{' '}
          {dag.has_import_errors && (
            <span title={t('dags.broken')}>
              <StateSign state="failed" />
            </span>
          )}
          <span className={`dim ${classes.onWide}`}>
            {isByHand ? t('dags.noSchedule') : said(dag.timetable_description ?? dag.timetable_summary ?? '')}
          </span>
        </div>
        <div className={`dim ${classes.onNarrow}`}>
          <Next dag={dag} />
        </div>
      </td>
      <td className={`num nowrap dim ${classes.onWide}`}>
        <Next dag={dag} />
      </td>
      <td className={classes.runs}>
        {runs?.length === 0 && <span className="dim nowrap">{t('dags.noRuns')}</span>}
        {runs !== undefined && runs.length > 0 && <RunStrip dagId={dag.dag_id} runs={runs} />}
      </td>
      <td>
        {mayTo(me, 'run:create', dag) && (
          <Button
            size="compact-xs"
            variant="default"
            aria-label={t('home.triggerOf', { dag: dag.dag_display_name })}
            onClick={() => trigger(dag.dag_id)}
          >
            {t('dags.trigger')}
          </Button>
        )}
      </td>
    </tr>
  );
}

/** What somebody marked, the first thing on the page; nothing while there is nothing. */
export function Favourites() {
  const { t } = useTranslation();
  const { data } = useQuery(favouritesQuery);
  const dags = data?.dags ?? [];
  const dagIds = dags.map((dag) => dag.dag_id);
  const { data: recent } = useQuery({ ...recentRunsQuery(dagIds), enabled: dagIds.length > 0 });
  const [triggered, setTriggered] = useState<string | null>(null);
  if (dags.length === 0) return null;
  const more = (data?.total_entries ?? 0) > dags.length;
  return (
    <>
      <Panel
        isWide
        title={t('dags.favourites')}
        note={
          more && (
            <Link to="/dags" search={{ star: 'true' }}>
              {t('home.allFavourites', { count: data?.total_entries ?? 0 })}
            </Link>
          )
        }
      >
        <table className={`plain ${classes.favourites}`}>
          <tbody>
            {dags.map((dag) => (
              <Row key={dag.dag_id} dag={dag} runs={recent?.[dag.dag_id]} trigger={setTriggered} />
            ))}
          </tbody>
        </table>
      </Panel>
      {triggered !== null && <TriggerDialog dagId={triggered} close={() => setTriggered(null)} />}
    </>
  );
}

/** How one comes to have favourites, said where it is in nobody's way. */
export function NoFavourites() {
  const { t } = useTranslation();
  const { data } = useQuery(favouritesQuery);
  if (data === undefined || data.total_entries > 0) return null;
  return (
    <p className={`dim ${classes.hint}`}>
      <span aria-hidden="true">☆</span> {t('home.noFavourites')} <Link to="/dags">{t('nav.dags')}</Link>
    </p>
  );
}
