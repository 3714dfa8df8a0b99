/** Finding a task in the graph, and seeing only what is before and after it. */
import { Button, Select, Switch } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Task } from '@/pages/dag/grid/model';
import { SIDES, type Side } from './around';
import classes from './Graph.module.css';

const OFFERED_MAX = 60;
const WHOLE = 'whole';

/** What of the address is about it. */
export interface Choice {
  around?: string | undefined;
  side?: string | undefined;
  depth?: string | undefined;
}

/** Return the side that an address asks for, or null for the whole graph. */
export const sideOf = (search: Choice): Side | null => SIDES.find((one) => one === search.side) ?? null;

interface Props {
  tasks: readonly Task[];
  search: Choice;
  /** Choose a task, or none. */
  find: (taskId: string | null) => void;
  put: (change: Choice) => void;
}

export function Neighbours({ tasks, search, find, put }: Props) {
  const { t } = useTranslation('dag');
  const side = sideOf(search);
  const chosen = tasks.find((task) => task.task_id === search.around);
  return (
    <>
      <Select
        size="xs"
        w={200}
        searchable
        clearable
        limit={OFFERED_MAX}
        aria-label={t('graph.find')}
        placeholder={t('graph.find')}
        nothingFoundMessage={t('graph.notFound')}
        clearButtonProps={{ 'aria-label': t('graph.forget') }}
        data={tasks.map((task) => task.task_id)}
        value={chosen?.task_id ?? null}
        onChange={find}
      />
      {chosen !== undefined && (
        <Select
          size="xs"
          w={170}
          allowDeselect={false}
          aria-label={t('graph.side')}
          data={[WHOLE, ...SIDES].map((value) => ({ value, label: t(`graph.sides.${value}`) }))}
          value={side ?? WHOLE}
          onChange={(value) => put({ side: value === WHOLE ? undefined : (value ?? undefined) })}
        />
      )}
      {chosen !== undefined && side !== null && (
        <>
          <Switch
            size="xs"
            checked={search.depth === 'direct'}
            label={t('graph.direct')}
            onChange={(event) => put({ depth: event.currentTarget.checked ? 'direct' : undefined })}
          />
          <Button
            size="compact-xs"
            radius="xl"
            variant="light"
            rightSection={<span aria-hidden>✕</span>}
            title={t('graph.leave', { task: chosen.label })}
            classNames={{ label: classes.chip ?? '' }}
            onClick={() => put({ side: undefined, depth: undefined })}
          >
            {t('graph.only', { task: chosen.label })}
          </Button>
        </>
      )}
    </>
  );
}
