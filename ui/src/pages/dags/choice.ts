/** DAGs of the list that somebody chose, also those far from what is in sight. */
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef } from 'react';
import type { Schema } from '@/api/client';
import { type DagsFilter, meQuery } from '@/api/queries';
import { mayTo } from '@/app/rights';
import { tellFailure } from '@/app/telling';
import { CHOSEN_MAX } from '@/components/many/choose';
import { type Chosen, useChosen } from '@/components/many/useChosen';
import { dagsBetween } from './pages';

export type Dag = Schema['DAGResponse'];
const keyOf = (dag: Dag) => dag.dag_id;

interface Choice extends Chosen<Dag> {
  /** A press on the box at a place of the list. */
  pressAt: (dag: Dag, place: number, isRange: boolean) => void;
}

/** `inSight` are those that have come; `count` is how many the whole list has. */
export function useChosenDags(filter: DagsFilter, inSight: readonly Dag[], count: number): Choice {
  const queries = useQueryClient();
  const chosen = useChosen<Dag>({ about: JSON.stringify(filter), shown: inSight, keyOf });
  const last = useRef(0);
  const now = useRef({ filter, chosen });
  now.current = { filter, chosen };
  const putBetween = useCallback(
    (from: number, to: number, isOn: boolean) => {
      const { filter: asked } = now.current;
      const me = queries.getQueryData(meQuery.queryKey);
      dagsBetween(queries, asked, from, to)
        .then((dags) => {
          const mine = dags.filter((dag) => mayTo(me, 'dag:edit', dag));
          if (now.current.filter === asked) now.current.chosen.put(mine, isOn);
        })
        .catch(tellFailure);
    },
    [queries],
  );
  const pressAt = useCallback(
    (dag: Dag, place: number, isRange: boolean) => {
      const from = last.current;
      last.current = place;
      const isOn = !now.current.chosen.has(dag);
      if (isRange) putBetween(Math.min(from, place), Math.max(from, place), isOn);
      else now.current.chosen.put([dag], isOn);
    },
    [putBetween],
  );
  const size = chosen.rows.length;
  return {
    ...chosen,
    // The list is one: nothing of it is on another page.
    away: 0,
    extent: size === 0 ? 'none' : size >= Math.min(count, CHOSEN_MAX) ? 'all' : 'some',
    pressAt,
    pressAll: () => {
      if (size > 0) chosen.only([]);
      else putBetween(0, Math.min(count, CHOSEN_MAX) - 1, true);
    },
  };
}
