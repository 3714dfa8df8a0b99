/** The command palette: DAGs, tasks and runs by name, and pages. Loaded when it is opened for the first time. */
import '@mantine/spotlight/styles.css';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, spotlight } from '@mantine/spotlight';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { dagsQuery, foundRunsQuery, foundTasksQuery } from '@/api/queries';
import { firstOf } from '@/app/found';
import { SECTIONS } from '@/app/sections';

const FOUND_MAX = 12;
const LETTERS_MIN = 2;
export default function Palette() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [query, setQuery] = useState('');
  useEffect(() => spotlight.open(), []);
  const [asked] = useDebouncedValue(query.trim(), 120);
  const foundDags = useQuery({
    ...dagsQuery(asked ? { q: asked } : {}, FOUND_MAX),
    enabled: asked !== '',
  });
  const dags = (asked === '' ? [] : (foundDags.data?.dags ?? [])).map((dag) => ({
    id: `dag:${dag.dag_id}`,
    label: dag.dag_display_name,
    description: dag.description ?? t('nav.dag'),
    onClick: () => void navigate({ to: '/dags/$dagId', params: { dagId: dag.dag_id } }),
  }));
  const isLong = asked.length >= LETTERS_MIN;
  const foundRuns = useQuery({ ...foundRunsQuery(asked), enabled: isLong });
  const foundTasks = useQuery({ ...foundTasksQuery(asked), enabled: isLong });
  const runs = (isLong ? (foundRuns.data ?? []) : []).map((run) => ({
    id: `run:${run.dag_id}\n${run.dag_run_id}`,
    label: run.dag_run_id,
    description: `${t('nav.run')} · ${run.dag_display_name} · ${t(`states.${run.state}`)}`,
    onClick: () =>
      void navigate({
        to: '/dags/$dagId/runs/$runId',
        params: { dagId: run.dag_id, runId: run.dag_run_id },
      }),
  }));
  const tasks = (isLong ? (foundTasks.data ?? []) : []).map((one) => ({
    id: `task:${one.dag_id}\n${one.task_id}`,
    label: one.task_display_name,
    description: `${t('nav.task')} · ${one.dag_display_name}`,
    onClick: () =>
      void navigate({
        to: '/dags/$dagId/runs/$runId',
        params: { dagId: one.dag_id, runId: one.dag_run_id },
        search: { task: one.task_id },
      }),
  }));
  const pages = [
    { id: 'home', label: t('nav.home'), onClick: () => void navigate({ to: '/' }) },
    { id: 'dags', label: t('nav.dags'), onClick: () => void navigate({ to: '/dags' }) },
    { id: 'runs', label: t('nav.runs'), onClick: () => void navigate({ to: '/runs' }) },
    ...SECTIONS.map((section) => ({
      id: section,
      label: t(`admin.${section}.title`),
      onClick: () => void navigate({ to: '/admin/$section', params: { section } }),
    })),
  ].filter((one) => one.label.toLowerCase().includes(query.trim().toLowerCase()));
  // What was found is for what was asked, and more may have been typed since.
  const isTyping = asked !== query.trim();
  const first = firstOf<{ onClick: () => void }>([
    {
      ones: dags,
      isBehind: isTyping || foundDags.isLoading || (asked !== '' && foundDags.isPlaceholderData),
    },
    { ones: pages, isBehind: false },
    { ones: tasks, isBehind: foundTasks.isLoading },
    { ones: runs, isBehind: foundRuns.isLoading },
  ]);
  const [isEntered, setEntered] = useState(false);
  // Before the arrows chose one, Enter takes the first, as soon as it is known.
  const takeFirst = (event: KeyboardEvent) => {
    const isEnter = event.key === 'Enter' && !event.nativeEvent.isComposing && query.trim() !== '';
    setEntered(isEnter && document.querySelector('[data-action][data-selected]') === null);
  };
  useEffect(() => {
    if (!isEntered || first === undefined) return;
    setEntered(false);
    if (first === null) return;
    first.onClick();
    spotlight.close();
  }, [isEntered, first]);
  return (
    <Spotlight
      actions={[...dags, ...pages, ...tasks, ...runs]}
      filter={(_query, actions) => actions}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={() => setEntered(false)}
      shortcut={['/', 'mod + K']}
      nothingFound={t('palette.nothing')}
      searchProps={{ placeholder: t('nav.search'), 'aria-label': t('nav.search'), onKeyDown: takeFirst }}
      highlightQuery
      scrollable
      maxHeight={420}
    />
  );
}
