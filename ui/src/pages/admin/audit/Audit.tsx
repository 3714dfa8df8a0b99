/** What people did and tried to do: found by DAG, person, event and time; each line with what it changed. */
import { TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { Moment } from '@/components/Moment';
import { StateSign } from '@/components/State';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Audit.module.css';
import { type Change, detailsOf, momentOf, shownValue } from './event';

type Line = Schema['EventLogResponse'];
const LIVE_MS = 10_000;
const REFUSED = 400;

interface Which {
  dag?: string | undefined;
  user?: string | undefined;
  event?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
}

const eventsQuery = (which: Which, page: number) =>
  queryOptions({
    queryKey: ['events', which, page],
    queryFn: () => {
      const [after, before] = [momentOf(which.since), momentOf(which.until)];
      return data(
        client.GET('/api/v2/eventLogs', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              order_by: ['-event_log_id'],
              ...(which.dag ? { dag_id_pattern: which.dag } : {}),
              ...(which.user ? { owner_pattern: which.user } : {}),
              ...(which.event ? { event_pattern: which.event } : {}),
              ...(after ? { after } : {}),
              ...(before ? { before } : {}),
            },
          },
        }),
      );
    },
    refetchInterval: page === 1 ? LIVE_MS : false,
    placeholderData: (before: Schema['EventLogCollectionResponse'] | undefined) => before,
  });

function Changes({ changes, more }: { changes: Change[]; more: number }) {
  const { t } = useTranslation('manage');
  return (
    <>
      {changes.map((change, number) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: changes of one line have no other names
        <div key={number} className={classes.change}>
          <div>
            <strong>{t(`audit.how.${change.how}`)}</strong> {change.kind}{' '}
            <span className={`mono ${shared.any}`}>{change.name}</span>
          </div>
          {change.fields.length > 0 && (
            <table className={classes.fields}>
              <thead>
                <tr>
                  <th scope="col">{t('audit.field')}</th>
                  {change.how !== 'made' && <th scope="col">{t('audit.before')}</th>}
                  {change.how !== 'gone' && <th scope="col">{t('audit.after')}</th>}
                </tr>
              </thead>
              <tbody>
                {change.fields.map((one) => (
                  <tr key={one.field}>
                    <th scope="row">{one.field}</th>
                    {change.how !== 'made' && (
                      <td>
                        <del>{shownValue(one.before)}</del>
                      </td>
                    )}
                    {change.how !== 'gone' && (
                      <td>
                        <ins>{shownValue(one.after)}</ins>
                      </td>
                    )}
                  </tr>
                ))}
              </tbody>
            </table>
          )}
        </div>
      ))}
      {more > 0 && <div className="dim">{t('workers.more', { count: more })}</div>}
    </>
  );
}

function Details({ line }: { line: Line }) {
  const { t } = useTranslation('manage');
  const details = detailsOf(line.extra);
  const facts: [string, string][] = [
    [t('audit.address'), details.address],
    [t('audit.credential'), details.credential],
    [t('run'), line.run_id ?? ''],
    [
      t('task'),
      `${line.task_id ?? ''}${line.map_index != null && line.map_index >= 0 ? ` [${line.map_index}]` : ''}`,
    ],
    ...Object.entries(details.rest).map(
      ([name, value]) =>
        [t(`audit.parts.${name}`, { defaultValue: name }), shownValue(value)] as [string, string],
    ),
  ];
  return (
    <div className={classes.details}>
      <Changes changes={details.changes} more={details.more} />
      <dl className={shared.facts}>
        {facts
          .filter(([, value]) => value !== '' && value !== '–')
          .map(([name, value]) => [
            <dt key={`${name} name`}>{name}</dt>,
            <dd key={name} className="mono">
              {value}
            </dd>,
          ])}
      </dl>
    </div>
  );
}

function When({ name, label }: { name: 'since' | 'until'; label: string }) {
  const [search, change] = useFilters();
  return (
    <TextInput
      size="xs"
      type="datetime-local"
      aria-label={label}
      leftSection={<span className={classes.when}>{label}</span>}
      leftSectionWidth={92}
      w={280}
      value={search[name] ?? ''}
      onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
    />
  );
}

export default function Audit() {
  const { t } = useTranslation('manage');
  const [search, change] = useFilters();
  const { dag, user, event, since, until } = search;
  const asked = useQuery(eventsQuery({ dag, user, event, since, until }, search.page ?? 1));
  const lines = asked.data?.event_logs ?? [];
  const total = asked.data?.total_entries ?? 0;
  return (
    <SectionPage section="audit">
      <div className={shared.filters}>
        <Filter name="dag" label={t('dag')} width={160} />
        <Filter name="user" label={t('audit.user')} width={140} />
        <Filter name="event" label={t('audit.event')} width={160} />
        <When name="since" label={t('audit.since')} />
        <When name="until" label={t('audit.until')} />
        <span className="dim num">{asked.data && t('audit.count', { count: total })}</span>
      </div>
      <Listing asked={asked} count={lines.length} empty={t('audit.none')} emptyHint={t('audit.noneHint')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('audit.at')}</th>
              <th scope="col">{t('audit.user')}</th>
              <th scope="col">{t('audit.event')}</th>
              <th scope="col">{t('audit.about')}</th>
              <th scope="col" className={shared.wide}>
                {t('audit.result')}
              </th>
            </tr>
          </thead>
          <tbody>
            {lines.map((line) => {
              const isOpen = search.item === String(line.event_log_id);
              const details = detailsOf(line.extra);
              const first = details.changes[0];
              const isRefused = (details.status ?? 0) >= REFUSED;
              return [
                <tr key={line.event_log_id}>
                  <td>
                    <button
                      type="button"
                      className={classes.opener}
                      aria-expanded={isOpen}
                      onClick={() =>
                        change({ item: isOpen ? undefined : String(line.event_log_id), page: search.page })
                      }
                    >
                      <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
                      <span className={classes.onWide}>
                        <Moment at={line.when} />
                      </span>
                      <span className={classes.onNarrow}>
                        <Moment at={line.when} relative />
                      </span>
                    </button>
                  </td>
                  <td className={classes.word}>{line.owner}</td>
                  <td className={`mono ${classes.word}`}>{line.event}</td>
                  <td className={shared.any}>
                    {line.dag_id !== null ? (
                      <Link to="/dags/$dagId" params={{ dagId: line.dag_id }}>
                        {line.dag_display_name ?? line.dag_id}
                      </Link>
                    ) : (
                      first !== undefined && (
                        <>
                          {first.kind} <span className="mono">{first.name}</span>
                        </>
                      )
                    )}
                    {line.task_id !== null && <span className="mono"> / {line.task_id}</span>}
                  </td>
                  <td className={`nowrap ${shared.wide}`}>
                    <StateSign state={isRefused ? 'failed' : 'success'} />{' '}
                    {t(isRefused ? 'audit.refused' : 'audit.done')}
                    {isRefused && <span className="dim num"> {details.status}</span>}
                  </td>
                </tr>,
                isOpen && (
                  <tr key={`${line.event_log_id} details`}>
                    <td colSpan={5}>
                      <Details line={line} />
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
