/** What is done with a DAG more rarely: reading its file again, deleting it. */
import { Button, Group, Menu, Modal } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { useMayTo } from '@/app/rights';
import { tellDone } from '@/app/telling';
import { Failure } from '@/components/Waiting';

type Dag = Pick<Schema['DAGDetailsResponse'], 'dag_id' | 'file_token' | 'is_stale' | 'tags'>;

export function DagMenu({ dag }: { dag: Dag }) {
  const { t } = useTranslation('dag');
  const may = useMayTo(dag);
  const queries = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const read = useMutation({
    mutationFn: () =>
      data(
        client.PUT('/api/v2/parseDagFile/{file_token}', { params: { path: { file_token: dag.file_token } } }),
      ),
    onSuccess: () => tellDone(t('menu.read')),
    onSettled: () => queries.invalidateQueries({ queryKey: ['dag', dag.dag_id] }),
  });
  const mayRead = may('dag:edit');
  const mayDelete = may('dag:delete');
  if (!mayRead && !mayDelete) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button size="xs" variant="default" aria-label={t('menu.more')} title={t('menu.more')}>
            ⋯
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {mayRead && <Menu.Item onClick={() => read.mutate()}>{t('menu.readAgain')}</Menu.Item>}
          {mayDelete && (
            <Menu.Item color="red" onClick={() => setAsking(true)}>
              {t('menu.delete')}
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {isAsking && <DeleteDialog dag={dag} close={() => setAsking(false)} />}
    </>
  );
}

function DeleteDialog({ dag, close }: { dag: Dag; close: () => void }) {
  const { t } = useTranslation('dag');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () =>
      data(client.DELETE('/api/v2/dags/{dag_id}', { params: { path: { dag_id: dag.dag_id } } })),
    meta: { isTold: true },
    onSuccess: async () => {
      tellDone(t('menu.deleted', { dag: dag.dag_id }));
      await navigate({ to: '/dags' });
      await queries.invalidateQueries({ queryKey: ['dags'] });
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={<strong>{t('menu.deleteAsk')}</strong>}
      closeButtonProps={{ 'aria-label': t('menu.keep') }}
    >
      <p className="mono">{dag.dag_id}</p>
      <p>{t(dag.is_stale ? 'menu.deleteGone' : 'menu.deleteHint')}</p>
      {remove.error && <Failure error={remove.error} />}
      <Group justify="flex-end" gap={8}>
        <Button size="xs" variant="default" onClick={close} data-autofocus>
          {t('menu.keep')}
        </Button>
        <Button size="xs" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          {t('menu.deleteNow')}
        </Button>
      </Group>
    </Modal>
  );
}
