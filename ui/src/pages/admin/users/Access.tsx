/** Where another person is signed in and which tokens were given out to them; taking either back. */
import { Modal } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { client, data } from '@/api/client';
import { Moment } from '@/components/Moment';
import { useMay } from '../rights';
import { Destroy } from '../shared/Dialogs';
import { Listing, Part } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { sessionsOfQuery, tokensOfQuery } from './queries';
import { browserOf } from './rules';

export function Access({ username, close }: { username: string; close: () => void }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const askedSessions = useQuery(sessionsOfQuery(username));
  const askedTokens = useQuery(tokensOfQuery(username));
  const sessions = askedSessions.data?.sessions ?? [];
  const tokens = askedTokens.data?.tokens ?? [];
  return (
    <Modal
      opened
      onClose={close}
      size="xl"
      title={<span className={shared.dialogTitle}>{t('users.accessOf', { name: username })}</span>}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Part
        title={t('users.sessions')}
        aside={
          may('user:edit') &&
          sessions.length > 0 && (
            <Destroy
              label={t('users.endAll')}
              about={username}
              question={t('users.endAllAsk')}
              hint={t('users.endAllHint')}
              stale={['userSessions']}
              done={t('users.allEnded', { name: username })}
              variant="default"
              act={() =>
                data(
                  client.DELETE('/api/windward/v1/users/{username}/sessions', {
                    params: { path: { username } },
                  }),
                )
              }
            />
          )
        }
      >
        <Listing asked={askedSessions} count={sessions.length} empty={t('users.notSignedIn')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('users.browser')}</th>
                <th scope="col">{t('users.address')}</th>
                <th scope="col">{t('users.since')}</th>
                <th scope="col">{t('users.lastSeen')}</th>
              </tr>
            </thead>
            <tbody>
              {sessions.map((one) => (
                <tr key={one.session_id}>
                  <td className={shared.any} title={one.user_agent}>
                    {browserOf(one.user_agent) || '–'}
                  </td>
                  <td className="mono">{one.address}</td>
                  <td>
                    <Moment at={one.created_at} />
                  </td>
                  <td>
                    <Moment at={one.last_seen_at} relative />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Listing>
      </Part>
      <Part title={t('users.tokens')}>
        <Listing asked={askedTokens} count={tokens.length} empty={t('users.hasNoTokens')}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">{t('name')}</th>
                <th scope="col">{t('users.scopes')}</th>
                <th scope="col">{t('users.lastUsed')}</th>
                <th scope="col">{t('users.expires')}</th>
                <th scope="col" aria-label={t('actions')} />
              </tr>
            </thead>
            <tbody>
              {tokens.map((one) => (
                <tr key={one.token_id}>
                  <td className={shared.any}>
                    <strong>{one.name}</strong> <span className="mono dim">{one.hint}</span>
                  </td>
                  <td>
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
                  <td>
                    <Moment at={one.last_used_at} relative />
                  </td>
                  <td>
                    <Moment at={one.expires_at} />
                  </td>
                  <td>
                    <div className={shared.actions}>
                      {may('user:edit') && (
                        <Destroy
                          label={t('users.revoke')}
                          about={`${username}: ${one.name}`}
                          question={t('users.revokeAsk')}
                          hint={t('users.revokeHint')}
                          stale={['userTokens']}
                          done={t('users.revoked', { name: one.name })}
                          act={() =>
                            data(
                              client.DELETE('/api/windward/v1/users/{username}/tokens/{token_id}', {
                                params: { path: { username, token_id: one.token_id } },
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
      </Part>
    </Modal>
  );
}
