/** Which instances a change is about: each named while they are few, else counted by task, a part at a time. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { StateSign } from '@/components/State';
import { Failure, Loading } from '@/components/Waiting';
import classes from './Run.module.css';
import { Counts } from './TaskList';
import { keyOf, type Named, type TaskCount, type Touched } from './touched';

const TASKS_STEP = 50;

/** What is left out of them, by its keys. */
export interface Leaving {
  left: ReadonlySet<string>;
  turn: (key: string) => void;
}

interface Props {
  found: Touched | undefined;
  error: Error | null;
  isPending: boolean;
  /** Null where all are touched or none. */
  leaving?: Leaving | null;
}

export function Affected({ found, error, isPending, leaving = null }: Props) {
  const { t } = useTranslation('run');
  if (error) return <Failure error={error} />;
  if (isPending || found === undefined) return <Loading />;
  if (found.total === 0) return <p className="dim">{t('preview.none')}</p>;
  const hasDags = new Set(found.tasks.map((one) => one.dag_id)).size > 1;
  return (
    <div>
      <p className={classes.previewHead} aria-live="polite">
        {t('preview.count', { count: found.total - (leaving?.left.size ?? 0) })}
        {found.runs > 1 && ` · ${t('preview.runs', { count: found.runs })}`}
      </p>
      {found.instances === null ? (
        <Tasks tasks={found.tasks} hasRuns={found.runs > 1} hasDags={hasDags} />
      ) : (
        <Instances instances={found.instances} hasRuns={found.runs > 1} hasDags={hasDags} leaving={leaving} />
      )}
    </div>
  );
}

interface ListProps {
  hasRuns: boolean;
  hasDags: boolean;
}

interface InstancesProps extends ListProps {
  instances: Named[];
  leaving: Leaving | null;
}

function Instances({ instances, hasRuns, hasDags, leaving }: InstancesProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys.
    <ul className={classes.preview} tabIndex={0}>
      {instances.map((one) => (
        <li key={`${one.dag_id}\n${one.dag_run_id}\n${one.task_id}\n${one.map_index}`}>
          {leaving && (
            <input
              type="checkbox"
              aria-label={one.map_index < 0 ? one.task_id : `${one.task_id} [${one.map_index}]`}
              checked={!leaving.left.has(keyOf(one))}
              onChange={() => leaving.turn(keyOf(one))}
            />
          )}
          <StateSign state={one.state} />
          <span className="mono">
            {one.task_id}
            {one.map_index >= 0 && ` [${one.map_index}]`}
          </span>
          {hasRuns && (
            <span className="dim mono cut">
              {hasDags && `${one.dag_id} · `}
              {one.dag_run_id}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Tasks({ tasks, hasRuns, hasDags }: ListProps & { tasks: TaskCount[] }) {
  const { t } = useTranslation('run');
  const [shown, setShown] = useState(TASKS_STEP);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys.
    <ul className={classes.preview} tabIndex={0}>
      {tasks.slice(0, shown).map((one) => (
        <li key={`${one.dag_id}\n${one.task_id}`}>
          <span className={`mono cut ${classes.previewTask}`} title={one.task_id}>
            {hasDags && <span className="dim">{one.dag_id} · </span>}
            {one.task_id}
          </span>
          {hasRuns && <span className="dim num nowrap">{t('preview.runs', { count: one.runs })}</span>}
          <Counts counts={one.states} />
        </li>
      ))}
      {tasks.length > shown && (
        <li>
          <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown + TASKS_STEP)}>
            {t('preview.more', { count: tasks.length - shown })}
          </Button>
        </li>
      )}
    </ul>
  );
}
