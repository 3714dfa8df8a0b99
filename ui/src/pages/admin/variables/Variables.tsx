/** Variables: values that DAGs read. What is secret is written and never read. */
import { Button, Checkbox, FileInput, Select, Textarea, TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { tellDone, tellFailure } from '@/app/telling';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Destroy, Edit, FormDialog } from '../shared/Dialogs';
import { Filter, Listing, PAGE_SIZE, Pager, SectionPage, useFilters } from '../shared/Listing';
import { isMasked, isPartlyMasked, wrongJson } from '../shared/secrets';
import shared from '../shared/shared.module.css';
import { useMany } from '../shared/useMany';
import { type Entry, exported, imported } from './exchange';

type Variable = Schema['VariableResponse'];
const EXPORT_STEP = 100;
const VALUE_SHOWN = 160;

const variablesQuery = (q: string | undefined, page: number) =>
  queryOptions({
    queryKey: ['variables', q, page],
    queryFn: () =>
      data(
        client.GET('/api/v2/variables', {
          params: {
            query: {
              limit: PAGE_SIZE,
              offset: (page - 1) * PAGE_SIZE,
              order_by: ['key'],
              ...(q ? { variable_key_pattern: q } : {}),
            },
          },
        }),
      ),
    placeholderData: (before: Schema['VariableCollectionResponse'] | undefined) => before,
  });

async function all(): Promise<Variable[]> {
  const found: Variable[] = [];
  for (;;) {
    const step = await data(
      client.GET('/api/v2/variables', {
        params: { query: { limit: EXPORT_STEP, offset: found.length, order_by: ['key'] } },
      }),
    );
    found.push(...step.variables);
    if (step.variables.length === 0 || found.length >= step.total_entries) return found;
  }
}

function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

interface Fields {
  key: string;
  value: string;
  description: string;
  isJson: boolean;
}

function save(variable: Variable | null, fields: Fields, isKept: boolean): Promise<unknown> {
  const body = {
    key: fields.key.trim(),
    value: fields.value,
    description: fields.description || null,
    team_name: null,
  };
  if (variable === null) return data(client.POST('/api/v2/variables', { body }));
  return data(
    client.PATCH('/api/v2/variables/{variable_key}', {
      params: {
        path: { variable_key: variable.key },
        query: { update_mask: isKept ? ['description'] : ['value', 'description'] },
      },
      body,
    }),
  );
}

