/** Which instances a change is about: counted by run, each named. */
import { useTranslation } from 'react-i18next';
import { StateSign } from '@/components/State';
import { Failure, Loading } from '@/components/Waiting';
import type { Affected as Found } from './actions';
import classes from './Run.module.css';

const SHOWN_MAX = 200;

export function Affected({
  found,
  error,
  isPending,
}: {
  found: Found | undefined;
  error: Error | null;
  isPending: boolean;
}) {
  const { t } = useTranslation('run');
  if (error) return <Failure error={error} />;
  if (isPending || found === undefined) return <Loading />;
  if (found.total === 0) return <p className="dim">{t('preview.none')}</p>;
  const runs = new Set(found.instances.map((one) => `${one.dag_id}\n${one.dag_run_id}`));
  const dags = new Set(found.instances.map((one) => one.dag_id));
  return (
    <div>
      <p className={classes.previewHead} aria-live="polite">
        {t('preview.count', { count: found.total })}
        {runs.size > 1 && ` · ${t('preview.runs', { count: runs.size })}`}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keys. */}
      <ul className={classes.preview} tabIndex={0}>
        {found.instances.slice(0, SHOWN_MAX).map((one) => (
          <li key={`${one.dag_id}\n${one.dag_run_id}\n${one.task_id}\n${one.map_index}`}>
            <StateSign state={one.state} />
            <span className="mono">
              {one.task_id}
              {one.map_index >= 0 && ` [${one.map_index}]`}
            </span>
            {runs.size > 1 && (
              <span className="dim mono cut">
                {dags.size > 1 && `${one.dag_id} · `}
                {one.dag_run_id}
              </span>
            )}
          </li>
        ))}
        {found.total > SHOWN_MAX && (
          <li className="dim">{t('preview.more', { count: found.total - SHOWN_MAX })}</li>
        )}
      </ul>
    </div>
  );
}
