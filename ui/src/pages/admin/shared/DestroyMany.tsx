/** What can be done to the entries that were chosen in a list of the installation: they are deleted. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data, type Schema } from '@/api/client';
import { Act, ChosenBar } from '@/components/many/ChosenBar';
import { problemsOf, type Step } from '@/components/many/carryOut';
import classes from '@/components/many/Many.module.css';
import { ManyDialog, Names } from '@/components/many/ManyDialog';
import type { Chosen } from '@/components/many/useChosen';

const AT_ONCE = 50;
type Kind = 'variables' | 'connections' | 'pools';

/** Delete entries by their names. */
const stepOf =
  (kind: Kind, gone: string): Step<string> =>
  async (names) => {
    const body = {
      actions: [{ action: 'delete', entities: [...names], action_on_non_existence: 'skip' }],
    } as unknown as Schema['BulkBody_VariableBody_'] &
      Schema['BulkBody_ConnectionBody_'] &
      Schema['BulkBody_PoolBody_'];
    const answer = await data(client.PATCH(`/api/v2/${kind}`, { body }));
    return problemsOf(names, answer.delete, gone);
  };

const keyOf = (name: string) => name;
const nameOf = (name: string) => <span className="mono">{name}</span>;

interface Props {
  kind: Kind;
  chosen: Pick<Chosen<string>, 'rows' | 'away' | 'only'>;
  /** What comes of it. */
  hint: string;
}

export default function DestroyMany({ kind, chosen, hint }: Props) {
  const { t } = useTranslation('many');
  const [isAsking, setAsking] = useState(false);
  const { rows, away, only } = chosen;
  return (
    <>
      <ChosenBar count={rows.length} away={away} forget={() => only([])}>
        <Act label={t('act.delete')} color="var(--state-failed)" onClick={() => setAsking(true)} />
      </ChosenBar>
      {isAsking && <Dialog kind={kind} hint={hint} rows={rows} only={only} close={() => setAsking(false)} />}
    </>
  );
}

interface DialogProps {
  kind: Kind;
  hint: string;
  rows: string[];
  only: (rows: string[]) => void;
  close: () => void;
}

function Dialog({ kind, hint, rows, only, close }: DialogProps) {
  const { t } = useTranslation('many');
  const queries = useQueryClient();
  const [asked] = useState(rows);
  return (
    <ManyDialog
      title={t(`kept.${kind}`, { count: asked.length })}
      label={t('kept.deleteNow')}
      isDangerous
      rows={asked}
      nameOf={nameOf}
      keyOf={keyOf}
      size={AT_ONCE}
      step={stepOf(kind, t('gone'))}
      done={(count) => t('kept.deleted', { count })}
      settle={(refused) => {
        only(refused);
        return queries.invalidateQueries({ queryKey: [kind] });
      }}
      close={close}
    >
      <p className={classes.say}>{hint}</p>
      <Names rows={asked} nameOf={nameOf} keyOf={keyOf} />
    </ManyDialog>
  );
}
