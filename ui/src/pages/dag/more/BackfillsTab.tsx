/** Backfills of a DAG: what goes on, and how to begin another after seeing what it would make. */

import { Button, Group, Modal, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useZone } from '@/app/preferences';
import { tellDone } from '@/app/telling';
import { Moment } from '@/components/Moment';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { parseJson } from '@/lib/json';
import { showMoment } from '@/lib/time';
import { More, useCount } from '@/pages/dag/more/More';
import { Progress, Standing } from '@/pages/dag/more/Progress';
import { backfillsQuery } from '@/pages/dag/queries';
import classes from '../Dag.module.css';

const PAGE = 50;
type Backfill = Schema['BackfillResponse'];
function Actions({ backfill }: { backfill: Backfill }) {
  const { t } = useTranslation('dag');
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: (what: 'pause' | 'unpause' | 'cancel') =>
      data(
        client.PUT(`/api/v2/backfills/{backfill_id}/${what}`, {
          params: { path: { backfill_id: backfill.id } },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: ['dag', backfill.dag_id, 'backfills'] }),
  });
  if (backfill.completed_at !== null) return null;
  if (isAsking) {
    return (
      <Button.Group>
        <Button size="compact-xs" color="red" onClick={() => act.mutate('cancel')} loading={act.isPending}>
          {t('backfills.reallyCancel')}
        </Button>
        <Button size="compact-xs" variant="default" onClick={() => setAsking(false)}>
          {t('backfills.keep')}
        </Button>
      </Button.Group>
    );
  }
  return (
    <Button.Group>
      <Button
        size="compact-xs"
        variant="default"
        disabled={act.isPending}
        onClick={() => act.mutate(backfill.is_paused ? 'unpause' : 'pause')}
      >
        {t(backfill.is_paused ? 'backfills.unpause' : 'backfills.pause')}
      </Button>
      <Button size="compact-xs" variant="default" onClick={() => setAsking(true)}>
        {t('backfills.cancel')}
      </Button>
    </Button.Group>
  );
}

function Create({ dagId, close }: { dagId: string; close: () => void }) {
  const { t } = useTranslation('dag');
  const queries = useQueryClient();
  const [zone] = useZone();
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [again, setAgain] = useState<Schema['Reprocess']>('none');
  const [atOnce, setAtOnce] = useState(10);
  const [isBackwards, setBackwards] = useState(false);
  const [conf, setConf] = useState('');
  let confObject: Record<string, unknown> | null = null;
  let confError: string | null = null;
  if (conf.trim() !== '') {
    try {
      const parsed: unknown = parseJson(conf);
      if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
        confError = t('backfills.notObject');
      else confObject = parsed as Record<string, unknown>;
    } catch {
      confError = t('backfills.notObject');
    }
  }
  const isWhole = from !== '' && to !== '' && from <= to && confError === null;
  const body: Schema['BackfillPostBody'] = {
    dag_id: dagId,
    from_date: `${from}:00Z`,
    to_date: `${to}:00Z`,
    reprocess_behavior: again,
    max_active_runs: atOnce,
    run_backwards: isBackwards,
    dag_run_conf: confObject as Record<string, never> | null,
    run_on_latest_version: true,
  };
  const preview = useQuery({
    queryKey: ['backfillPreview', dagId, from, to, again, isBackwards],
    queryFn: () => data(client.POST('/api/v2/backfills/dry_run', { body })),
    enabled: isWhole,
  });
  const make = useMutation({
    mutationFn: () => data(client.POST('/api/v2/backfills', { body })),
    onSuccess: async () => {
      tellDone(t('backfills.made'));
      await queries.invalidateQueries({ queryKey: ['dag', dagId, 'backfills'] });
      close();
    },
  });
  const count = preview.data?.total_entries ?? 0;
  return (
    <Modal
      opened
      onClose={close}
      title={t('backfills.create')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('backfills.close') }}
    >
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (isWhole && count > 0) make.mutate();
        }}
      >
        <TextInput
          type="datetime-local"
          required
          label={t('backfills.from')}
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput
          type="datetime-local"
          required
          label={t('backfills.to')}
          value={to}
          error={from !== '' && to !== '' && from > to ? t('backfills.order') : null}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Select
          label={t('backfills.again')}
          allowDeselect={false}
          data={(['none', 'failed', 'completed'] as const).map((value) => ({
            value,
            label: t(`backfills.again_${value}`),
          }))}
          value={again}
          onChange={(value) => setAgain((value ?? 'none') as Schema['Reprocess'])}
        />
        <NumberInput
          label={t('backfills.atOnce')}
          min={1}
          max={1000}
          value={atOnce}
          onChange={(value) => setAtOnce(Math.max(1, Number(value) || 1))}
        />
        <Switch
          className={classes.whole}
          label={t('backfills.backwards')}
          checked={isBackwards}
          onChange={(event) => setBackwards(event.currentTarget.checked)}
        />
        <Textarea
          className={classes.whole}
          label={t('backfills.conf')}
          placeholder="{}"
          value={conf}
          error={confError}
          autosize
          minRows={1}
          maxRows={8}
          onChange={(event) => setConf(event.currentTarget.value)}
        />
        <div className={classes.whole} aria-live="polite">
          {preview.error && <Failure error={preview.error} />}
          {!isWhole && <p className="dim">{t('backfills.choose')}</p>}
          {isWhole && preview.data && (
            <>
              <p className="num">{count === 0 ? t('backfills.empty') : t('backfills.would', { count })}</p>
              {count > 0 && (
                <ol className={`card num ${classes.preview}`}>
                  {preview.data.backfills.map((one, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: partitions have no date
                    <li key={at}>
                      {one.logical_date ? showMoment(one.logical_date, zone, false) : one.partition_key}
                    </li>
                  ))}
                </ol>
              )}
            </>
          )}
        </div>
        <Group className={classes.whole} justify="flex-end" gap={8}>
          <Button variant="default" onClick={close}>
            {t('backfills.close')}
          </Button>
          <Button type="submit" disabled={!isWhole || count === 0} loading={make.isPending}>
            {t('backfills.start', { count })}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

