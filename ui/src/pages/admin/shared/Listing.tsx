/** What lists share: a search that stands in the address, pages, and the place of the table. */
import { Button, TextInput } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import type { AdminSearch } from '@/app/router';
import { Page } from '@/components/Page';
import { useTyped } from '@/components/useTyped';
import { Empty, Failure, Loading } from '@/components/Waiting';
import classes from './shared.module.css';

const route = getRouteApi('/admin/$section');
export const PAGE_SIZE = 50;

/** What the address says, and how to change it: a changed filter begins at the first page. */
export function useFilters(): [AdminSearch, (change: Partial<AdminSearch>) => void] {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return [
    search,
    (change) =>
      void navigate({
        search: (before) => ({ ...before, page: undefined, ...change }),
        replace: !('item' in change),
      }),
  ];
}

/** A text of the address, typed. */
export function Filter({
  name,
  label,
  width = 220,
}: {
  name: keyof AdminSearch;
  label: string;
  width?: number;
}) {
  const [search, change] = useFilters();
  const [typed, type] = useTyped(search[name] === undefined ? undefined : String(search[name]), (value) =>
    change({ [name]: value }),
  );
  return (
    <TextInput
      size="xs"
      w={width}
      placeholder={label}
      aria-label={label}
      value={typed}
      onChange={(event) => type(event.currentTarget.value)}
    />
  );
}

/** Where one is in a long list. */
export function Pager({ total, size = PAGE_SIZE }: { total: number; size?: number }) {
  const { t } = useTranslation('manage');
  const [search, change] = useFilters();
  const page = search.page ?? 1;
  const pages = Math.max(1, Math.ceil(total / size));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `change` is another one each time.
  useEffect(() => {
    // What stood on the last page may be gone.
    if (total > 0 && page > pages) change({ page: pages === 1 ? undefined : pages });
  }, [total, page, pages]);
  if (pages === 1) return null;
  return (
    <nav className={classes.pager} aria-label={t('pages')}>
      <Button
        size="compact-xs"
        variant="default"
        disabled={page <= 1}
        onClick={() => change({ page: page - 1 })}
      >
        {t('before')}
      </Button>
      <span className="num dim">{t('pageOf', { page, pages })}</span>
      <Button
        size="compact-xs"
        variant="default"
        disabled={page >= pages}
        onClick={() => change({ page: page + 1 })}
      >
        {t('after')}
      </Button>
    </nav>
  );
}

interface SectionPageProps {
  section: string;
  actions?: ReactNode;
  children: ReactNode;
}

export function SectionPage({ section, actions, children }: SectionPageProps) {
  const { t } = useTranslation('manage');
  const title = t(`common:admin.${section}.title`);
  return (
    <Page title={title} name={title} actions={actions}>
      {children}
    </Page>
  );
}

interface StateOf {
  error: Error | null;
  isPending: boolean;
  refetch: () => unknown;
}

interface ListingProps {
  asked: StateOf;
  count: number;
  empty: string;
  emptyHint?: string;
  children: ReactNode;
}

/** A list, or what stands in its place. */
export function Listing({ asked, count, empty, emptyHint, children }: ListingProps) {
  if (asked.error && count === 0) return <Failure error={asked.error} again={() => void asked.refetch()} />;
  if (asked.isPending) return <Loading />;
  return (
    <>
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      <div className={`card ${classes.listing}`}>
        {count === 0 ? <Empty title={empty}>{emptyHint}</Empty> : children}
      </div>
    </>
  );
}

export function Part({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <section className={classes.part}>
      <div className={classes.partHead}>
        <h2>{title}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}
