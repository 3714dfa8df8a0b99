/** Connections: where hooks go, and with which secrets, which can be written and never be read. */
import { Autocomplete, Button, NumberInput, PasswordInput, Textarea, TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { StateSign } from '@/components/State';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Destroy, Edit, FormDialog } from '../shared/Dialogs';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import { isMasked, isPartlyMasked } from '../shared/secrets';
import shared from '../shared/shared.module.css';
import { useMany } from '../shared/useMany';
import { bodyOf, type ConnectionFields, fieldsOf, TYPES, wrongIn } from './connection';

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

/** Whether the server tests connections; where it does not say so, it is taken not to. */
const isTestedQuery = queryOptions({
  queryKey: ['config', 'core', 'test_connection'],
  queryFn: async () => {
    const { data: found } = await client.GET('/api/v2/config/section/{section}/option/{option}', {
      params: { path: { section: 'core', option: 'test_connection' } },
    });
    return found?.sections[0]?.options[0]?.value === 'enabled';
  },
  staleTime: Number.POSITIVE_INFINITY,
});

function save(connection: Connection | null, fields: ConnectionFields): Promise<unknown> {
  const { body, mask } = bodyOf(fields, connection);
  if (connection === null) return data(client.POST('/api/v2/connections', { body }));
  return data(
    client.PATCH('/api/v2/connections/{connection_id}', {
      params: { path: { connection_id: connection.connection_id }, query: { update_mask: mask } },
      body,
    }),
  );
}

function ConnectionDialog({ connection, close }: { connection: Connection | null; close: () => void }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const { data: isTested } = useQuery({ ...isTestedQuery, enabled: may('config:read') });
  const [fields, setFields] = useState(() => fieldsOf(connection));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [tested, setTested] = useState<Schema['ConnectionTestResponse'] | null>(null);
  const doing = useAct(
    () => save(connection, fields),
    ['connections'],
    () => t('saved', { name: fields.id }),
  );
  const testing = useAct(async () => {
    const { body, mask } = bodyOf(fields, connection);
    // What was not typed is tested with what is stored: the mask stands for it.
    const kept = connection !== null && !mask.includes('password') && connection.password !== null;
    setTested(
      await data(
        client.POST('/api/v2/connections/test', {
          body: { ...body, ...(kept ? { password: '***' } : {}) },
        }),
      ),
    );
  }, []);
  const isFine = () => {
    const found = wrongIn(fields);
    setWrong(found);
    return Object.keys(found).length === 0;
  };
  const set = (change: Partial<ConnectionFields>) => {
    setTested(null);
    setFields({ ...fields, ...change });
  };
  const faultOf = (name: string, ofServer = name) =>
    wrong[name] ? t(wrong[name]) : (doing.faults[ofServer] ?? testing.faults[ofServer]);
  return (
    <FormDialog
      title={
        connection === null ? t('connections.new') : t('connections.edit', { id: connection.connection_id })
      }
      close={close}
      submit={async () => {
        if (isFine() && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error ?? testing.error}
      fields={[
        'connection_id',
        'conn_type',
        'host',
        'port',
        'schema',
        'login',
        'password',
        'extra',
        'description',
      ]}
      size="lg"
      more={
        isTested && (
          <Button
            size="xs"
            variant="default"
            loading={testing.isBusy}
            onClick={() => void (isFine() && testing.run(undefined))}
          >
            {t('connections.test')}
          </Button>
        )
      }
    >
      <div className={shared.pair}>
        <TextInput
          label={t('connections.id')}
          required
          disabled={connection !== null}
          data-autofocus={connection === null || undefined}
          value={fields.id}
          error={faultOf('id', 'connection_id')}
          onChange={(event) => set({ id: event.currentTarget.value })}
        />
        <Autocomplete
          label={t('connections.type')}
          required
          data={TYPES}
          value={fields.type}
          error={faultOf('type', 'conn_type')}
          onChange={(type) => set({ type })}
        />
        <TextInput
          label={t('connections.host')}
          value={fields.host}
          error={faultOf('host')}
          onChange={(event) => set({ host: event.currentTarget.value })}
        />
        <NumberInput
          label={t('connections.port')}
          allowDecimal={false}
          allowNegative={false}
          hideControls
          value={fields.port}
          error={faultOf('port')}
          onChange={(port) => set({ port })}
        />
        <TextInput
          label={t('connections.login')}
          autoComplete="off"
          value={fields.login}
          error={faultOf('login')}
          onChange={(event) => set({ login: event.currentTarget.value })}
        />
        <PasswordInput
          label={t('connections.password')}
          autoComplete="new-password"
          placeholder={isMasked(connection?.password) ? t('secretKept') : undefined}
          value={fields.password}
          error={faultOf('password')}
          onChange={(event) => set({ password: event.currentTarget.value })}
          visibilityToggleButtonProps={{ 'aria-label': t('connections.show') }}
        />
      </div>
      <TextInput
        label={t('connections.schema')}
        value={fields.schema}
        error={faultOf('schema')}
        onChange={(event) => set({ schema: event.currentTarget.value })}
      />
      <Textarea
        label={t('connections.extra')}
        description={
          isMasked(connection?.extra)
            ? t('secretHint')
            : isPartlyMasked(connection?.extra)
              ? t('partlySecretHint')
              : undefined
        }
        placeholder={isMasked(connection?.extra) ? t('secretKept') : '{}'}
        autosize
        minRows={3}
        maxRows={14}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
        value={fields.extra}
        error={faultOf('extra')}
        onChange={(event) => set({ extra: event.currentTarget.value })}
      />
      <TextInput
        label={t('description')}
        value={fields.description}
        error={faultOf('description')}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      {tested !== null && (
        <div role="status" className={shared.any}>
          <StateSign state={tested.status ? 'success' : 'failed'} /> {tested.message}
        </div>
      )}
      {isTested === false && <div className="dim">{t('connections.noTest')}</div>}
    </FormDialog>
  );
}

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
                <td className={`mono ${shared.any}`}>
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
