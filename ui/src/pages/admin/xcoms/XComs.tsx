/** What tasks of all DAGs passed on: found by DAG, run, task and key, each with how its value begins. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { showBytes } from '@/pages/run/sizes';
import { Filter, Listing, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { inLine, nameOf, type XCom, xcomsQuery } from './query';
import classes from './XComs.module.css';

function ToTask({ one }: { one: XCom }) {
  return (
    <Link
      to="/dags/$dagId/runs/$runId"
      params={{ dagId: one.dag_id, runId: one.dag_run_id }}
      search={{ task: one.task_id, map: one.map_index < 0 ? undefined : one.map_index, tab: 'xcom' }}
      title={one.task_id}
      className={classes.toTask}
    >
      <span>{one.task_display_name}</span>
      {one.map_index >= 0 && <span className={`num ${classes.index}`}>[{one.map_index}]</span>}
    </Link>
  );
}

/** The DAG and the run that it is of, one under the other. */
function Of({ one }: { one: XCom }) {
  return (
    <>
      <Link to="/dags/$dagId" params={{ dagId: one.dag_id }} className={classes.cut}>
        {one.dag_display_name}
      </Link>
      <Link
        to="/dags/$dagId/runs/$runId"
        params={{ dagId: one.dag_id, runId: one.dag_run_id }}
        title={one.dag_run_id}
        className={`mono ${classes.cut} ${classes.run}`}
      >
        {one.dag_run_id}
      </Link>
    </>
  );
}

function Opened({ one }: { one: XCom }) {
  const { t } = useTranslation('manage');
  const isCut = one.size_bytes > new TextEncoder().encode(one.preview).length;
  return (
    <div className={classes.opened}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys. */}
      <pre className={classes.value} tabIndex={0} role="region" aria-label={one.key}>
        {one.preview}
      </pre>
      <dl className={shared.facts}>
        <dt>{t('xcoms.kind')}</dt>
        <dd>
          {t(`xcoms.kinds.${one.encoding}`, { defaultValue: one.encoding })}
          {one.length !== null && ` · ${t('xcoms.parts', { count: one.length })}`}
        </dd>
        {one.location !== null && (
          <>
            <dt>{t('xcoms.keptAt')}</dt>
            <dd className="mono">{one.location}</dd>
          </>
        )}
        <dt>{t('task')}</dt>
        <dd>
          <ToTask one={one} />
          {isCut && <span className="dim"> · {t('xcoms.whole')}</span>}
        </dd>
      </dl>
    </div>
  );
}

export default function XComs() {
  const { t } = useTranslation('manage');
  const [search, change] = useFilters();
  const { dag, run, task, key } = search;
  const asked = useQuery(xcomsQuery({ dag, run, task, key }, search.page ?? 1));
  const xcoms = asked.data?.xcoms ?? [];
  const total = asked.data?.total_entries ?? 0;
  const isFiltered = [dag, run, task, key].some((one) => one !== undefined);
  return (
    <SectionPage section="xcoms">
      <div className={shared.filters}>
        <Filter name="key" label={t('xcoms.key')} width={180} />
        <Filter name="dag" label={t('dag')} width={160} />
        <Filter name="run" label={t('run')} width={160} />
        <Filter name="task" label={t('task')} width={160} />
        <span className="dim num">{asked.data && t('xcoms.count', { count: total })}</span>
      </div>
      <Listing
        asked={asked}
        count={xcoms.length}
        empty={t(isFiltered ? 'xcoms.none' : 'xcoms.noneYet')}
        emptyHint={t(isFiltered ? 'xcoms.noneHint' : 'xcoms.noneYetHint')}
      >
        <table className={`plain ${classes.table}`}>
          <thead>
            <tr>
              <th scope="col">{t('xcoms.key')}</th>
              <th scope="col">{t('xcoms.value')}</th>
              <th scope="col" className={shared.right}>
                {t('xcoms.size')}
              </th>
              <th scope="col">{t('task')}</th>
              <th scope="col">{t('xcoms.of')}</th>
              <th scope="col">{t('xcoms.written')}</th>
            </tr>
          </thead>
          <tbody>
            {xcoms.map((one) => {
              const name = nameOf(one);
              const isOpen = search.item === name;
              return [
                <tr key={name}>
                  <td className={classes.key}>
                    <button
                      type="button"
                      className={classes.opener}
                      aria-expanded={isOpen}
                      title={one.key}
                      onClick={() => change({ item: isOpen ? undefined : name, page: search.page })}
                    >
                      <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
                      <span className="mono cut">{one.key}</span>
                    </button>
                  </td>
                  <td className={`mono ${classes.preview}`}>{inLine(one.preview)}</td>
                  <td className={`num nowrap dim ${shared.right} ${classes.beside}`}>
                    {showBytes(one.size_bytes)}
                  </td>
                  <td className={classes.task}>
                    <ToTask one={one} />
                  </td>
                  <td className={classes.of}>
                    <Of one={one} />
                  </td>
                  <td className={classes.beside}>
                    <Moment at={one.timestamp} relative />
                  </td>
                </tr>,
                isOpen && (
                  <tr key={`${name} opened`} className={classes.under}>
                    <td colSpan={6}>
                      <Opened one={one} />
                    </td>
                  </tr>
                ),
              ];
            })}
          </tbody>
        </table>
      </Listing>
      <Pager total={total} />
    </SectionPage>
  );
}
