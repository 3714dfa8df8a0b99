/** The form of a trigger: params, date, run id; and the same as lines for a shell. */
import { Alert, Button, Checkbox, Modal, SegmentedControl, Textarea, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useId, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, client, data, type Schema } from '@/api/client';
import { useZone } from '@/app/preferences';
import { useMayTo } from '@/app/rights';
import { tellDone, tellFailure } from '@/app/telling';
import { Failure, Loading } from '@/components/Waiting';
import { said } from '@/i18n';
import { pauseDag } from '@/pages/dags/pause';
import { commandLine, curlLine, masked, type TriggerBody } from './TriggerCommands';
import type { TriggerProps } from './TriggerDialog';
import { TriggerField } from './TriggerField';
import classes from './TriggerForm.module.css';
import { TriggerLines } from './TriggerLines';
import {
  type Conf,
  confOf,
  confOfText,
  type Drafts,
  draftsOf,
  type Fault,
  type Field,
  fieldsOf,
  type ParamSpec,
} from './TriggerSchema';
import { instantOf } from './TriggerTimes';

type Details = Schema['DAGDetailsResponse'];
type DateMode = 'now' | 'at' | 'none';

const PARAM_IN_WORDS = /^param `([^`]+)`.*?: (.+)$/s;

/** Say which field a refusal is about, by the name of the param or of the body's part. */
function refused(error: Error | null): Record<string, string> {
  if (!(error instanceof ApiError) || error.status === 0) return {};
  const param = PARAM_IN_WORDS.exec(error.message);
  const faults = param?.[1] && param[2] ? { [`params.${param[1]}`]: param[2] } : error.faults;
  return Object.fromEntries(Object.entries(faults).map(([place, fault]) => [place, said(fault)]));
}

export function TriggerForm({ dagId, close, conf }: TriggerProps) {
  const { t } = useTranslation('trigger');
  const {
    data: dag,
    error,
    refetch,
  } = useQuery({
    queryKey: ['dag', dagId, 'details'],
    queryFn: () => data(client.GET('/api/v2/dags/{dag_id}/details', { params: { path: { dag_id: dagId } } })),
    staleTime: 0,
  });
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={
        <span>
          <span className="dim">{t('title')}</span> <strong>{dag?.dag_display_name ?? dagId}</strong>
        </span>
      }
      closeButtonProps={{ 'aria-label': t('close') }}
      classNames={{ title: classes.title ?? '', body: classes.body ?? '' }}
    >
      {error && <Failure error={error} again={() => void refetch()} />}
      {!error && !dag && <Loading />}
      {dag && <Fields dag={dag} close={close} begin={conf ?? {}} />}
    </Modal>
  );
}

interface FieldsProps {
  dag: Details;
  close: () => void;
  begin: Conf;
}

function Fields({ dag, close, begin }: FieldsProps) {
  const { t } = useTranslation('trigger');
  const [zone] = useZone();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const confId = useId();
  const mayUnpause = useMayTo(dag)('dag:edit');
  // The form keeps the params that it was opened with: what is typed is not lost when the DAG changes meanwhile.
  const [fields] = useState<Field[]>(() => fieldsOf(dag.params as Record<string, ParamSpec> | null));
  const [isText, setText] = useState(false);
  const [extra, setExtra] = useState<Conf>(begin);
  const [drafts, setDrafts] = useState<Drafts>(() => draftsOf(fields, begin, zone));
  const [text, writeText] = useState('');
  const [dateMode, setDateMode] = useState<DateMode>('now');
  const [wall, setWall] = useState('');
  const [runId, setRunId] = useState('');
  const [note, setNote] = useState('');
  const [after, setAfter] = useState('');
  const [partition, setPartition] = useState('');
  const [isUnpaused, setUnpaused] = useState(true);
  const [isTried, setTried] = useState(false);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());

  const meant = useMemo(() => {
    if (!isText) return confOf(fields, drafts, extra, zone);
    const read = confOfText(text);
    return read.fault === undefined
      ? { conf: read.conf, faults: {} as Record<string, Fault> }
      : { conf: {} as Conf, faults: { '': read.fault } as Record<string, Fault> };
  }, [isText, fields, drafts, extra, zone, text]);

  const at = wall === '' ? null : instantOf(wall, zone);
  const dateFault = dateMode === 'at' && at === null ? t('faults.required') : null;
  const bodyAt = (now: string): TriggerBody => ({
    logical_date: dateMode === 'none' ? null : dateMode === 'at' ? at : now,
    conf: meant.conf,
    ...(runId.trim() === '' ? {} : { dag_run_id: runId.trim() }),
    ...(after === '' ? {} : { run_after: instantOf(after, zone) ?? '' }),
    ...(note === '' ? {} : { note }),
    ...(partition === '' ? {} : { partition_key: partition }),
  });

  const trigger = useMutation({
    mutationFn: async () => {
      const made = await data(
        client.POST('/api/v2/dags/{dag_id}/dagRuns', {
          params: { path: { dag_id: dag.dag_id } },
          // The description lists every field, also those that have defaults.
          body: bodyAt(new Date().toISOString()) as unknown as Schema['TriggerDAGRunPostBody'],
        }),
      );
      // Behind the run: where that is refused the DAG stays as it is.
      if (dag.is_paused && isUnpaused && mayUnpause) await pauseDag(dag.dag_id, false).catch(tellFailure);
      return made;
    },
    meta: { isTold: true },
    onSuccess: (run) => {
      tellDone(t('made', { run: run.dag_run_id }));
      close();
      void navigate({ to: '/dags/$dagId/runs/$runId', params: { dagId: run.dag_id, runId: run.dag_run_id } });
    },
    onSettled: () =>
      Promise.all(
        ['dags', 'dag', 'runs', 'recent'].map((key) => queries.invalidateQueries({ queryKey: [key] })),
      ),
  });

  const words = refused(trigger.error);
  const faultOf = (name: string): string | null => {
    const fault = meant.faults[name];
    if (fault !== undefined && (isTried || touched.has(name)))
      return t(`faults.${fault.key}`, fault.what ?? {});
    return words[`params.${name}`] ?? null;
  };
  const isBad = Object.keys(meant.faults).length > 0 || dateFault !== null;
  const isPlaced = Object.keys(words).some(
    (name) =>
      ['logical_date', 'dag_run_id', 'run_after', 'note', 'partition_key'].includes(name) ||
      (!isText && fields.some((field) => name === `params.${field.name}`)),
  );

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (!isBad) trigger.mutate();
    else
      requestAnimationFrame(() =>
        (event.target as HTMLElement).querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(),
      );
  };
  const change = (name: string, draft: Drafts[string]) => {
    setDrafts((before) => ({ ...before, [name]: draft }));
    setTouched((before) => new Set(before).add(name));
    trigger.reset();
  };
  const turn = (toText: boolean) => {
    if (toText) writeText(JSON.stringify(meant.conf, null, 2));
    else if (meant.faults[''] === undefined) {
      setExtra(meant.conf);
      setDrafts(draftsOf(fields, meant.conf, zone));
    } else return;
    setText(toText);
  };
  const reset = () => {
    setExtra({});
    setDrafts(draftsOf(fields, {}, zone));
    setTouched(new Set());
    writeText('{}');
    trigger.reset();
  };

  const shownBody = {
    ...bodyAt(`${new Date().toISOString().slice(0, 19)}Z`),
    conf: masked(meant.conf, fields),
  };
  const sections = [...new Set(fields.map((field) => field.section))].sort((left, right) =>
    left === '' ? -1 : right === '' ? 1 : 0,
  );
  const unknown = Object.keys(extra).filter((name) => !fields.some((field) => field.name === name));

  return (
    <form onSubmit={submit} noValidate>
      {dag.is_paused && (
        <Alert variant="light" color="yellow" mb={16} title={t('paused')}>
          {mayUnpause && (
            <Checkbox
              size="xs"
              checked={isUnpaused}
              onChange={(event) => setUnpaused(event.currentTarget.checked)}
              label={t('unpause')}
            />
          )}
        </Alert>
      )}
      <section aria-label={t('params')}>
        <div className={classes.sectionHead}>
          <h2>{t('params')}</h2>
          <Button size="compact-xs" variant="subtle" onClick={reset}>
            {t('reset')}
          </Button>
          <SegmentedControl
            size="xs"
            ml="auto"
            aria-label={t('params')}
            value={isText ? 'json' : 'form'}
            onChange={(value) => turn(value === 'json')}
            data={[
              { value: 'form', label: t('form') },
              { value: 'json', label: 'JSON' },
            ]}
          />
        </div>
        {isText ? (
          <Textarea
            id={confId}
            aria-label={t('conf')}
            description={t('confHint')}
            autosize
            minRows={6}
            maxRows={20}
            value={text}
            spellCheck={false}
            onChange={(event) => {
              writeText(event.currentTarget.value);
              trigger.reset();
            }}
            error={meant.faults[''] && t(`faults.${meant.faults[''].key}`, meant.faults[''].what ?? {})}
            classNames={{ input: classes.code ?? '' }}
          />
        ) : (
          <>
            {fields.length === 0 && <p className="dim">{t('noParams')}</p>}
            {sections.map((section) => (
              <fieldset key={section} className={classes.fields}>
                {section !== '' && <legend>{section}</legend>}
                {fields
                  .filter((field) => field.section === section)
                  .map((field) => (
                    <TriggerField
                      key={field.name}
                      field={field}
                      draft={drafts[field.name] ?? ''}
                      error={faultOf(field.name)}
                      change={(draft) => change(field.name, draft)}
                    />
                  ))}
              </fieldset>
            ))}
            {unknown.length > 0 && <p className="dim">{t('unknown', { names: unknown.join(', ') })}</p>}
          </>
        )}
      </section>
      <section aria-label={t('when')}>
        <div className={classes.sectionHead}>
          <h2>{t('when')}</h2>
        </div>
        <div className={classes.fields}>
          <div className={classes.date}>
            <SegmentedControl
              size="xs"
              aria-label={t('logicalDate')}
              value={dateMode}
              onChange={(value) => setDateMode(value as DateMode)}
              data={(['now', 'at', 'none'] as const).map((value) => ({ value, label: t(`date.${value}`) }))}
            />
            {dateMode === 'at' && (
              <TextInput
                type="datetime-local"
                step={1}
                size="sm"
                aria-label={`${t('logicalDate')} (${zone})`}
                value={wall}
                onChange={(event) => setWall(event.currentTarget.value)}
                error={(isTried && dateFault) || words.logical_date}
              />
            )}
            {dateMode === 'at' && <span className={classes.zone}>{zone}</span>}
            <span className="dim">{t(`dateHint.${dateMode}`)}</span>
          </div>
        </div>
      </section>
      <details className={classes.more} open={Boolean(words.dag_run_id ?? words.note ?? words.run_after)}>
        <summary>{t('more')}</summary>
        <div className={classes.fields}>
          <TextInput
            label={t('runId')}
            description={t('runIdHint')}
            value={runId}
            onChange={(event) => setRunId(event.currentTarget.value)}
            error={words.dag_run_id}
            classNames={{ input: 'mono' }}
          />
          <TextInput
            type="datetime-local"
            step={1}
            label={`${t('after')} (${zone})`}
            description={t('afterHint')}
            value={after}
            onChange={(event) => setAfter(event.currentTarget.value)}
            error={words.run_after}
          />
          <TextInput
            label={t('partition')}
            value={partition}
            onChange={(event) => setPartition(event.currentTarget.value)}
            error={words.partition_key}
          />
          <Textarea
            label={t('note')}
            value={note}
            maxLength={1000}
            autosize
            minRows={1}
            maxRows={6}
            onChange={(event) => setNote(event.currentTarget.value)}
            error={words.note}
          />
        </div>
      </details>
      <details className={classes.more}>
        <summary>{t('lines')}</summary>
        <TriggerLines
          curl={curlLine(window.location.origin, dag.dag_id, shownBody)}
          command={commandLine(dag.dag_id, shownBody)}
          hasSecret={Object.values(shownBody.conf).includes('***')}
        />
      </details>
      {trigger.error && !isPlaced && <Failure error={trigger.error} />}
      <div className={classes.foot}>
        {isTried && isBad && (
          <span role="alert" className={classes.bad}>
            {t('bad')}
          </span>
        )}
        <Button variant="default" onClick={close}>
          {t('cancel')}
        </Button>
        <Button type="submit" loading={trigger.isPending}>
          {t('trigger')}
        </Button>
      </div>
    </form>
  );
}