interface Props {
  dagId: string;
  mayTo: (permission: string) => boolean;
}

export function BackfillsTab({ dagId, mayTo }: Props) {
  const { t } = useTranslation('dag');
  const [isCreating, setCreating] = useState(false);
  const { data: found, error, isPending, refetch } = useQuery(backfillsQuery(dagId, useCount(PAGE)));
  return (
    <div>
      {mayTo('backfill:create') && (
        <div className={classes.tools}>
          <Button size="xs" onClick={() => setCreating(true)}>
            {t('backfills.create')}
          </Button>
        </div>
      )}
      {error && <Failure error={error} again={() => void refetch()} />}
      {isPending && <Loading />}
      {found?.backfills.length === 0 && <Empty title={t('backfills.none')}>{t('backfills.noneHint')}</Empty>}
      {found !== undefined && found.backfills.length > 0 && (
        <div className={`card ${classes.scroll}`}>
          <table className={`plain ${classes.backfills}`}>
            <thead>
              <tr>
                {['id', 'state', 'span', 'progress', 'atOnce', 'again', 'created'].map((name) => (
                  <th key={name}>{t(`backfills.${name}`)}</th>
                ))}
                <th aria-label={t('backfills.actions')} />
              </tr>
            </thead>
            <tbody>
              {found.backfills.map((one) => (
                <tr key={one.id}>
                  <td className="num">{one.id}</td>
                  <td className="nowrap">
                    <Standing backfill={one} />
                  </td>
                  <td>
                    <Link
                      to="/dags/$dagId"
                      params={{ dagId }}
                      search={{ tab: 'runs', type: 'backfill' }}
                      title={t('backfills.seeRuns')}
                    >
                      <Moment at={one.from_date} withSeconds={false} /> –{' '}
                      <Moment at={one.to_date} withSeconds={false} />
                    </Link>
                  </td>
                  <td>
                    <Progress backfill={one} />
                  </td>
                  <td className="num">{one.max_active_runs}</td>
                  <td>{t(`backfills.again_${one.reprocess_behavior}`)}</td>
                  <td>
                    <Moment at={one.created_at} relative />
                  </td>
                  <td className={classes.acts}>{mayTo('backfill:edit') && <Actions backfill={one} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <More shown={found.backfills.length} total={found.total_entries} step={PAGE} />
        </div>
      )}
      {isCreating && <Create dagId={dagId} close={() => setCreating(false)} />}
    </div>
  );
}
