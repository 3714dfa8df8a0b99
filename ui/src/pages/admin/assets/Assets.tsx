/** All assets, and the one that is chosen. */
import { SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Moment } from '@/components/Moment';
import { Empty, Loading } from '@/components/Waiting';
import { Filter, Listing, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import classes from './Assets.module.css';
import { OneAsset, Places } from './OneAsset';
import { assetsQuery } from './queries';

const AssetGraph = lazy(async () => ({ default: (await import('./AssetGraph')).AssetGraph }));

function AssetList() {
  const { t } = useTranslation('manage');
  const [search] = useFilters();
  const asked = useQuery(assetsQuery(search.q, search.page ?? 1));
  const assets = asked.data?.assets ?? [];
  const total = asked.data?.total_entries ?? 0;
  return (
    <>
      <div className={shared.filters}>
        <Filter name="q" label={t('byName')} />
        <span className="dim num">{asked.data && t('assets.count', { count: total })}</span>
      </div>
      <Listing
        asked={asked}
        count={assets.length}
        empty={t(search.q ? 'assets.none' : 'assets.noneYet')}
        emptyHint={t('assets.noneHint')}
      >
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('assets.asset')}</th>
              <th scope="col" className={shared.wide}>
                URI
              </th>
              <th scope="col" className={shared.wide}>
                {t('assets.producers')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('assets.dags')}
              </th>
              <th scope="col">{t('assets.last')}</th>
            </tr>
          </thead>
          <tbody>
            {assets.map((asset) => (
              <tr key={asset.id}>
                <td className={shared.any}>
                  <Link
                    to="/admin/$section"
                    params={{ section: 'assets' }}
                    search={{ item: String(asset.id) }}
                    className={classes.name}
                  >
                    {asset.name}
                  </Link>
                </td>
                <td className={`mono ${shared.wide} ${shared.any}`}>{asset.uri}</td>
                <td className={shared.wide}>
                  <Places places={asset.producing_tasks} />
                </td>
                <td className={shared.wide}>
                  <Places places={asset.scheduled_dags} />
                </td>
                <td>
                  {asset.last_asset_event?.timestamp == null ? (
                    <span className="dim">{t('assets.never')}</span>
                  ) : (
                    <Moment at={asset.last_asset_event.timestamp} relative />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Listing>
      <Pager total={total} />
    </>
  );
}

export default function Assets() {
  const { t } = useTranslation('manage');
  const [{ item, tab }, change] = useFilters();
  const isGraph = tab === 'graph';
  if (isGraph || item === undefined) {
    return (
      <SectionPage
        section="assets"
        actions={
          <SegmentedControl
            size="xs"
            aria-label={t('assets.tabs')}
            data={['list', 'graph'].map((value) => ({ value, label: t(`assets.tab.${value}`) }))}
            value={isGraph ? 'graph' : 'list'}
            onChange={(value) =>
              change({ tab: value === 'graph' ? value : undefined, item: undefined, state: undefined })
            }
          />
        }
      >
        {isGraph ? (
          <Suspense fallback={<Loading />}>
            <AssetGraph />
          </Suspense>
        ) : (
          <AssetList />
        )}
      </SectionPage>
    );
  }
  const id = Number(item);
  if (!Number.isSafeInteger(id)) return <Empty title={t('assets.none')} />;
  return <OneAsset key={id} id={id} />;
}
