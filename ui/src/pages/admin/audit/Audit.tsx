/** What people did and tried to do: found by DAG, run, task, person, event and time; each line with what it changed. */
import { TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Audit.module.css';
import { momentOf } from './event';
import { Lines } from './Lines';

const LIVE_MS = 10_000;

interface Which {
  dag?: string | undefined;
  run?: string | undefined;
  task?: string | undefined;
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
              ...(which.run ? { run_id_pattern: which.run } : {}),
              ...(which.task ? { task_id_pattern: which.task } : {}),
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
  const { dag, run, task, user, event, since, until } = search;
  const asked = useQuery(eventsQuery({ dag, run, task, user, event, since, until }, search.page ?? 1));
  const lines = asked.data?.event_logs ?? [];
  const total = asked.data?.total_entries ?? 0;
  return (
    <SectionPage section="audit">
      <div className={shared.filters}>
        <Filter name="dag" label={t('dag')} width={160} />
        <Filter name="run" label={t('run')} width={160} />
        <Filter name="task" label={t('task')} width={140} />
        <Filter name="user" label={t('audit.user')} width={140} />
        <Filter name="event" label={t('audit.event')} width={160} />
        <div className={classes.dates}>
          <When name="since" label={t('audit.since')} />
          <When name="until" label={t('audit.until')} />
        </div>
        <span className="dim num">{asked.data && t('audit.count', { count: total })}</span>
      </div>
      <Listing asked={asked} count={lines.length} empty={t('audit.none')} emptyHint={t('audit.noneHint')}>
        <Lines lines={lines} opened={search.item} open={(item) => change({ item, page: search.page })} />
      </Listing>
      <Pager total={total} />
    </SectionPage>
  );
}
