/** Files that could not be read: where, since when, and why; and asking that one is read again. */
import { Button } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { wholeOf } from '@/api/whole';
import { mayTo } from '@/app/rights';
import { Moment } from '@/components/Moment';
import { StateSign } from '@/components/State';
import { Failure, Loading } from '@/components/Waiting';
import { useAct } from '../shared/act';
import { Refusal } from '../shared/Dialogs';
import { Filter, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './ImportErrors.module.css';
import { headlineOf, linesOf, ownPlace } from './traceback';

const LIVE_MS = 5_000;
const SIZE = 20;
const BROKEN_MAX = 1_000;

const errorsQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: ['importErrors', q, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/importErrors', {
          params: {
            query: {
              limit: SIZE,
              offset: (page - 1) * SIZE,
              order_by: ['-timestamp'],
              ...(q ? { filename_pattern: q } : {}),
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: (before: Schema['ImportErrorCollectionResponse'] | undefined) => before,
  });

/** DAGs of files that have an error now: they come from an earlier version of the file. */
const brokenDagsQuery = queryOptions({
  queryKey: ['dags', 'broken'],
  queryFn: () =>
    wholeOf('dags', BROKEN_MAX, (page) =>
      data(
        client.GET('/api/v2/dags', {
          params: { query: { has_import_errors: true, exclude_stale: false, ...page } },
        }),
      ),
    ),
  refetchInterval: LIVE_MS,
});

function OneError({ error, dags }: { error: Schema['ImportErrorResponse']; dags: Schema['DAGResponse'][] }) {
  const { t } = useTranslation('manage');
  const { data: me } = useQuery(meQuery);
  const token = dags[0]?.file_token;
  const again = useAct(
    () =>
      data(
        client.PUT('/api/v2/parseDagFile/{file_token}', { params: { path: { file_token: token ?? '' } } }),
      ),
    ['importErrors', 'dags'],
    () => t('errors.asked', { file: error.filename }),
  );
  // The server reads a file again for who may change each of its DAGs.
  const mayAsk = token !== undefined && dags.every((dag) => mayTo(me, 'dag:edit', dag));
  const place = ownPlace(error.stack_trace);
  return (
    <article className={`card ${classes.error}`} aria-label={error.filename}>
      <header className={classes.head}>
        <StateSign state="failed" />
        <h2 className="mono">
          {error.filename}
          {place !== null && place.file === error.filename && <span className="num">:{place.line}</span>}
        </h2>
        <span className={`dim ${shared.push}`}>
          <Moment at={error.timestamp} /> (<Moment at={error.timestamp} relative />)
        </span>
        {mayAsk && (
          <Button
            size="compact-xs"
            variant="default"
            loading={again.isBusy}
            onClick={() => void again.run(undefined)}
          >
            {t('errors.again')}
          </Button>
        )}
      </header>
      <p className={classes.headline}>{headlineOf(error.stack_trace)}</p>
      {dags.length > 0 && (
        <p className="dim">
          {t('errors.keeps')}{' '}
          {dags.map((dag) => (
            <Link key={dag.dag_id} to="/dags/$dagId" params={{ dagId: dag.dag_id }} className={classes.dag}>
              {dag.dag_display_name}
            </Link>
          ))}
        </p>
      )}
      <Refusal error={again.error} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <pre className={classes.trace} tabIndex={0} role="region" aria-label={t('errors.trace')}>
        {linesOf(error.stack_trace).map((line, number) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line has no other name
          <span key={number} data-own={line.isOwn || undefined} data-place={line.isPlace || undefined}>
            {`${line.text}\n`}
          </span>
        ))}
      </pre>
    </article>
  );
}

export default function ImportErrors() {
  const { t } = useTranslation('manage');
  const [search] = useFilters();
  const asked = useQuery(errorsQuery(search.q, search.page ?? 1));
  const errors = asked.data?.import_errors ?? [];
  const { data: broken } = useQuery({ ...brokenDagsQuery, enabled: errors.length > 0 });
  const total = asked.data?.total_entries ?? 0;
  const dagsOf = (file: string) =>
    (broken?.dags ?? []).filter((dag) => dag.relative_fileloc === file || dag.fileloc === file);
  return (
    <SectionPage section="import-errors">
      <div className={shared.filters}>
        <Filter name="q" label={t('errors.byFile')} />
        <span className="dim num">{asked.data && t('errors.count', { count: total })}</span>
      </div>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.data && errors.length === 0 && (
        <div className={`card ${classes.none}`}>
          <StateSign state="success" /> {t(search.q ? 'errors.noneFits' : 'errors.none')}
        </div>
      )}
      {errors.map((error) => (
        <OneError key={error.import_error_id} error={error} dags={dagsOf(error.filename)} />
      ))}
      <Pager total={total} size={SIZE} />
    </SectionPage>
  );
}
