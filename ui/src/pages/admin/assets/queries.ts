/** What the pages of assets ask. */
import { queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import { wholeOf } from '@/api/whole';
import { PAGE_SIZE } from '../shared/Listing';

const LIVE_MS = 5_000;
const KEPT_MAX = 1_000;

export const assetsQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: ['assets', q, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/assets', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              order_by: ['name'],
              ...(q ? { name_pattern: q } : {}),
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: (before: Schema['AssetCollectionResponse'] | undefined) => before,
  });

export const assetQuery = (id: number) =>
  queryOptions({
    queryKey: ['asset', id],
    queryFn: () => data(client.GET('/api/v2/assets/{asset_id}', { params: { path: { asset_id: id } } })),
    refetchInterval: LIVE_MS,
  });

export const assetEventsQuery = (id: number, page: number) =>
  queryOptions({
    queryKey: ['assetEvents', id, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/assets/events', {
          params: {
            query: {
              asset_id: id,
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              order_by: ['-timestamp'],
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: (before: Schema['AssetEventCollectionResponse'] | undefined) => before,
  });

export const queuedQuery = (id: number) =>
  queryOptions({
    queryKey: ['assetQueue', id],
    queryFn: async () => {
      const answer = await client.GET('/api/v2/assets/{asset_id}/queuedEvents', {
        params: { path: { asset_id: id } },
      });
      // Nothing in the queue is told as nothing found.
      if (answer.response.status === 404) return { queued_events: [], total_entries: 0 };
      return data(Promise.resolve(answer));
    },
    refetchInterval: LIVE_MS,
  });

/** What writers of an asset keep about it. */
export const assetStateQuery = (id: number) =>
  queryOptions({
    queryKey: ['assetState', id],
    queryFn: () =>
      wholeOf('asset_state_store', KEPT_MAX, (query) =>
        data(
          client.GET('/api/v2/assets/{asset_id}/state-store', { params: { path: { asset_id: id }, query } }),
        ),
      ),
    refetchInterval: LIVE_MS,
    retry: false,
  });

const ASSETS_MAX = 1000;

/** All assets, up to a number. */
export const allAssetsQuery = queryOptions({
  queryKey: ['assets', 'all'],
  queryFn: async () => {
    const { assets, total_entries: total } = await wholeOf('assets', ASSETS_MAX, (page) =>
      data(client.GET('/api/v2/assets', { params: { query: { ...page, order_by: ['name'] } } })),
    );
    return { assets, isWhole: assets.length >= total };
  },
  refetchInterval: 15_000,
});
