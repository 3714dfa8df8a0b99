/** Connections: where hooks go, and with which secrets, which can be written and never be read. */
import { Button } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useMay } from '../rights';
import { Destroy, Edit } from '../shared/Dialogs';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import { isMasked, isPartlyMasked } from '../shared/secrets';
import shared from '../shared/shared.module.css';
import { useMany } from '../shared/useMany';
import { ConnectionDialog } from './ConnectionDialog';

type Connection = Schema['ConnectionResponse'];

const connectionsQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: ['connections', q, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/connections', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              order_by: ['connection_id'],
              ...(q ? { connection_id_pattern: q } : {}),
            },
          },
        }),
      ),
    placeholderData: (before: Schema['ConnectionCollectionResponse'] | undefined) => before,
  });

export default function Connections() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [search] = useFilters();
  const asked = useQuery(connectionsQuery(search.q, search.page ?? 1));
  const [edited, setEdited] = useState<Connection | 'new' | null>(null);
  const connections = asked.data?.connections ?? [];
  const many = useMany({
    kind: 'connections',
    permission: 'connection:delete',
    shown: connections.map((one) => one.connection_id),
    filter: search.q,
    hint: t('connections.deleteHint'),
  });
  const total = asked.data?.total_entries ?? 0;
  return (
    <SectionPage
      section="connections"
      actions={
        may('connection:create') && (
          <Button size="xs" onClick={() => setEdited('new')}>
            {t('connections.new')}
          </Button>
        )
      }
    >
      <div className={shared.filters}>
        <Filter name="q" label={t('byName')} />
        <span className="dim num">{asked.data && t('connections.count', { count: total })}</span>
      </div>
      <Listing
        asked={asked}
        count={connections.length}
        empty={t(search.q ? 'connections.none' : 'connections.noneYet')}
        emptyHint={t(search.q ? 'noneHint' : 'connections.noneYetHint')}
      >
        <table className="plain">
          <thead>
            <tr>
              {many.head}
              <th scope="col">{t('connections.id')}</th>
              <th scope="col" className={shared.wide}>
                {t('connections.type')}
              </th>
              <th scope="col">{t('connections.host')}</th>
              <th scope="col" className={shared.wide}>
                {t('connections.schema')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('connections.login')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('connections.secrets')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('description')}
              </th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {connections.map((one) => (
              <tr key={one.connection_id}>
                {many.cellOf(one.connection_id)}
                <td className={`mono ${shared.any}`}>
                  {one.connection_id}
                  <span className={`dim ${shared.narrow}`}>{one.conn_type}</span>
                </td>
                <td className={`mono ${shared.wide}`}>{one.conn_type}</td>
                <td className={`mono ${shared.any} ${shared.named}`}>
                  {one.host}
                  {one.port !== null && <span className="num">:{one.port}</span>}
                </td>
                <td className={`mono ${shared.wide} ${shared.any}`}>{one.schema}</td>
                <td className={`mono ${shared.wide} ${shared.any}`}>{one.login}</td>
                <td className={`dim ${shared.wide}`}>
                  {[
                    one.password !== null && t('connections.password'),
                    (isMasked(one.extra) || isPartlyMasked(one.extra)) && t('connections.inExtra'),
                  ]
                    .filter(Boolean)
                    .join(', ')}
                </td>
                <td className={`${shared.wide} ${shared.any}`}>{one.description}</td>
                <td>
                  <div className={shared.actions}>
                    {may('connection:edit') && <Edit about={one.connection_id} open={() => setEdited(one)} />}
                    {may('connection:delete') && (
                      <Destroy
                        label={t('delete')}
                        about={one.connection_id}
                        question={t('connections.delete')}
                        hint={t('connections.deleteHint')}
                        stale={['connections']}
                        done={t('deleted', { name: one.connection_id })}
                        act={() =>
                          data(
                            client.DELETE('/api/v2/connections/{connection_id}', {
                              params: { path: { connection_id: one.connection_id } },
                            }),
                          )
                        }
                      />
                    )}
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Listing>
      <Pager total={total} />
      {many.bar}
      {edited !== null && (
        <ConnectionDialog connection={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
    </SectionPage>
  );
}
