/** What is one's own: the password, browsers that are signed in, and tokens for programs. */
import { Button, Modal, NumberInput, PasswordInput, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { Copy } from '@/components/Copy';
import { Moment } from '@/components/Moment';
import { useAct } from '../shared/act';
import { Destroy, FormDialog } from '../shared/Dialogs';
import { Listing, Part } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { mySessionsQuery, myTokensQuery } from './queries';
import { browserOf, wrongPassword } from './rules';

const DAYS = 90;

function PasswordDialog({ close }: { close: () => void }) {
  const { t } = useTranslation('manage');
  const [fields, setFields] = useState({ current: '', password: '', again: '' });
  const [wrong, setWrong] = useState<Record<string, string | undefined>>({});
  const doing = useAct(
    () =>
      data(
        client.POST('/api/windward/v1/me/password', {
          body: { current_password: fields.current, new_password: fields.password },
        }),
      ),
    ['mySessions'],
    () => t('users.passwordChanged'),
  );
  const faultOf = (name: string, ofServer: string) => (wrong[name] ? t(wrong[name]) : doing.faults[ofServer]);
  return (
    <FormDialog
      title={t('users.changePassword')}
      close={close}
      submit={async () => {
        const found = {
          ...wrongPassword(fields.password, fields.again),
          ...(fields.current ? {} : { current: 'needed' }),
        };
        setWrong(found);
        if (Object.keys(found).length === 0 && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['current_password', 'new_password']}
    >
      <PasswordInput
        label={t('users.current')}
        required
        data-autofocus
        autoComplete="current-password"
        value={fields.current}
        error={faultOf('current', 'current_password')}
        onChange={(event) => setFields({ ...fields, current: event.currentTarget.value })}
      />
      <PasswordInput
        label={t('users.newPassword')}
        required
        autoComplete="new-password"
        value={fields.password}
        error={faultOf('password', 'new_password')}
        onChange={(event) => setFields({ ...fields, password: event.currentTarget.value })}
      />
      <PasswordInput
        label={t('users.again')}
        required
        autoComplete="new-password"
        value={fields.again}
        error={faultOf('again', '')}
        onChange={(event) => setFields({ ...fields, again: event.currentTarget.value })}
      />
      <div className="dim">{t('users.endsAll')}</div>
    </FormDialog>
  );
}

function TokenDialog({ close, show }: { close: () => void; show: (token: string) => void }) {
  const { t } = useTranslation('manage');
  const { data: me } = useQuery(meQuery);
  const [name, setName] = useState('');
  const [days, setDays] = useState<number | string>(DAYS);
  const [scopes, setScopes] = useState<string[]>([]);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const doing = useAct(async () => {
    const made = await data(
      client.POST('/api/windward/v1/me/tokens', {
        body: { name: name.trim(), days: Number(days), scopes: scopes.length === 0 ? null : scopes },
      }),
    );
    show(made.token);
  }, ['myTokens']);
  const mine = [...new Set((me?.permissions ?? []).map((one) => one.split('@')[0] ?? ''))];
  return (
    <FormDialog
      title={t('users.newToken')}
      close={close}
      submit={async () => {
        const found: Record<string, string> = {};
        if (name.trim() === '') found.name = t('needed');
        if (!(Number(days) > 0)) found.days = t('users.wrongDays');
        setWrong(found);
        if (Object.keys(found).length === 0 && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['name', 'days', 'scopes']}
      action={t('create')}
    >
      <TextInput
        label={t('name')}
        description={t('users.tokenNameHint')}
        required
        data-autofocus
        value={name}
        error={wrong.name ?? doing.faults.name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NumberInput
        label={t('users.days')}
        required
        min={0}
        value={days}
        error={wrong.days ?? doing.faults.days}
        onChange={setDays}
      />
      <TagsInput
        label={t('users.scopes')}
        description={t('users.scopesHint')}
        data={mine}
        placeholder="run:create@dag:sales"
        clearable
        value={scopes}
        error={doing.faults.scopes}
        onChange={setScopes}
      />
    </FormDialog>
  );
}

function Shown({ token, close }: { token: string; close: () => void }) {
  const { t } = useTranslation('manage');
  return (
    <Modal
      opened
      onClose={close}
      title={<span className={shared.dialogTitle}>{t('users.yourToken')}</span>}
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <div className={shared.form}>
        <div>{t('users.shownOnce')}</div>
        <TextInput
          readOnly
          data-autofocus
          aria-label={t('users.yourToken')}
          value={token}
          styles={{ input: { fontFamily: 'var(--ww-mono)' } }}
          onFocus={(event) => event.currentTarget.select()}
        />
        <div className={shared.buttons}>
          <span className={shared.push} />
          <Copy value={token}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {t(copied ? 'users.copied' : 'users.copy')}
              </Button>
            )}
          </Copy>
          <Button size="xs" onClick={close}>
            {t('close')}
          </Button>
        </div>
      </div>
    </Modal>
  );
}

function Sessions() {
  const { t } = useTranslation('manage');
  const asked = useQuery(mySessionsQuery);
  const sessions = asked.data?.sessions ?? [];
  return (
    <Part title={t('users.sessions')}>
      <Listing asked={asked} count={sessions.length} empty={t('users.noSessions')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('users.browser')}</th>
              <th scope="col" className={shared.wide}>
                {t('users.address')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('users.since')}
              </th>
              <th scope="col">{t('users.lastSeen')}</th>
              <th scope="col" className={shared.wide}>
                {t('users.expires')}
              </th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {sessions.map((one) => (
              <tr key={one.session_id}>
                <td className={shared.any}>
                  <span title={one.user_agent}>{browserOf(one.user_agent) || '–'}</span>{' '}
                  {one.is_current && <strong className={shared.chip}>{t('users.this')}</strong>}
                </td>
                <td className={`mono ${shared.wide}`}>{one.address}</td>
                <td className={shared.wide}>
                  <Moment at={one.created_at} />
                </td>
                <td>
                  <Moment at={one.last_seen_at} relative />
                </td>
                <td className={shared.wide}>
                  <Moment at={one.expires_at} />
                </td>
                <td>
                  <div className={shared.actions}>
                    <Destroy
                      label={t('users.end')}
                      about={`${browserOf(one.user_agent)} · ${one.address}`}
                      question={t('users.endAsk')}
                      hint={one.is_current ? t('users.endThis') : undefined}
                      stale={['mySessions']}
                      done={t('users.ended')}
                      act={() =>
                        data(
                          client.DELETE('/api/windward/v1/me/sessions/{session_id}', {
                            params: { path: { session_id: one.session_id } },
                          }),
                        )
                      }
                    />
                  </div>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Listing>
    </Part>
  );
}

function TokenRow({ one }: { one: Schema['TokenResponse'] }) {
  const { t } = useTranslation('manage');
  return (
    <tr>
      <td className={shared.any}>
        <strong>{one.name}</strong> <span className="mono dim">{one.hint}</span>
      </td>
      <td className={shared.wide}>
        {one.scopes === null ? (
          <span className="dim">{t('users.all')}</span>
        ) : (
          <span className={shared.chips}>
            {one.scopes.map((scope) => (
              <span key={scope} className={`mono ${shared.chip}`}>
                {scope}
              </span>
            ))}
          </span>
        )}
      </td>
      <td className={shared.wide}>
        <Moment at={one.last_used_at} relative />
      </td>
      <td>
        <Moment at={one.expires_at} />
      </td>
      <td>
        <div className={shared.actions}>
          <Destroy
            label={t('users.revoke')}
            about={one.name}
            question={t('users.revokeAsk')}
            hint={t('users.revokeHint')}
            stale={['myTokens']}
            done={t('users.revoked', { name: one.name })}
            act={() =>
              data(
                client.DELETE('/api/windward/v1/me/tokens/{token_id}', {
                  params: { path: { token_id: one.token_id } },
                }),
              )
            }
          />
        </div>
      </td>
    </tr>
  );
}

export function Myself() {
  const { t } = useTranslation('manage');
  const { data: me } = useQuery(meQuery);
  const asked = useQuery(myTokensQuery);
  const [open, setOpen] = useState<'password' | 'token' | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const tokens = asked.data?.tokens ?? [];
  return (
    <>
      <Part
        title={me?.username ?? ''}
        aside={
          <>
            <span className="dim">{me?.roles.join(', ')}</span>
            <Button size="compact-xs" variant="default" onClick={() => setOpen('password')}>
              {t('users.changePassword')}
            </Button>
          </>
        }
      >
        {null}
      </Part>
      <Part
        title={t('users.tokens')}
        aside={
          <Button size="compact-xs" variant="default" onClick={() => setOpen('token')}>
            {t('users.newToken')}
          </Button>
        }
      >
        <Listing
          asked={asked}
          count={tokens.length}
          empty={t('users.noTokens')}
          emptyHint={t('users.noTokensHint')}
        >
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('name')}</th>
                <th scope="col" className={shared.wide}>
                  {t('users.scopes')}
                </th>
                <th scope="col" className={shared.wide}>
                  {t('users.lastUsed')}
                </th>
                <th scope="col">{t('users.expires')}</th>
                <th scope="col" aria-label={t('actions')} />
              </tr>
            </thead>
            <tbody>
              {tokens.map((one) => (
                <TokenRow key={one.token_id} one={one} />
              ))}
            </tbody>
          </table>
        </Listing>
      </Part>
      <Sessions />
      {open === 'password' && <PasswordDialog close={() => setOpen(null)} />}
      {open === 'token' && <TokenDialog close={() => setOpen(null)} show={setToken} />}
      {token !== null && <Shown token={token} close={() => setToken(null)} />}
    </>
  );
}
