/** A connection as a form: the fields that its type uses, under the names that the type has for them. */
import { Button, Textarea, TextInput } from '@mantine/core';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { StateSign } from '@/components/State';
import { said } from '@/i18n';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { FormDialog } from '../shared/Dialogs';
import { isMasked, isPartlyMasked } from '../shared/secrets';
import shared from '../shared/shared.module.css';
import classes from './Connections.module.css';
import { bodyOf, type ConnectionFields, fieldsOf, wrongIn } from './connection';
import { ExtraFields } from './ExtraFields';
import { StandardField, TypeField } from './Fields';
import { type ConnectionType, formOf, typesQuery } from './types';

type Connection = Schema['ConnectionResponse'];
const NO_TYPES: ConnectionType[] = [];

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

export function ConnectionDialog({
  connection,
  close,
}: {
  connection: Connection | null;
  close: () => void;
}) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const { data: isTested } = useQuery({ ...isTestedQuery, enabled: may('config:read') });
  const [fields, setFields] = useState(() => fieldsOf(connection));
  const [isJson, setJson] = useState(false);
  const [isWhole, setWhole] = useState(false);
  const { data: types = NO_TYPES } = useQuery(typesQuery);
  const type = types.find((one) => one.connection_type === fields.type.trim());
  const kept = { hasPassword: connection?.password != null, isExtraMasked: isMasked(connection?.extra) };
  const form = formOf(type, fields, kept, isWhole);
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
      <div className={classes.row}>
        <TextInput
          label={t('connections.id')}
          required
          disabled={connection !== null}
          data-autofocus={connection === null || undefined}
          value={fields.id}
          error={faultOf('id', 'connection_id')}
          onChange={(event) => set({ id: event.currentTarget.value })}
        />
        <TypeField
          types={types}
          value={fields.type}
          error={faultOf('type', 'conn_type')}
          change={(one) => set({ type: one })}
        />
      </div>
      {form.rows.map((row) => (
        <div key={row[0]?.name} className={classes.row}>
          {row.map((field) => (
            <StandardField
              key={field.name}
              field={field}
              value={fields[field.name]}
              isKept={field.name === 'password' && isMasked(connection?.password)}
              error={faultOf(field.name)}
              change={(value) => set({ [field.name]: value })}
            />
          ))}
        </div>
      ))}
      {form.extras.length > 0 && (
        <ExtraFields
          key={type?.connection_type}
          fields={form.extras}
          stored={connection?.extra ?? ''}
          text={fields.extra}
          change={(extra) => set({ extra })}
        />
      )}
      {(form.json === 'shown' || isJson) && (
        <Textarea
          label={said(form.ofJson?.label ?? '') || t('connections.extra')}
          description={
            isMasked(connection?.extra)
              ? t('secretHint')
              : isPartlyMasked(connection?.extra)
                ? t('partlySecretHint')
                : undefined
          }
          placeholder={isMasked(connection?.extra) ? t('secretKept') : form.ofJson?.placeholder || '{}'}
          autosize
          minRows={3}
          maxRows={14}
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
          value={fields.extra}
          error={faultOf('extra')}
          onChange={(event) => set({ extra: event.currentTarget.value })}
        />
      )}
      {type !== undefined && (
        <div className={classes.more}>
          {formOf(type, fields, kept, false).json === 'asked' && !isWhole && (
            <Button size="compact-xs" variant="subtle" aria-pressed={isJson} onClick={() => setJson(!isJson)}>
              {t(isJson ? 'connections.noJson' : 'connections.asJson')}
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="subtle"
            aria-pressed={isWhole}
            onClick={() => setWhole(!isWhole)}
          >
            {t(isWhole ? 'connections.onlyUsed' : 'connections.allFields')}
          </Button>
        </div>
      )}
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
