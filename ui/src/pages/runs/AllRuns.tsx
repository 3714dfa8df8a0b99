/** Runs of all DAGs, and their task instances: found by name, state, kind and day. */
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Page } from '@/components/Page';
import { useTyped } from '@/components/useTyped';
import { RUN_STATES, TASK_STATES } from '@/lib/states';
import { RUN_TYPES } from '@/pages/dag/runs/RunsTab';
import classes from './AllRuns.module.css';
import { useChange } from './List';
import { Runs, Tasks } from './Lists';

const route = getRouteApi('/runs');

function Typed({ name, label }: { name: 'dag' | 'task'; label: string }) {
  const search = route.useSearch();
  const change = useChange();
  const [typed, type] = useTyped(search[name], (value) =>
    // What is typed is a part of a name.
    change({ [name]: value, exact: undefined }),
  );
  return (
    <TextInput
      size="xs"
      w={180}
      placeholder={label}
      aria-label={label}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
}

export function AllRuns() {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const change = useChange();
  const isTasks = search.tab === 'tasks';
  const states = isTasks ? TASK_STATES : RUN_STATES;
  const isFiltered = Object.entries(search).some(
    ([name, value]) => !['tab', 'order', 'exact'].includes(name) && value !== undefined,
  );
  const title = t('common:nav.runs');
  return (
    <Page
      title={title}
      name={title}
      actions={
        <SegmentedControl
          size="xs"
          aria-label={t('all.tabs')}
          data={[
            { value: 'runs', label: t('all.runs') },
            { value: 'tasks', label: t('all.tasks') },
          ]}
          value={isTasks ? 'tasks' : 'runs'}
          onChange={(value) =>
            change({ tab: value === 'tasks' ? value : undefined, state: undefined, order: undefined })
          }
        />
      }
    >
      <div className={classes.filters}>
        <Typed name="dag" label={t('all.byDag')} />
        {isTasks && <Typed name="task" label={t('all.byTask')} />}
        <Select
          size="xs"
          w={150}
          clearable
          placeholder={t('runs.anyState')}
          aria-label={t('runs.anyState')}
          data={states.map((value) => ({ value, label: t(`common:states.${value}`) }))}
          value={search.state ?? null}
          onChange={(value) => change({ state: value ?? undefined })}
        />
        {!isTasks && (
          <Select
            size="xs"
            w={170}
            clearable
            placeholder={t('runs.anyType')}
            aria-label={t('runs.anyType')}
            data={RUN_TYPES.map((value) => ({ value, label: t(`runTypes.${value}`) }))}
            value={search.type ?? null}
            onChange={(value) => change({ type: value ?? undefined })}
          />
        )}
        {(['from', 'to'] as const).map((name) => (
          <TextInput
            key={name}
            size="xs"
            type="date"
            aria-label={t(`runs.${name}`)}
            title={t(`runs.${name}`)}
            value={search[name] ?? ''}
            onChange={(event) => change({ [name]: event.currentTarget.value || undefined })}
          />
        ))}
        <span className="dim num">UTC</span>
        {isFiltered && (
          <Button
            size="xs"
            variant="subtle"
            onClick={() =>
              change({
                dag: undefined,
                task: undefined,
                exact: undefined,
                state: undefined,
                type: undefined,
                from: undefined,
                to: undefined,
              })
            }
          >
            {t('runs.clear')}
          </Button>
        )}
      </div>
      {isTasks ? <Tasks /> : <Runs />}
    </Page>
  );
}
