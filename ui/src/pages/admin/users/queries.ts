/** Accounts: one's own and those of others. */
import { queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import { PAGE_SIZE } from '../shared/Listing';

export const usersQuery = (page: number) =>
  queryOptions({
    queryKey: ['users', page],
    queryFn: () =>
      data(
        client.GET('/api/windward/v1/users', {
          params: { query: { limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE } },
        }),
      ),
    placeholderData: (before: Schema['UserCollectionResponse'] | undefined) => before,
  });

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: () => data(client.GET('/api/windward/v1/roles')),
});

export const mySessionsQuery = queryOptions({
  queryKey: ['mySessions'],
  queryFn: () => data(client.GET('/api/windward/v1/me/sessions')),
});

export const myTokensQuery = queryOptions({
  queryKey: ['myTokens'],
  queryFn: () => data(client.GET('/api/windward/v1/me/tokens')),
});

export const sessionsOfQuery = (username: string) =>
  queryOptions({
    queryKey: ['userSessions', username],
    queryFn: () =>
      data(client.GET('/api/windward/v1/users/{username}/sessions', { params: { path: { username } } })),
  });

export const tokensOfQuery = (username: string) =>
  queryOptions({
    queryKey: ['userTokens', username],
    queryFn: () =>
      data(client.GET('/api/windward/v1/users/{username}/tokens', { params: { path: { username } } })),
  });