function VariableDialog({ variable, close }: { variable: Variable | null; close: () => void }) {
  const { t } = useTranslation('manage');
  const isHidden = isMasked(variable?.value);
  const shownValue = isHidden ? '' : (variable?.value ?? '');
  const [fields, setFields] = useState<Fields>({
    key: variable?.key ?? '',
    value: shownValue,
    description: variable?.description ?? '',
    isJson: /^\s*[[{]/.test(shownValue) && wrongJson(shownValue) === null,
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const isKept = variable !== null && fields.value === shownValue;
  const doing = useAct(
    () => save(variable, fields, isKept),
    ['variables'],
    () => t('saved', { name: fields.key }),
  );
  const submit = async () => {
    const found: Record<string, string> = {};
    if (fields.key.trim() === '') found.key = t('needed');
    const problem = fields.isJson && !isKept ? wrongJson(fields.value) : null;
    if (problem !== null) found.value = t('wrongJson', { problem });
    setWrong(found);
    if (Object.keys(found).length === 0 && (await doing.run(undefined))) close();
  };
  return (
    <FormDialog
      title={variable === null ? t('variables.new') : t('variables.edit', { key: variable.key })}
      close={close}
      submit={() => void submit()}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['key', 'value', 'description']}
      size="lg"
    >
      <TextInput
        label={t('key')}
        required
        disabled={variable !== null}
        data-autofocus={variable === null || undefined}
        className="mono"
        value={fields.key}
        error={wrong.key ?? doing.faults.key}
        onChange={(event) => setFields({ ...fields, key: event.currentTarget.value })}
      />
      <Textarea
        label={t('value')}
        description={
          isHidden ? t('secretHint') : isPartlyMasked(variable?.value) ? t('partlySecretHint') : undefined
        }
        placeholder={isHidden ? t('secretKept') : undefined}
        autosize
        minRows={4}
        maxRows={18}
        spellCheck={false}
        data-autofocus={variable !== null || undefined}
        styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
        value={fields.value}
        error={wrong.value ?? doing.faults.value}
        onChange={(event) => setFields({ ...fields, value: event.currentTarget.value })}
      />
      <Checkbox
        label={t('variables.isJson')}
        description={t('variables.isJsonHint')}
        checked={fields.isJson}
        onChange={(event) => setFields({ ...fields, isJson: event.currentTarget.checked })}
      />
      <TextInput
        label={t('description')}
        value={fields.description}
        error={doing.faults.description}
        onChange={(event) => setFields({ ...fields, description: event.currentTarget.value })}
      />
    </FormDialog>
  );
}

function ImportDialog({ close }: { close: () => void }) {
  const { t } = useTranslation('manage');
  const [entries, setEntries] = useState<Entry[] | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const [existing, setExisting] = useState<Schema['OnExistence']>('fail');
  const doing = useAct(async () => {
    const answer = await data(
      client.PATCH('/api/v2/variables', {
        body: {
          actions: [
            {
              action: 'create',
              action_on_existence: existing,
              entities: (entries ?? []).map((one) => ({ ...one, team_name: null })),
            },
          ],
        },
      }),
    );
    const errors = answer.create?.errors ?? [];
    if (errors.length > 0)
      throw new Error(errors.map((one) => String((one as { error?: unknown }).error ?? '')).join('; '));
    tellDone(t('variables.imported', { count: answer.create?.success?.length ?? 0 }));
  }, ['variables']);
  const read = async (file: File | null) => {
    setEntries(null);
    setWrong(null);
    if (file === null) return;
    try {
      setEntries(imported(await file.text()));
    } catch (error) {
      setWrong(t('variables.wrongFile', { problem: error instanceof Error ? error.message : String(error) }));
    }
  };
  return (
    <FormDialog
      title={t('variables.import')}
      close={close}
      submit={async () => {
        if (entries === null) setWrong(wrong ?? t('needed'));
        else if (await doing.run(undefined)) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      action={
        entries === null ? t('variables.import') : t('variables.importCount', { count: entries.length })
      }
    >
      <FileInput
        label={t('variables.file')}
        description={t('variables.fileHint')}
        placeholder={t('variables.chooseFile')}
        accept="application/json,.json"
        clearable
        required
        error={wrong}
        onChange={(file) => void read(file)}
      />
      {entries !== null && (
        <div className={shared.chips}>
          {entries.slice(0, 30).map((one) => (
            <span key={one.key} className={`mono ${shared.chip}`}>
              {one.key}
            </span>
          ))}
          {entries.length > 30 && (
            <span className="dim">{t('workers.more', { count: entries.length - 30 })}</span>
          )}
        </div>
      )}
      <Select
        label={t('variables.existing')}
        allowDeselect={false}
        data={(['fail', 'skip', 'overwrite'] as const).map((value) => ({
          value,
          label: t(`variables.on.${value}`),
        }))}
        value={existing}
        onChange={(value) => value && setExisting(value as Schema['OnExistence'])}
      />
    </FormDialog>
  );
}

export default function Variables() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [search] = useFilters();
  const asked = useQuery(variablesQuery(search.q, search.page ?? 1));
  const [edited, setEdited] = useState<Variable | 'new' | 'import' | null>(null);
  const variables = asked.data?.variables ?? [];
  const many = useMany({
    kind: 'variables',
    permission: 'variable:delete',
    shown: variables.map((one) => one.key),
    filter: search.q,
    hint: t('variables.deleteHint'),
  });
  const total = asked.data?.total_entries ?? 0;
  const save_as = async () => {
    try {
      const { text, leftOut } = exported(await all());
      download(text, 'variables.json');
      if (leftOut.length > 0) tellDone(t('variables.leftOut', { keys: leftOut.join(', ') }));
    } catch (error) {
      tellFailure(error as Error);
    }
  };
  return (
    <SectionPage
      section="variables"
      actions={
        <>
          <Button size="xs" variant="default" onClick={() => void save_as()}>
            {t('variables.export')}
          </Button>
          {may('variable:create') && (
            <>
              {may('variable:edit') && (
                <Button size="xs" variant="default" onClick={() => setEdited('import')}>
                  {t('variables.import')}
                </Button>
              )}
              <Button size="xs" onClick={() => setEdited('new')}>
                {t('variables.new')}
              </Button>
            </>
          )}
        </>
      }
    >
      <div className={shared.filters}>
        <Filter name="q" label={t('byKey')} />
        <span className="dim num">{asked.data && t('variables.count', { count: total })}</span>
      </div>
      <Listing
        asked={asked}
        count={variables.length}
        empty={t(search.q ? 'variables.none' : 'variables.noneYet')}
        emptyHint={t(search.q ? 'noneHint' : 'variables.noneYetHint')}
      >
        <table className="plain">
          <thead>
            <tr>
              {many.head}
              <th scope="col">{t('key')}</th>
              <th scope="col">{t('value')}</th>
              <th scope="col" className={shared.wide}>
                {t('description')}
              </th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {variables.map((one) => (
              <tr key={one.key}>
                {many.cellOf(one.key)}
                <td className={`mono ${shared.any}`}>{one.key}</td>
                <td className={`mono ${shared.any}`}>
                  {isMasked(one.value) ? (
                    <span className="dim">{t('secret')}</span>
                  ) : one.value.length > VALUE_SHOWN ? (
                    `${one.value.slice(0, VALUE_SHOWN)}…`
                  ) : (
                    one.value
                  )}
                </td>
                <td className={`${shared.wide} ${shared.any}`}>{one.description}</td>
                <td>
                  <div className={shared.actions}>
                    {may('variable:edit') && <Edit about={one.key} open={() => setEdited(one)} />}
                    {may('variable:delete') && (
                      <Destroy
                        label={t('delete')}
                        about={one.key}
                        question={t('variables.delete')}
                        hint={t('variables.deleteHint')}
                        stale={['variables']}
                        done={t('deleted', { name: one.key })}
                        act={() =>
                          data(
                            client.DELETE('/api/v2/variables/{variable_key}', {
                              params: { path: { variable_key: one.key } },
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
      {edited === 'import' && <ImportDialog close={() => setEdited(null)} />}
      {edited !== null && edited !== 'import' && (
        <VariableDialog variable={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
    </SectionPage>
  );
}
