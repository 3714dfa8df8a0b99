/** Pools: how full each is, and changing them. */
import { Button, Checkbox, NumberInput, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Bar, Legend } from '../shared/Bar';
import { Destroy, Edit, FormDialog } from '../shared/Dialogs';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { useMany } from '../shared/useMany';
import { DEFAULT_POOL, type PoolFields, piecesOf, UNLIMITED, wrongIn } from './pool';
import { UseChart } from './UseChart';

type Pool = Schema['PoolResponse'];
const LIVE_MS = 3_000;
const USE_MS = 30_000;
const HOURS = ['1', '6', '24', '48'];

const poolsQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: ['pools', q, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/pools', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              ...(q ? { pool_name_pattern: q } : {}),
            },
          },
        }),
      ),
    refetchInterval: LIVE_MS,
    placeholderData: (before: Schema['PoolCollectionResponse'] | undefined) => before,
  });

const useQueryOf = (hours: number) =>
  queryOptions({
    queryKey: ['poolUse', hours],
    queryFn: () => data(client.GET('/api/windward/v1/pools/use', { params: { query: { hours } } })),
    refetchInterval: USE_MS,
    placeholderData: (before: Schema['PoolUseCollectionResponse'] | undefined) => before,
  });

function save(pool: Pool | null, fields: PoolFields): Promise<unknown> {
  const slots = Number(fields.slots);
  if (pool === null) {
    return data(
      client.POST('/api/v2/pools', {
        body: {
          name: fields.name.trim(),
          slots,
          description: fields.description || null,
          include_deferred: fields.includeDeferred,
          team_name: null,
        },
      }),
    );
  }
  const isDefault = pool.name === DEFAULT_POOL;
  return data(
    client.PATCH('/api/v2/pools/{pool_name}', {
      params: {
        path: { pool_name: pool.name },
        query: { update_mask: ['slots', 'include_deferred', ...(isDefault ? [] : ['description'])] },
      },
      body: {
        pool: pool.name,
        slots,
        include_deferred: fields.includeDeferred,
        ...(isDefault ? {} : { description: fields.description || null }),
      },
    }),
  );
}

