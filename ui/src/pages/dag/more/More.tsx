/** The foot of a list of a DAG: how many of its rows are shown, and a way to more of them, by the address. */
import { Button } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import classes from '../Dag.module.css';

const route = getRouteApi('/dags/$dagId');

/** How many rows the address wants: `step` at first. */
export function useCount(step: number): number {
  return Math.max(step, route.useSearch().count ?? step);
}

export function More({ shown, total, step }: { shown: number; total: number; step: number }) {
  const { t } = useTranslation('dag');
  const navigate = route.useNavigate();
  if (total <= shown) return null;
  return (
    <div className={classes.pager}>
      <Button
        size="xs"
        variant="default"
        onClick={() =>
          void navigate({ search: (before) => ({ ...before, count: shown + step }), resetScroll: false })
        }
      >
        {t('events.more')}
      </Button>
      <span className="dim num">
        {shown} / {total}
      </span>
    </div>
  );
}
