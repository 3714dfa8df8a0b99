/** What an instance passed on: each value with its size and place; a large one is read when it is asked for. */

import { Button, Modal, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useMayTo } from '@/app/rights';
import { tellDone } from '@/app/telling';
import { Moment } from '@/components/Moment';
import { Empty, Failure, Loading } from '@/components/Waiting';
import { parseJson } from '@/lib/json';
import { Json } from './Json';
import { type Place, xcomQuery, xcomsQuery } from './queries';
import classes from './Run.module.css';
import { showBytes } from './sizes';

const OPEN_MAX = 3;
const OPEN_BYTES_MAX = 64 << 10;
type Entry = Schema['XComSizeResponse'];

export function XComs({ place, isLive }: { place: Place; isLive: boolean }) {
  const { t } = useTranslation('run');
  const may = useMayTo({ dag_id: place.dagId });
  const { data: found, error, refetch } = useQuery(xcomsQuery(place, isLive));
  const [isAdding, setAdding] = useState(false);
  const failure = error && <Failure error={error} again={() => void refetch()} />;
  if (!found) return failure ?? <Loading />;
  return (
    <>
      {failure}
      {found.xcoms.length === 0 && <Empty title={t('xcom.none')}>{t('xcom.noneHint')}</Empty>}
      {found.xcoms.map((entry, position) => (
        <OneXCom
          key={`${entry.key}\n${entry.timestamp}`}
          place={place}
          entry={entry}
          isOpen={position < OPEN_MAX && entry.size_bytes <= OPEN_BYTES_MAX}
        />
      ))}
      {found.total_entries > found.xcoms.length && (
        <p className="dim">{t('xcom.more', { count: found.total_entries - found.xcoms.length })}</p>
      )}
      {may('xcom:create') && (
        <div className={classes.xcomTools}>
          <Button size="compact-xs" variant="default" onClick={() => setAdding(true)}>
            {t('xcom.add')}
          </Button>
        </div>
      )}
      {isAdding && <Write place={place} entry={null} value={undefined} close={() => setAdding(false)} />}
    </>
  );
}

function OneXCom({ place, entry, isOpen }: { place: Place; entry: Entry; isOpen: boolean }) {
  const { t } = useTranslation('run');
  const may = useMayTo({ dag_id: place.dagId });
  const [isShown, setShown] = useState(isOpen);
  const [doing, setDoing] = useState<'edit' | 'delete' | null>(null);
  const { data: found, error } = useQuery({ ...xcomQuery(place, entry.key), enabled: isShown });
  const isJson = entry.encoding === 'json';
  return (
    <details
      className={classes.entry}
      open={isShown}
      onToggle={(event) => setShown(event.currentTarget.open)}
    >
      <summary>
        <span className="mono">{entry.key}</span>
        <span className="num">{showBytes(entry.size_bytes)}</span>
        <span className="dim">
          {t(`xcom.encoding.${entry.encoding}`, { defaultValue: entry.encoding })}
          {entry.length !== null && ` · ${t('xcom.parts', { count: entry.length })}`}
        </span>
        <span className="dim">
          <Moment at={entry.timestamp} />
        </span>
      </summary>
      {entry.location !== null && (
        <div className={classes.reference}>
          <span className="dim">{t('xcom.keptAt')}</span> <span className="mono">{entry.location}</span>
        </div>
      )}
      {error && <Failure error={error} />}
      {isShown && !found && !error && <Loading />}
      {found && <Json value={found.value} label={entry.key} />}
      {found && (
        <div className={classes.xcomTools}>
          {may('xcom:edit') && isJson && (
            <Button size="compact-xs" variant="subtle" onClick={() => setDoing('edit')}>
              {t('xcom.edit')}
            </Button>
          )}
          {may('xcom:delete') && (
            <Button size="compact-xs" variant="subtle" color="red" onClick={() => setDoing('delete')}>
              {t('xcom.delete')}
            </Button>
          )}
        </div>
      )}
      {doing === 'edit' && (
        <Write place={place} entry={entry} value={found?.value} close={() => setDoing(null)} />
      )}
      {doing === 'delete' && <Remove place={place} name={entry.key} close={() => setDoing(null)} />}
    </details>
  );
}