function PoolDialog({ pool, close }: { pool: Pool | null; close: () => void }) {
  const { t } = useTranslation('manage');
  const [fields, setFields] = useState<PoolFields>({
    name: pool?.name ?? '',
    slots: pool?.slots ?? 8,
    description: pool?.description ?? '',
    includeDeferred: pool?.include_deferred ?? false,
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const doing = useAct(
    () => save(pool, fields),
    ['pools'],
    () => t('saved', { name: fields.name }),
  );
  const submit = async () => {
    const found = wrongIn(fields);
    setWrong(found);
    if (Object.keys(found).length === 0 && (await doing.run(undefined))) close();
  };
  const faultOf = (name: string) => (wrong[name] ? t(wrong[name]) : doing.faults[name]);
  return (
    <FormDialog
      title={pool === null ? t('pools.new') : t('pools.edit', { name: pool.name })}
      close={close}
      submit={() => void submit()}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['name', 'slots', 'description']}
    >
      <TextInput
        label={t('name')}
        required
        disabled={pool !== null}
        data-autofocus={pool === null || undefined}
        value={fields.name}
        error={faultOf('name')}
        onChange={(event) => setFields({ ...fields, name: event.currentTarget.value })}
      />
      <NumberInput
        label={t('pools.slots')}
        description={t('pools.slotsHint')}
        required
        min={UNLIMITED}
        allowDecimal={false}
        data-autofocus={pool !== null || undefined}
        value={fields.slots}
        error={faultOf('slots')}
        onChange={(slots) => setFields({ ...fields, slots })}
      />
      <Textarea
        label={t('description')}
        autosize
        minRows={2}
        disabled={pool?.name === DEFAULT_POOL}
        value={fields.description}
        error={faultOf('description')}
        onChange={(event) => setFields({ ...fields, description: event.currentTarget.value })}
      />
      <Checkbox
        label={t('pools.deferred')}
        description={t('pools.deferredHint')}
        checked={fields.includeDeferred}
        onChange={(event) => setFields({ ...fields, includeDeferred: event.currentTarget.checked })}
      />
    </FormDialog>
  );
}

export default function Pools() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [search, change] = useFilters();
  const hours = HOURS.includes(search.since ?? '') ? Number(search.since) : 6;
  const { data: over } = useQuery(useQueryOf(hours));
  const asked = useQuery(poolsQuery(search.q, search.page ?? 1));
  const [edited, setEdited] = useState<Pool | 'new' | null>(null);
  const pools = asked.data?.pools ?? [];
  const many = useMany({
    kind: 'pools',
    permission: 'pool:delete',
    shown: pools.flatMap((pool) => (pool.name === DEFAULT_POOL ? [] : [pool.name])),
    filter: search.q,
    hint: t('pools.deleteHint'),
  });
  const word = (name: string) => t(`common:states.${name}`);
  return (
    <SectionPage
      section="pools"
      actions={
        may('pool:create') && (
          <Button size="xs" onClick={() => setEdited('new')}>
            {t('pools.new')}
          </Button>
        )
      }
    >
      <div className={shared.filters}>
        <Filter name="q" label={t('byName')} />
        <span className="dim num">{asked.data && t('pools.count', { count: asked.data.total_entries })}</span>
        <span className={shared.push} />
        <SegmentedControl
          size="xs"
          aria-label={t('pools.over')}
          data={HOURS.map((value) => ({ value, label: t('pools.hours', { count: Number(value) }) }))}
          value={String(hours)}
          onChange={(value) => change({ since: value === '6' ? undefined : value })}
        />
      </div>
      <Listing asked={asked} count={pools.length} empty={t('pools.none')} emptyHint={t('noneHint')}>
        <table className="plain">
          <thead>
            <tr>
              {many.head}
              <th scope="col">{t('pool')}</th>
              <th scope="col" style={{ width: '24%' }}>
                {t('pools.use')}
              </th>
              <th scope="col" style={{ width: '30%' }} className={shared.wide}>
                {t('pools.over')}
              </th>
              <th scope="col" className={`${shared.right} ${shared.wide}`}>
                {t('pools.open')}
              </th>
              <th scope="col" className={`${shared.right} ${shared.wide}`}>
                {t('pools.slots')}
              </th>
              <th scope="col" className={`${shared.right} ${shared.wide}`} title={t('pools.scheduledHint')}>
                {t('common:states.scheduled')}
              </th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {pools.map((pool) => {
              const pieces = piecesOf(pool, word);
              const said = pieces.map((piece) => `${piece.name} ${piece.count}`).join(', ');
              const isUnlimited = pool.slots === UNLIMITED;
              return (
                <tr key={pool.name}>
                  {many.cellOf(pool.name)}
                  <td className={`${shared.any} ${shared.named}`}>
                    <strong>{pool.name}</strong>
                    {pool.description && <div className="dim">{pool.description}</div>}
                  </td>
                  <td>
                    <Bar
                      pieces={pieces}
                      total={isUnlimited ? 0 : pool.slots}
                      label={`${pool.name}: ${said}, ${t('pools.open')} ${pool.open_slots}`}
                    />
                    <Legend
                      pieces={
                        pool.include_deferred || pool.deferred_slots === 0
                          ? pieces
                          : [
                              ...pieces,
                              {
                                name: t('pools.uncounted'),
                                count: pool.deferred_slots,
                                colour: 'none',
                                pattern: 'stripes',
                              },
                            ]
                      }
                    />
                    <div className={`num ${shared.narrow}`}>
                      {t('pools.open')} {isUnlimited ? '∞' : pool.open_slots}
                    </div>
                  </td>
                  <td className={shared.wide}>
                    {over && (
                      <UseChart
                        name={pool.name}
                        slots={pool.slots}
                        use={over.pools.find((one) => one.name === pool.name)}
                        over={over}
                      />
                    )}
                  </td>
                  <td className={`num ${shared.right} ${shared.wide}`}>
                    {isUnlimited ? '∞' : pool.open_slots}
                  </td>
                  <td className={`num ${shared.right} ${shared.wide}`}>{isUnlimited ? '∞' : pool.slots}</td>
                  <td className={`num ${shared.right} ${shared.wide}`}>{pool.scheduled_slots}</td>
                  <td>
                    <div className={shared.actions}>
                      {may('pool:edit') && <Edit about={pool.name} open={() => setEdited(pool)} />}
                      {may('pool:delete') && (
                        <Destroy
                          label={t('delete')}
                          about={pool.name}
                          question={t('pools.delete')}
                          hint={t('pools.deleteHint')}
                          isDisabled={pool.name === DEFAULT_POOL}
                          why={pool.name === DEFAULT_POOL ? t('pools.stays') : undefined}
                          stale={['pools']}
                          done={t('deleted', { name: pool.name })}
                          act={() =>
                            data(
                              client.DELETE('/api/v2/pools/{pool_name}', {
                                params: { path: { pool_name: pool.name } },
                              }),
                            )
                          }
                        />
                      )}
                    </div>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Listing>
      <Pager total={asked.data?.total_entries ?? 0} />
      {many.bar}
      {over && !over.is_whole && <p className="dim">{t('pools.partly')}</p>}
      {edited !== null && (
        <PoolDialog pool={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
    </SectionPage>
  );
}
