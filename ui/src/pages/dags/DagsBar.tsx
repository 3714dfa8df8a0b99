/** What can be done to the DAGs that were chosen in the list. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, data } from '@/api/client';
import { Act, ChosenBar } from '@/components/many/ChosenBar';
import type { Step } from '@/components/many/carryOut';
import classes from '@/components/many/Many.module.css';
import { ManyDialog, Names } from '@/components/many/ManyDialog';
import type { Chosen } from '@/components/many/useChosen';
import type { Dag } from './choice';
import { pauseDag } from './pause';

type Kind = 'pause' | 'unpause' | 'star' | 'unstar';
const DONE = { pause: 'paused', unpause: 'unpaused', star: 'starred', unstar: 'unstarred' } as const;

const path = (dag: Dag) => ({ params: { path: { dag_id: dag.dag_id } } });
const ACTS: Record<Kind, (dag: Dag) => Promise<unknown>> = {
  pause: (dag) => pauseDag(dag.dag_id, true),
  unpause: (dag) => pauseDag(dag.dag_id, false),
  star: (dag) => data(client.POST('/api/v2/dags/{dag_id}/favorite', path(dag))),
  unstar: (dag) => data(client.POST('/api/v2/dags/{dag_id}/unfavorite', path(dag))),
};
/** The server changes many DAGs by a pattern of names only, which is no way to say which ones: each is asked for. */
const AT_ONCE = 4;
const stepOf =
  (kind: Kind): Step<Dag> =>
  (dags) =>
    Promise.all(
      dags.map((dag) =>
        ACTS[kind](dag).then(
          () => null,
          (error: Error) => error.message,
        ),
      ),
    );

const keyOf = (dag: Dag) => dag.dag_id;
const nameOf = (dag: Dag) => <span className="mono">{dag.dag_id}</span>;

interface Props {
  chosen: Pick<Chosen<Dag>, 'rows' | 'away' | 'only'>;
  /** Whether the list is of favourites. */
  isOfStars: boolean;
}

export default function DagsBar({ chosen, isOfStars }: Props) {
  const { t } = useTranslation('many');
  const [kind, setKind] = useState<Kind | null>(null);
  const { rows, away, only } = chosen;
  return (
    <>
      <ChosenBar count={rows.length} away={away} forget={() => only([])}>
        {(['pause', 'unpause', isOfStars ? 'unstar' : 'star'] as const).map((one) => (
          <Act key={one} label={t(`act.${one}`)} onClick={() => setKind(one)} />
        ))}
      </ChosenBar>
      {kind !== null && <Dialog rows={rows} kind={kind} only={only} close={() => setKind(null)} />}
    </>
  );
}

interface DialogProps {
  rows: Dag[];
  kind: Kind;
  only: (rows: Dag[]) => void;
  close: () => void;
}

function Dialog({ rows, kind, only, close }: DialogProps) {
  const { t } = useTranslation('many');
  const queries = useQueryClient();
  const [asked] = useState(rows);
  return (
    <ManyDialog
      title={t(`dags.${kind}`, { count: asked.length })}
      label={t(`dags.${kind}Now`)}
      rows={asked}
      nameOf={nameOf}
      keyOf={keyOf}
      size={AT_ONCE}
      step={stepOf(kind)}
      done={(count) => t(`dags.${DONE[kind]}`, { count })}
      settle={(refused) => {
        only(refused);
        return Promise.all(['dags', 'dag'].map((key) => queries.invalidateQueries({ queryKey: [key] })));
      }}
      close={close}
    >
      <p className={classes.say}>{t(`dags.${kind}Hint`)}</p>
      <Names rows={asked} nameOf={nameOf} keyOf={keyOf} />
    </ManyDialog>
  );
}
