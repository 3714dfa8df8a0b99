/** What tasks ask people: questions that wait, answering them, and answers that were given. */
import { SegmentedControl } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { Filter, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Inbox.module.css';
import { inOrder } from './order';
import { QuestionCard } from './Question';

const LIVE_MS = 5_000;
const SIZE = 20;

interface Which {
  q?: string | undefined;
  dag?: string | undefined;
  isAnswered: boolean;
}

const questionsQuery = ({ q, dag, isAnswered }: Which, page: number) =>
  queryOptions({
    queryKey: ['questions', q, dag, isAnswered, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails', {
          params: {
            path: { dag_id: '~', dag_run_id: '~' },
            query: {
              limit: SIZE,
              offset: (page - 1) * SIZE,
              order_by: ['-created_at'],
              response_received: isAnswered,
              ...(isAnswered ? {} : { state: ['awaiting_input'] }),
              ...(q ? { subject_search: q } : {}),
              ...(dag ? { dag_id_pattern: dag } : {}),
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: (before: Schema['HITLDetailCollection'] | undefined) => before,
  });

export default function Inbox() {
  const { t } = useTranslation('manage');
  const [search, change] = useFilters();
  const isAnswered = search.state === 'answered';
  const asked = useQuery(questionsQuery({ q: search.q, dag: search.dag, isAnswered }, search.page ?? 1));
  const questions = inOrder(asked.data?.hitl_details ?? []);
  const total = asked.data?.total_entries ?? 0;
  return (
    <SectionPage section="inbox">
      <div className={shared.filters}>
        <SegmentedControl
          size="xs"
          aria-label={t('inbox.which')}
          data={[
            { value: '', label: t('inbox.waiting') },
            { value: 'answered', label: t('inbox.done') },
          ]}
          value={isAnswered ? 'answered' : ''}
          onChange={(state) => change({ state: state || undefined })}
        />
        <Filter name="q" label={t('inbox.bySubject')} />
        <Filter name="dag" label={t('dag')} width={160} />
        <span className="dim num">{asked.data && t('inbox.count', { count: total })}</span>
      </div>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asked.data && questions.length === 0 && (
        <div className="card">
          <Empty title={t(isAnswered ? 'inbox.noneAnswered' : 'inbox.none')}>{t('inbox.noneHint')}</Empty>
        </div>
      )}
      <div className={classes.cards}>
        {questions.map((question) => (
          <QuestionCard key={`${question.task_instance.id} ${question.created_at}`} question={question} />
        ))}
      </div>
      <Pager total={total} size={SIZE} />
    </SectionPage>
  );
}
