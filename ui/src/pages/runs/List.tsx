/** A list of the page of all runs: its columns, its pages, what stands in its place. */
import { Button } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { AllRunsSearch } from '@/app/router';
import { cell } from '@/components/many/Boxes';
import { Empty, Failure, Loading } from '@/components/Waiting';
import classes from './AllRuns.module.css';
import { NEWEST, nextOrder, sortOf } from './order';

const route = getRouteApi('/runs');

export function useChange(): (what: Partial<AllRunsSearch>) => void {
  const navigate = route.useNavigate();
  return (what) =>
    void navigate({
      search: (before) => ({ ...before, before: undefined, ...what }),
      replace: !('before' in what) && !('tab' in what),
      resetScroll: false,
    });
}

/** What makes a list another one: not its page, nor its order. */
export function useListAbout(): string {
  const { before: _page, order: _order, ...filter } = route.useSearch();
  return JSON.stringify(filter);
}

export interface Column {
  name: string;
  /** What the server calls it, when lists can be ordered by it. */
  by?: string;
}

const SIGN_OF = { none: '', ascending: ' ↑', descending: ' ↓' } as const;

interface Listed {
  total_entries?: number | null;
  next_cursor?: string | null;
}

export function List<T extends Listed>({
  asked,
  count,
  head,
  rows,
  box,
  children,
}: {
  asked: UseQueryResult<T>;
  count: number;
  head: Column[];
  rows: ReactNode;
  /** The box that chooses all rows, of whoever may act on any. */
  box: ReactNode;
  children: ReactNode;
}) {
  const { t } = useTranslation('dag');
  const search = route.useSearch();
  const change = useChange();
  if (asked.error && !asked.data) {
    return <Failure error={asked.error} again={() => void asked.refetch()} />;
  }
  const found = asked.data;
  const order = search.order ?? NEWEST;
  if (!found) return <Loading />;
  if (count === 0) {
    const isFiltered = Object.entries(search).some(
      ([name, value]) => !['tab', 'order', 'exact'].includes(name) && value !== undefined,
    );
    return (
      <div className="card">
        <Empty title={t(isFiltered ? 'runs.none' : 'grid.noRuns')}>
          {t(isFiltered ? 'runs.noneHint' : 'all.noneHint')}
        </Empty>
      </div>
    );
  }
  return (
    <>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      <div className={`card ${classes.list}`} data-has-boxes={Boolean(box)}>
        <table className="plain">
          <thead>
            <tr>
              {box && <th className={cell}>{box}</th>}
              {head.map(({ name, by }) => (
                <th key={name} scope="col" aria-sort={by === undefined ? undefined : sortOf(by, order)}>
                  {by === undefined ? (
                    t(name)
                  ) : (
                    <button
                      type="button"
                      className={classes.sort}
                      title={t('all.sort')}
                      onClick={() => change({ order: nextOrder(by, search.order) })}
                    >
                      {t(name)}
                      <span aria-hidden="true">{SIGN_OF[sortOf(by, order)]}</span>
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{rows}</tbody>
        </table>
      </div>
      {(found.next_cursor != null || search.before !== undefined) && (
        <nav className={classes.pager} aria-label={t('all.pages')}>
          <Button
            size="xs"
            variant="default"
            disabled={search.before === undefined}
            onClick={() => change({ before: undefined })}
          >
            {t('runs.newest')}
          </Button>
          <Button
            size="xs"
            variant="default"
            disabled={found.next_cursor == null}
            onClick={() => change({ before: found.next_cursor ?? undefined })}
          >
            {t('runs.older')}
          </Button>
        </nav>
      )}
      {children}
    </>
  );
}
