/** Users: who there is, what roles and grants each has; making, changing, deactivating and deleting. */
import { Button, MultiSelect, PasswordInput, Switch, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { meQuery } from '@/api/queries';
import { Moment } from '@/components/Moment';
import { StateSign } from '@/components/State';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Destroy, Edit, FormDialog } from '../shared/Dialogs';
import { Listing, Pager, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { Access } from './Access';
import { rolesQuery, usersQuery } from './queries';
import { PASSWORD_MIN } from './rules';

type User = Schema['UserResponse'];

interface Fields {
  username: string;
  first: string;
  last: string;
  email: string;
  password: string;
  roles: string[];
  grants: string[];
  isActive: boolean;
}

function save(user: User | null, fields: Fields): Promise<unknown> {
  const common = {
    first_name: fields.first,
    last_name: fields.last,
    email: fields.email,
    roles: fields.roles,
    grants: fields.grants,
  };
  if (user === null) {
    return data(
      client.POST('/api/windward/v1/users', {
        body: { ...common, username: fields.username.trim(), password: fields.password || null },
      }),
    );
  }
  return data(
    client.PATCH('/api/windward/v1/users/{username}', {
      params: { path: { username: user.username } },
      body: {
        ...common,
        is_active: fields.isActive,
        ...(fields.password === '' ? {} : { password: fields.password }),
      },
    }),
  );
}

function UserDialog({ user, close }: { user: User | null; close: () => void }) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const { data: me } = useQuery(meQuery);
  const { data: known } = useQuery({ ...rolesQuery, enabled: may('role:read') });
  const [fields, setFields] = useState<Fields>({
    username: user?.username ?? '',
    first: user?.first_name ?? '',
    last: user?.last_name ?? '',
    email: user?.email ?? '',
    password: '',
    roles: user?.roles ?? ['viewer'],
    grants: user?.grants ?? [],
    isActive: user?.is_active ?? true,
  });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const doing = useAct(
    () => save(user, fields),
    ['users', 'me'],
    () => t('saved', { name: fields.username }),
  );
  const roles = [...new Set([...(known?.roles ?? []).map((one) => one.name), ...fields.roles])];
  return (
    <FormDialog
      title={user === null ? t('users.new') : t('users.edit', { name: user.username })}
      close={close}
      submit={async () => {
        const found: Record<string, string> = {};
        if (fields.username.trim() === '') found.username = t('needed');
        const isShort = fields.password.length < PASSWORD_MIN;
        if (isShort && (user === null || fields.password !== '')) found.password = t('users.tooShort');
        setWrong(found);
        if (Object.keys(found).length === 0 && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['username', 'first_name', 'last_name', 'email', 'password', 'roles', 'grants']}
      size="lg"
    >
      <div className={shared.pair}>
        <TextInput
          label={t('users.username')}
          required
          disabled={user !== null}
          data-autofocus={user === null || undefined}
          autoComplete="off"
          value={fields.username}
          error={wrong.username ?? doing.faults.username}
          onChange={(event) => setFields({ ...fields, username: event.currentTarget.value })}
        />
        <PasswordInput
          label={t('users.newPassword')}
          required={user === null}
          autoComplete="new-password"
          placeholder={user === null ? undefined : t('secretKept')}
          value={fields.password}
          error={wrong.password ?? doing.faults.password}
          onChange={(event) => setFields({ ...fields, password: event.currentTarget.value })}
        />
        <TextInput
          label={t('users.first')}
          value={fields.first}
          error={doing.faults.first_name}
          onChange={(event) => setFields({ ...fields, first: event.currentTarget.value })}
        />
        <TextInput
          label={t('users.last')}
          value={fields.last}
          error={doing.faults.last_name}
          onChange={(event) => setFields({ ...fields, last: event.currentTarget.value })}
        />
      </div>
      <TextInput
        label={t('users.email')}
        type="email"
        value={fields.email}
        error={doing.faults.email}
        onChange={(event) => setFields({ ...fields, email: event.currentTarget.value })}
      />
      <MultiSelect
        label={t('users.roles')}
        data={roles}
        value={fields.roles}
        error={doing.faults.roles}
        onChange={(chosen) => setFields({ ...fields, roles: chosen })}
      />
      <TagsInput
        label={t('users.grants')}
        description={t('users.grantsHint')}
        placeholder="run:create@dag:sales"
        value={fields.grants}
        error={doing.faults.grants}
        onChange={(grants) => setFields({ ...fields, grants })}
      />
      {user !== null && (
        <Switch
          label={t('users.active')}
          description={t('users.activeHint')}
          disabled={user.username === me?.username}
          checked={fields.isActive}
          onChange={(event) => setFields({ ...fields, isActive: event.currentTarget.checked })}
        />
      )}
    </FormDialog>
  );
}

export function People() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [search, change] = useFilters();
  const { data: me } = useQuery(meQuery);
  const asked = useQuery(usersQuery(search.page ?? 1));
  const [edited, setEdited] = useState<User | 'new' | null>(null);
  const users = asked.data?.users ?? [];
  return (
    <>
      <div className={shared.filters}>
        <span className="dim num">{asked.data && t('users.count', { count: asked.data.total_entries })}</span>
        <span className={shared.push} />
        {may('user:create') && (
          <Button size="xs" onClick={() => setEdited('new')}>
            {t('users.new')}
          </Button>
        )}
      </div>
      <Listing asked={asked} count={users.length} empty={t('users.none')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('users.username')}</th>
              <th scope="col">{t('users.state')}</th>
              <th scope="col" className={shared.wide}>
                {t('users.roles')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('users.grants')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('users.source')}
              </th>
              <th scope="col" className={shared.wide}>
                {t('users.lastLogin')}
              </th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {users.map((user) => (
              <tr key={user.username}>
                <td className={shared.any}>
                  <strong>{user.username}</strong>
                  <div className="dim">
                    {[`${user.first_name} ${user.last_name}`.trim(), user.email].filter(Boolean).join(' · ')}
                  </div>
                  <div className={shared.narrow}>{user.roles.join(', ')}</div>
                </td>
                <td className="nowrap">
                  <StateSign state={user.is_active ? 'success' : 'skipped'} />{' '}
                  {t(user.is_active ? 'users.isActive' : 'users.isInactive')}
                </td>
                <td className={shared.wide}>{user.roles.join(', ')}</td>
                <td className={shared.wide}>
                  <span className={shared.chips}>
                    {user.grants.map((grant) => (
                      <span key={grant} className={`mono ${shared.chip}`}>
                        {grant}
                      </span>
                    ))}
                  </span>
                </td>
                <td className={shared.wide}>{user.source}</td>
                <td className={shared.wide}>
                  <Moment at={user.last_login_at} relative />
                </td>
                <td>
                  <div className={shared.actions}>
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      aria-label={`${t('users.access')}: ${user.username}`}
                      onClick={() => change({ item: user.username, page: search.page })}
                    >
                      {t('users.access')}
                    </Button>
                    {may('user:edit') && <Edit about={user.username} open={() => setEdited(user)} />}
                    {may('user:delete') && (
                      <Destroy
                        label={t('delete')}
                        about={user.username}
                        question={t('users.delete')}
                        hint={t('users.deleteHint')}
                        isDisabled={user.username === me?.username}
                        why={user.username === me?.username ? t('users.notYourself') : undefined}
                        stale={['users']}
                        done={t('deleted', { name: user.username })}
                        act={() =>
                          data(
                            client.DELETE('/api/windward/v1/users/{username}', {
                              params: { path: { username: user.username } },
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
      <Pager total={asked.data?.total_entries ?? 0} />
      {search.item !== undefined && (
        <Access username={search.item} close={() => change({ item: undefined, page: search.page })} />
      )}
      {edited !== null && (
        <UserDialog user={edited === 'new' ? null : edited} close={() => setEdited(null)} />
      )}
    </>
  );
}
