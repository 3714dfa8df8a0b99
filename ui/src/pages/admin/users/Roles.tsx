/** Roles: what each permits, as a table of resources and verbs. */
import { Button, Checkbox, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useMay } from '../rights';
import { useAct } from '../shared/act';
import { Destroy, FormDialog } from '../shared/Dialogs';
import { Listing, useFilters } from '../shared/Listing';
import shared from '../shared/shared.module.css';
import { rolesQuery } from './queries';
import { resourcesOf, splitOf, VERBS } from './rules';

type Role = Schema['RoleResponse'];

interface TableProps {
  resources: string[];
  given: Set<string>;
  toggle?: (permission: string) => void;
}

function Permissions({ resources, given, toggle }: TableProps) {
  const { t } = useTranslation('manage');
  return (
    <div className={shared.listing}>
      <table className={`plain ${shared.dense}`}>
        <thead>
          <tr>
            <th scope="col">{t('users.resource')}</th>
            {VERBS.map((verb) => (
              <th key={verb} scope="col">
                {t(`users.verbs.${verb}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {resources.map((resource) => (
            <tr key={resource}>
              <td className="mono">{resource}</td>
              {VERBS.map((verb) => {
                const permission = `${resource}:${verb}`;
                return (
                  <td key={verb}>
                    <Checkbox
                      size="xs"
                      aria-label={permission}
                      checked={given.has(permission)}
                      disabled={toggle === undefined}
                      onChange={() => toggle?.(permission)}
                    />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RoleDialog({
  edited: role,
  resources,
  close,
}: {
  edited: Role | null;
  resources: string[];
  close: () => void;
}) {
  const { t } = useTranslation('manage');
  const may = useMay();
  const before = splitOf(role?.permissions ?? []);
  const [name, setName] = useState(role?.name ?? '');
  const [everywhere, setEverywhere] = useState(before.everywhere);
  const [somewhere, setSomewhere] = useState(before.somewhere);
  const [wrong, setWrong] = useState<string | undefined>();
  const isFixed = role?.is_built_in === true || !may(role === null ? 'role:create' : 'role:edit');
  const permissions = [...everywhere, ...somewhere].sort();
  const doing = useAct(
    () =>
      role === null
        ? data(client.POST('/api/windward/v1/roles', { body: { name: name.trim(), permissions } }))
        : data(
            client.PATCH('/api/windward/v1/roles/{role}', {
              params: { path: { role: role.name } },
              body: { permissions },
            }),
          ),
    ['roles', 'me'],
    () => t('saved', { name }),
  );
  const toggle = (permission: string) => {
    const next = new Set(everywhere);
    if (!next.delete(permission)) next.add(permission);
    setEverywhere(next);
  };
  return (
    <FormDialog
      title={role === null ? t('users.newRole') : t('users.role', { name: role.name })}
      close={close}
      submit={async () => {
        if (isFixed) return close();
        const isWrong = name.trim() === '';
        setWrong(isWrong ? t('needed') : undefined);
        if (!isWrong && (await doing.run(undefined))) close();
      }}
      isBusy={doing.isBusy}
      error={doing.error}
      fields={['name', 'permissions']}
      action={isFixed ? t('close') : undefined}
      size="lg"
    >
      {role === null && (
        <TextInput
          label={t('name')}
          required
          data-autofocus
          value={name}
          error={wrong ?? doing.faults.name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      )}
      {role?.is_built_in && <div className="dim">{t('users.builtInHint')}</div>}
      <Permissions resources={resources} given={everywhere} toggle={isFixed ? undefined : toggle} />
      {!(isFixed && somewhere.length === 0) && (
        <TagsInput
          label={t('users.somewhere')}
          description={t('users.grantsHint')}
          placeholder="run:create@tag:shop"
          disabled={isFixed}
          value={somewhere}
          error={doing.faults.permissions}
          onChange={setSomewhere}
        />
      )}
    </FormDialog>
  );
}

export function Roles() {
  const { t } = useTranslation('manage');
  const may = useMay();
  const [{ item }, change] = useFilters();
  const asked = useQuery(rolesQuery);
  const [isNew, setNew] = useState(false);
  const roles = asked.data?.roles ?? [];
  const resources = resourcesOf(roles.flatMap((one) => one.permissions));
  const opened = roles.find((one) => one.name === item) ?? null;
  return (
    <>
      <div className={shared.filters}>
        <span className={shared.push} />
        {may('role:create') && (
          <Button size="xs" onClick={() => setNew(true)}>
            {t('users.newRole')}
          </Button>
        )}
      </div>
      <Listing asked={asked} count={roles.length} empty={t('users.noRoles')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('users.roleName')}</th>
              <th scope="col">{t('users.permissions')}</th>
              <th scope="col" aria-label={t('actions')} />
            </tr>
          </thead>
          <tbody>
            {roles.map((role) => (
              <tr key={role.name}>
                <td className={shared.any}>
                  <strong>{role.name}</strong>{' '}
                  {role.is_built_in && <span className="dim">{t('users.builtIn')}</span>}
                </td>
                <td className="num">{t('users.permissionCount', { count: role.permissions.length })}</td>
                <td>
                  <div className={shared.actions}>
                    <Button
                      size="compact-xs"
                      variant="subtle"
                      aria-label={`${t('users.show')}: ${role.name}`}
                      onClick={() => change({ item: role.name })}
                    >
                      {t(role.is_built_in || !may('role:edit') ? 'users.show' : 'edit')}
                    </Button>
                    {may('role:delete') && !role.is_built_in && (
                      <Destroy
                        label={t('delete')}
                        about={role.name}
                        question={t('users.deleteRole')}
                        hint={t('users.deleteRoleHint')}
                        stale={['roles']}
                        done={t('deleted', { name: role.name })}
                        act={() =>
                          data(
                            client.DELETE('/api/windward/v1/roles/{role}', {
                              params: { path: { role: role.name } },
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
      {isNew && <RoleDialog edited={null} resources={resources} close={() => setNew(false)} />}
      {opened !== null && (
        <RoleDialog
          key={opened.name}
          edited={opened}
          resources={resources}
          close={() => change({ item: undefined })}
        />
      )}
    </>
  );
}