const pathOf = ({ dagId, runId, taskId }: Place) => ({
  dag_id: dagId,
  dag_run_id: runId,
  task_id: taskId,
});

function useStale(place: Place, kinds: string[]): () => Promise<unknown> {
  const queries = useQueryClient();
  return async () => {
    for (const kind of kinds)
      await queries.invalidateQueries({ queryKey: ['run', place.dagId, place.runId, kind, place.taskId] });
  };
}

interface WriteProps {
  place: Place;
  /** What is changed; nothing makes a new one. */
  entry: Entry | null;
  value: unknown;
  close: () => void;
}

function Write({ place, entry, value, close }: WriteProps) {
  const { t } = useTranslation('run');
  const stale = useStale(place, ['xcoms', 'xcom']);
  const [name, setName] = useState(entry?.key ?? '');
  const [text, setText] = useState(entry === null ? '' : JSON.stringify(value, null, 2));
  const [wrong, setWrong] = useState<{ name?: string; value?: string }>({});
  const base = '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries' as const;
  const save = useMutation({
    mutationFn: (given: unknown) => {
      const body = { value: given as Record<string, never>, map_index: place.mapIndex };
      return entry === null
        ? data(client.POST(base, { params: { path: pathOf(place) }, body: { ...body, key: name.trim() } }))
        : data(
            client.PATCH(`${base}/{xcom_key}`, {
              params: { path: { ...pathOf(place), xcom_key: entry.key } },
              body,
            }),
          );
    },
    meta: { isTold: true },
    onSuccess: async () => {
      tellDone(t('xcom.saved', { name }));
      await stale();
      close();
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={<strong>{entry === null ? t('xcom.add') : t('xcom.editOf', { name })}</strong>}
      size="lg"
      closeButtonProps={{ 'aria-label': t('cancel') }}
    >
      <form
        noValidate
        className={classes.xcomForm}
        onSubmit={(event) => {
          event.preventDefault();
          const found: { name?: string; value?: string } = {};
          if (name.trim() === '') found.name = t('xcom.needsName');
          let given: unknown = null;
          try {
            given = parseJson(text);
          } catch (problem) {
            found.value = `${t('xcom.notJson')} (${problem instanceof Error ? problem.message : ''})`;
          }
          setWrong(found);
          if (found.name === undefined && found.value === undefined) save.mutate(given);
        }}
      >
        <TextInput
          label={t('xcom.key')}
          required
          disabled={entry !== null}
          data-autofocus={entry === null || undefined}
          value={name}
          error={wrong.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Textarea
          label={t('xcom.value')}
          description={t('xcom.valueHint')}
          required
          autosize
          minRows={4}
          maxRows={18}
          spellCheck={false}
          data-autofocus={entry !== null || undefined}
          styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
          value={text}
          error={wrong.value}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {save.error && <Failure error={save.error} />}
        <div className={classes.xcomTools}>
          <Button size="xs" type="submit" loading={save.isPending}>
            {t('xcom.save')}
          </Button>
          <Button size="xs" variant="default" onClick={close}>
            {t('cancel')}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Remove({ place, name, close }: { place: Place; name: string; close: () => void }) {
  const { t } = useTranslation('run');
  const stale = useStale(place, ['xcoms']);
  const remove = useMutation({
    mutationFn: () =>
      data(
        client.DELETE(
          '/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}',
          {
            params: {
              path: { ...pathOf(place), xcom_key: name },
              query: { map_index: place.mapIndex },
            },
          },
        ),
      ),
    meta: { isTold: true },
    onSuccess: async () => {
      tellDone(t('xcom.deleted', { name }));
      await stale();
      close();
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={<strong>{t('xcom.deleteAsk', { name })}</strong>}
      closeButtonProps={{ 'aria-label': t('cancel') }}
    >
      <p>{t('xcom.deleteHint')}</p>
      {remove.error && <Failure error={remove.error} />}
      <div className={classes.xcomTools}>
        <Button size="xs" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('xcom.delete')}
        </Button>
        <Button size="xs" variant="default" onClick={close} data-autofocus>
          {t('cancel')}
        </Button>
      </div>
    </Modal>
  );
}
