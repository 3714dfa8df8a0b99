/** What somebody may do, as the server says it: a page offers nothing else. */
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '@/api/queries';

export interface Rights {
  permissions: string[];
  scopes: string[] | null;
}

/** A DAG, as far as permissions know it. */
export interface OfDag {
  dag_id: string;
  tags?: readonly { name: string }[];
}

/** Whether somebody may do a thing (`pool:edit`) at least somewhere: everywhere, for one DAG, for a tag. */
export function may(me: Rights | undefined, permission: string): boolean {
  if (me === undefined) return false;
  return within(me, (one) => one === permission || one.startsWith(`${permission}@`));
}

/** Whether a permission and, with a token, a scope is `enough`. */
function within(me: Rights, enough: (one: string) => boolean): boolean {
  return me.permissions.some(enough) && (me.scopes === null || me.scopes.some(enough));
}

/** Whether somebody may do a thing (`run:create`) to a DAG: to all, to this one, to those with a tag of its. */
export function mayTo(me: Rights | undefined, permission: string, dag: OfDag): boolean {
  if (me === undefined) return false;
  const enough = enoughFor(permission, dag);
  return within(me, (one) => enough.includes(one));
}

function enoughFor(permission: string, dag: OfDag): string[] {
  return [
    permission,
    `${permission}@dag:${dag.dag_id}`,
    ...(dag.tags ?? []).map(({ name }) => `${permission}@tag:${name}`),
  ];
}

export function useMay(): (permission: string) => boolean {
  const { data: me } = useQuery(meQuery);
  return (permission) => may(me, permission);
}

/** Whether somebody may do a thing to a DAG. Where its tags are not known, a permission for a tag counts as one. */
export function mayPerhaps(me: Rights | undefined, permission: string, dag: OfDag): boolean {
  if (me === undefined) return false;
  const enough = enoughFor(permission, dag);
  const isPerhaps = (one: string) => dag.tags === undefined && one.startsWith(`${permission}@tag:`);
  return within(me, (one) => enough.includes(one) || isPerhaps(one));
}

/** What somebody may do to a DAG, as far as its tags are known. */
export function useMayTo(dag: OfDag): (permission: string) => boolean {
  const { data: me } = useQuery(meQuery);
  return (permission) => mayPerhaps(me, permission, dag);
}
