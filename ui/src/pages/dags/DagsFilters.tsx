/** By what the list of DAGs is narrowed; all of it stands in the address. */
import { Button, Chip, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { tagsQuery } from '@/api/queries';
import { useTyped } from '@/components/useTyped';
import { RUN_STATES } from '@/lib/states';
import classes from './Dags.module.css';

const route = getRouteApi('/dags');

// The list is rendered in each frame that it is scrolled; these would cost as much as its new rows.
export const DagsFilters = memo(function DagsFilters({ count }: { count: number | undefined }) {
  const { t } = useTranslation();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { data: tags } = useQuery(tagsQuery);
  const [typed, type] = useTyped(
    search.q,
    (q) => void navigate({ search: (before) => ({ ...before, q }), replace: true }),
  );
  return (
    <div className={classes.filters}>
      <TextInput
        size="xs"
        w={240}
        placeholder={t('dags.filter')}
        aria-label={t('dags.filter')}
        value={typed}
        onChange={(event) => type(event.currentTarget.value)}
      />
      <Select
        size="xs"
        w={160}
        searchable
        clearable
        aria-label={t('dags.anyTag')}
        placeholder={t('dags.anyTag')}
        data={tags?.tags ?? []}
        value={search.tag ?? null}
        onChange={(tag) => void navigate({ search: (before) => ({ ...before, tag: tag ?? undefined }) })}
      />
      <Select
        size="xs"
        w={160}
        clearable
        aria-label={t('dags.anyState')}
        placeholder={t('dags.anyState')}
        data={RUN_STATES.map((state) => ({ value: state, label: t(`states.${state}`) }))}
        value={search.state ?? null}
        onChange={(state) =>
          void navigate({ search: (before) => ({ ...before, state: state ?? undefined }) })
        }
      />
      <SegmentedControl
        size="xs"
        data={[
          { value: '', label: t('dags.all') },
          { value: 'false', label: t('dags.active') },
          { value: 'true', label: t('dags.paused') },
        ]}
        value={search.paused ?? ''}
        onChange={(paused) =>
          void navigate({ search: (before) => ({ ...before, paused: paused || undefined }) })
        }
      />
      <Chip
        size="xs"
        checked={search.star === 'true'}
        onChange={(isOn) =>
          void navigate({ search: (before) => ({ ...before, star: isOn ? 'true' : undefined }) })
        }
      >
        {t('dags.favourites')}
      </Chip>
      {search.owner !== undefined && (
        <Button
          size="compact-xs"
          variant="light"
          rightSection="×"
          onClick={() => void navigate({ search: (before) => ({ ...before, owner: undefined }) })}
        >
          {t('dags.owner')}: {search.owner}
        </Button>
      )}
      <span className="dim num">{count !== undefined && t('dags.count', { count })}</span>
    </div>
  );
});
