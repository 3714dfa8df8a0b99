/** The grid of a DAG: which runs and tasks of it are shown. */
import { Button, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useTyped } from '@/components/useTyped';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { GridCanvas } from '@/pages/dag/grid/GridCanvas';
import { GridLegend } from '@/pages/dag/grid/Legend';
import { gridQuery } from '@/pages/dag/queries';
import classes from './Grid.module.css';

const route = getRouteApi('/dags/$dagId');
const COUNTS = ['30', '90', '180', '365'];

export function GridTab({ dagId, trigger }: { dagId: string; trigger: (() => void) | null }) {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const limit = search.count ?? 90;
  const { data: grid, error, isPending, refetch } = useQuery(gridQuery(dagId, limit, search.before));
  const [typed, type] = useTyped(
    search.q,
    (q) => void navigate({ search: (before) => ({ ...before, q }), replace: true }),
  );
  const groups = grid?.groups ?? [];
  const folded = useMemo(() => new Set((search.fold ?? '').split(',').filter(Boolean)), [search.fold]);
  const fold = useCallback(
    (next: Iterable<string>) =>
      void navigate({
        search: (before) => ({ ...before, fold: [...next].join(',') || undefined }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  );
  const oldest = grid?.runs[0];
  return (
    <div>
      <div className={classes.tools}>
        <TextInput
          size="xs"
          w={180}
          value={typed}
          placeholder={t('grid.find')}
          aria-label={t('grid.find')}
          onChange={(event) => type(event.currentTarget.value)}
        />
        <Select
          size="xs"
          w={116}
          aria-label={t('grid.count')}
          allowDeselect={false}
          data={COUNTS.map((value) => ({ value, label: t('grid.runs', { count: Number(value) }) }))}
          value={COUNTS.includes(String(limit)) ? String(limit) : null}
          onChange={(count) => void navigate({ search: (before) => ({ ...before, count: Number(count) }) })}
        />
        {groups.length > 0 && (
          <Button.Group>
            <Button size="xs" variant="default" onClick={() => fold(groups.map((group) => group.group_id))}>
              {t('grid.foldAll')}
            </Button>
            <Button size="xs" variant="default" disabled={folded.size === 0} onClick={() => fold([])}>
              {t('grid.unfoldAll')}
            </Button>
          </Button.Group>
        )}
        <Button.Group>
          <Button
            size="xs"
            variant="default"
            disabled={oldest === undefined || (grid?.runs.length ?? 0) < Math.min(limit, 30)}
            onClick={() => void navigate({ search: (before) => ({ ...before, before: oldest?.run_after }) })}
          >
            {t('grid.older')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={search.before === undefined}
            onClick={() => void navigate({ search: (before) => ({ ...before, before: undefined }) })}
          >
            {t('grid.newest')}
          </Button>
        </Button.Group>
        <GridLegend />
      </div>
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {grid !== undefined && grid.runs.length === 0 && (
        <Empty title={t('grid.noRuns')}>
          <div>{t('grid.noRunsHint')}</div>
          {trigger && (
            <Button mt={8} size="xs" onClick={trigger}>
              {t('head.trigger')}
            </Button>
          )}
        </Empty>
      )}
      {grid !== undefined && grid.tasks.length > 0 && (
        <GridCanvas dagId={dagId} grid={grid} folded={folded} fold={fold} wanted={search.q ?? ''} />
      )}
    </div>
  );
}
