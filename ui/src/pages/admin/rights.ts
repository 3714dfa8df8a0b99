/** What somebody may do, as the server says it: a page offers nothing else. */
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '@/api/queries';

export interface Rights {
  permissions: string[];
  scopes: string[] | null;
}

/** Whether somebody may do a thing (`pool:edit`) at least somewhere: everywhere, for one DAG, for a tag. */
export function may(me: Rights | undefined, permission: string): boolean {
  if (me === undefined) return false;
  if (me.scopes !== null && !me.scopes.includes(permission)) return false;
  return me.permissions.some((one) => one === permission || one.startsWith(`${permission}@`));
}

export function useMay(): (permission: string) => boolean {
  const { data: me } = useQuery(meQuery);
  return (permission) => may(me, permission);
}
