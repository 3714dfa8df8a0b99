/** One asset: what produces and consumes it, what happened to it, and saying that something happened. */

import { Button, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { Moment } from '@/components/Moment';
import { Page } from '@/components/Page';
import { StateWord } from '@/components/State';
import { Failure, Loading } from '@/components/Waiting';
import { parseJson } from '@/lib/json';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Destroy, FormDialog, Refusal } from '../shared/Dialogs';
import { Listing, Pager, Part, useFilters } from '../shared/Listing';
import { wrongJson } from '../shared/secrets';
import shared from '../shared/shared.module.css';
import classes from './Assets.module.css';
import { assetEventsQuery, assetQuery, assetStateQuery, queuedQuery } from './queries';

type Asset = Schema['AssetResponse'];

function EventDialog({ asset, close }: { asset: Asset; close: () => void }) {
  const { t } = useTranslation('manage');
  const [extra, setExtra] = useState('');
  const [partition, setPartition] = useState('');
  const [wrong, setWrong] = useState<string | undefined>();
  const doing = useAct(
    () =>
      data(
        client.POST('/api/v2/assets/events', {
          body: {
            asset_id: asset.id,
            extra: extra.trim() === '' ? {} : (parseJson(extra) as Record<string, never>),
            access_control: null,
            partition_key: partition || null,
          },
        }),
      ),
    ['assetEvents', 'asset', 'assets', 'assetQueue'],
    () => t('assets.told', { name: asset.name }),
  );
  return (
    <FormDialog
      title={t('assets.tell', { name: asset.name })}
      close={close}
      submit={async () => {
        const isWrong = extra.trim() !== '' && (wrongJson(extra) !== null || !extra.trim().startsWith('{'));
        setWrong(isWrong ? t('assets.wrongExtra') : undefined);
        if (!isWrong && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['extra', 'partition_key']}
      action={t('assets.tellAction')}
    >
      <div className="dim">{t('assets.tellHint')}</div>
      <Textarea
        label={t('assets.extra')}
        placeholder="{}"
        autosize
        minRows={3}
        spellCheck={false}
        data-autofocus
        styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
        value={extra}
        error={wrong ?? doing.faults.extra}
        onChange={(event) => setExtra(event.currentTarget.value)}
      />
      <TextInput
        label={t('assets.partition')}
        value={partition}
        error={doing.faults.partition_key}
        onChange={(event) => setPartition(event.currentTarget.value)}
      />
    </FormDialog>
  );
}

export function Places({ places }: { places: { dag_id: string; task_id?: string }[] }) {
  if (places.length === 0) return <span className="dim">–</span>;
  return (
    <ul className={classes.places}>
      {places.map((place) => (
        <li key={`${place.dag_id} ${place.task_id ?? ''}`}>
          <Link
            to="/dags/$dagId"
            params={{ dagId: place.dag_id }}
            search={place.task_id === undefined ? {} : { task: place.task_id }}
          >
            {place.dag_id}
            {place.task_id !== undefined && <span className="mono"> / {place.task_id}</span>}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function Events({ asset }: { asset: Asset }) {
  const { t } = useTranslation('manage');
  const [search] = useFilters();
  const asked = useQuery(assetEventsQuery(asset.id, search.page ?? 1));
  const events = asked.data?.asset_events ?? [];
  return (
    <Part title={t('assets.events')}>
      <Listing
        asked={asked}
        count={events.length}
        empty={t('assets.noEvents')}
        emptyHint={t('assets.noEventsHint')}
      >
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('audit.at')}</th>
              <th scope="col">{t('assets.source')}</th>
              <th scope="col">{t('assets.made')}</th>
              <th scope="col" className={shared.wide}>
                {t('assets.extra')}
              </th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr key={event.id}>
                <td>
                  <Moment at={event.timestamp} />
                </td>
                <td className="nowrap">
                  {event.source_dag_id !== null && event.source_run_id !== null ? (
                    <Link
                      to="/dags/$dagId/runs/$runId"
                      params={{ dagId: event.source_dag_id, runId: event.source_run_id }}
                      search={{ task: event.source_task_id ?? undefined }}
                    >
                      {event.source_dag_id} / {event.source_task_id}
                      {event.source_map_index >= 0 && ` [${event.source_map_index}]`}
                    </Link>
                  ) : (
                    <span className="dim">{t('assets.byHand')}</span>
                  )}
                </td>
                <td>
                  {event.created_dagruns.length === 0 && <span className="dim">–</span>}
                  {event.created_dagruns.map((run) => (
                    <div key={`${run.dag_id} ${run.run_id}`} className={classes.made}>
                      <Link to="/dags/$dagId/runs/$runId" params={{ dagId: run.dag_id, runId: run.run_id }}>
                        {run.dag_id}
                      </Link>
                      <StateWord state={run.state} />
                    </div>
                  ))}
                </td>
                <td className={`mono ${shared.wide} ${shared.any}`}>
                  {event.partition_key != null && `${event.partition_key} `}
                  {event.extra !== null && Object.keys(event.extra).length > 0 && JSON.stringify(event.extra)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Listing>
      <Pager total={asked.data?.total_entries ?? 0} />
    </Part>
  );
}

function Queue({ asset }: { asset: Asset }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const { data: queue } = useQuery(queuedQuery(asset.id));
  if (queue === undefined || queue.queued_events.length === 0) return null;
  return (
    <Part
      title={t('assets.queued')}
      aside={
        may('asset:delete') && (
          <Destroy
            label={t('assets.forget')}
            about={asset.name}
            question={t('assets.forgetAsk')}
            hint={t('assets.forgetHint')}
            stale={['assetQueue']}
            done={t('assets.forgotten', { name: asset.name })}
            variant="default"
            act={() =>
              data(
                client.DELETE('/api/v2/assets/{asset_id}/queuedEvents', {
                  params: { path: { asset_id: asset.id } },
                }),
              )
            }
          />
        )
      }
    >
      <div className={`card ${shared.listing}`}>
        <table className="plain">
          <tbody>
            {queue.queued_events.map((one) => (
              <tr key={`${one.dag_id} ${one.created_at}`}>
                <td>
                  <Link to="/dags/$dagId" params={{ dagId: one.dag_id }}>
                    {one.dag_display_name}
                  </Link>
                </td>
                <td>
                  <Moment at={one.created_at} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}

function Kept({ asset }: { asset: Asset }) {
  const { t } = useTranslation('manage');
  const { data: found } = useQuery(assetStateQuery(asset.id));
  if (found === undefined || found.asset_state_store.length === 0) return null;
  return (
    <Part title={t('assets.kept')}>
      <div className={`card ${shared.listing}`}>
        <table className="plain">
          <tbody>
            {found.asset_state_store.map((one) => (
              <tr key={one.key}>
                <td className="mono">{one.key}</td>
                <td className={`mono ${shared.any}`}>{JSON.stringify(one.value)}</td>
                <td>
                  {one.last_updated_by?.dag_id != null && (
                    <Link to="/dags/$dagId" params={{ dagId: one.last_updated_by.dag_id }}>
                      {one.last_updated_by.dag_id}
                    </Link>
                  )}
                </td>
                <td>
                  <Moment at={one.updated_at} relative />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}

export function OneAsset({ id }: { id: number }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const asked = useQuery(assetQuery(id));
  const [isTelling, setTelling] = useState(false);
  const materialize = useAct(
    () => data(client.POST('/api/v2/assets/{asset_id}/materialize', { params: { path: { asset_id: id } } })),
    ['assetEvents', 'asset', 'runs'],
    () => t('assets.materialized'),
  );
  const asset = asked.data;
  const title = t('common:admin.assets.title');
  return (
    <Page
      title={asset?.name ?? title}
      name={asset?.name ?? title}
      crumbs={[{ label: title, to: '/admin/assets' }]}
      actions={
        asset && (
          <>
            <Button
              size="xs"
              variant="default"
              renderRoot={(props) => (
                <Link
                  to="/admin/$section"
                  params={{ section: 'assets' }}
                  search={{ tab: 'graph', item: String(id) }}
                  {...props}
                />
              )}
            >
              {t('assets.tab.graph')}
            </Button>
            {may('asset:create') && (
              <Button size="xs" variant="default" onClick={() => setTelling(true)}>
                {t('assets.tellAction')}
              </Button>
            )}
            {may('run:create') && (
              <Button
                size="xs"
                loading={materialize.isBusy}
                disabled={asset.producing_tasks.length === 0}
                title={
                  asset.producing_tasks.length === 0 ? t('assets.noProducer') : t('assets.materializeHint')
                }
                onClick={() => void materialize.run(undefined)}
              >
                {t('assets.materialize')}
              </Button>
            )}
          </>
        )
      }
    >
      {asked.error && <Failure error={asked.error} again={() => void asked.refetch()} />}
      {asked.isPending && <Loading />}
      {asset && (
        <>
          <Refusal error={materialize.error} />
          <div className={`card ${classes.flow}`}>
            <div>
              <h2>{t('assets.producers')}</h2>
              <Places places={asset.producing_tasks} />
            </div>
            <span className={classes.arrow} aria-hidden="true">
              →
            </span>
            <div className={classes.middle}>
              <strong>{asset.name}</strong>
              <span className={`mono dim ${shared.any}`}>{asset.uri}</span>
              <span className="dim">{asset.group}</span>
              {asset.aliases.length > 0 && (
                <span className="dim">
                  {t('assets.aliases')}: {asset.aliases.map((one) => one.name).join(', ')}
                </span>
              )}
              {asset.watchers.length > 0 && (
                <span className="dim">
                  {t('assets.watchers')}: {asset.watchers.map((one) => one.name).join(', ')}
                </span>
              )}
            </div>
            <span className={classes.arrow} aria-hidden="true">
              →
            </span>
            <div>
              <h2>{t('assets.dags')}</h2>
              <Places places={asset.scheduled_dags} />
              <h2>{t('assets.consumers')}</h2>
              <Places places={asset.consuming_tasks} />
            </div>
          </div>
          <Queue asset={asset} />
          <Events asset={asset} />
          <Kept asset={asset} />
          {isTelling && <EventDialog asset={asset} close={() => setTelling(false)} />}
        </>
      )}
    </Page>
  );
}
