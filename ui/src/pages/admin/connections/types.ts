/** Types of connections, and the form that each makes: fields that it uses, and those that hold something all the same. */
import { queryOptions } from '@tanstack/react-query';
import { client, data, type Schema } from '@/api/client';
import type { ConnectionFields } from './connection';
import { extraOf } from './extra';

export type ConnectionType = Schema['ConnectionTypeResponse'];
export type Field = Schema['ConnectionFieldResponse'];
export type Standard = 'host' | 'port' | 'login' | 'password' | 'schema';

/** Standard fields as they stand beside each other. */
const ROWS: readonly (readonly Standard[])[] = [['host', 'port'], ['login', 'password'], ['schema']];

export interface ShownField {
  name: Standard;
  /** What the type says of it; nothing where it does not use it, or is not known. */
  of: Field | undefined;
  /** It holds something that hooks of this type do not read. */
  isUnused: boolean;
}

export interface Form {
  rows: ShownField[][];
  extras: readonly Field[];
  /** Whether the extra is shown as text: always, when somebody asks for it, or never. */
  json: 'shown' | 'asked';
  ofJson: Field | undefined;
}

export const typesQuery = queryOptions({
  queryKey: ['connection-types'],
  queryFn: async () => (await data(client.GET('/api/windward/v1/connection-types'))).connection_types,
  staleTime: Number.POSITIVE_INFINITY,
});

/** Return the form of a connection. `kept` are fields with something that cannot be shown. */
export function formOf(
  type: ConnectionType | undefined,
  fields: ConnectionFields,
  kept: { hasPassword: boolean; isExtraMasked: boolean },
  isWhole: boolean,
): Form {
  const holds = (name: Standard) => fields[name] !== '' || (name === 'password' && kept.hasPassword);
  const rows = ROWS.map((row) =>
    row.flatMap((name): ShownField[] => {
      const of = type?.fields.find((one) => one.name === name);
      const isUnused = type !== undefined && of === undefined;
      return isUnused && !isWhole && !holds(name) ? [] : [{ name, of, isUnused }];
    }),
  ).filter((row) => row.length > 0);
  const extras = type?.extras ?? [];
  const ofJson = type?.fields.find((one) => one.name === 'extra');
  const held = extraOf(fields.extra);
  const hasMore = held === null || Object.keys(held).some((key) => extras.every(({ name }) => name !== key));
  const isPlain = ofJson !== undefined && extras.length === 0;
  const isShown = type === undefined || isWhole || isPlain || kept.isExtraMasked || hasMore;
  return { rows, extras, json: isShown ? 'shown' : 'asked', ofJson };
}

/** Whether a name is that of a type, or may become one while it is typed. */
export function mayBecome(types: readonly ConnectionType[], typed: string): boolean {
  return types.some(({ connection_type }) => connection_type.startsWith(typed));
}

/** Return the types that a text finds by their own names and what they are called, those that begin with it first. */
export function foundBy(
  types: readonly ConnectionType[],
  typed: string,
  say: (name: string) => string,
): string[] {
  const wanted = typed.trim().toLowerCase();
  const isFirst = (name: string) => name.startsWith(wanted);
  const found = types
    .filter((one) => `${one.connection_type} ${say(one.name)}`.toLowerCase().includes(wanted))
    .map((one) => one.connection_type);
  return [...found.filter(isFirst), ...found.filter((name) => !isFirst(name))];
}
