/** A connection as a form: what is secret is left out unless it is typed anew. */
import type { Schema } from '@/api/client';
import { isMasked, wrongJson } from '../shared/secrets';

type Connection = Schema['ConnectionResponse'];
type Body = Schema['ConnectionBody'];

export interface ConnectionFields {
  id: string;
  type: string;
  host: string;
  port: number | string;
  schema: string;
  login: string;
  password: string;
  extra: string;
  description: string;
}

const PORT_MAX = 65_535;

export function fieldsOf(connection: Connection | null): ConnectionFields {
  return {
    id: connection?.connection_id ?? '',
    type: connection?.conn_type ?? '',
    host: connection?.host ?? '',
    port: connection?.port ?? '',
    schema: connection?.schema ?? '',
    login: connection?.login ?? '',
    password: '',
    extra: isMasked(connection?.extra) ? '' : (connection?.extra ?? ''),
    description: connection?.description ?? '',
  };
}

/** Return the body, and which of its fields count: secrets that were not typed anew are not among them. */
export function bodyOf(fields: ConnectionFields, before: Connection | null): { body: Body; mask: string[] } {
  const body: Body = {
    connection_id: fields.id.trim(),
    conn_type: fields.type.trim(),
    host: fields.host || null,
    port: fields.port === '' ? null : Number(fields.port),
    schema: fields.schema || null,
    login: fields.login || null,
    password: fields.password || null,
    extra: fields.extra || null,
    description: fields.description || null,
    team_name: null,
  };
  const mask = ['conn_type', 'host', 'port', 'schema', 'login', 'description'];
  if (fields.password !== '') mask.push('password');
  if (before === null || fields.extra !== fieldsOf(before).extra) mask.push('extra');
  return { body, mask };
}

/** Return what is wrong, by field: the key of the words that say it. */
export function wrongIn(fields: ConnectionFields): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (fields.id.trim() === '') wrong.id = 'needed';
  if (fields.type.trim() === '') wrong.type = 'needed';
  const port = Number(fields.port);
  if (fields.port !== '' && (!Number.isInteger(port) || port < 0 || port > PORT_MAX)) {
    wrong.port = 'connections.wrongPort';
  }
  if (fields.extra.trim() !== '' && wrongJson(fields.extra) !== null) wrong.extra = 'connections.wrongExtra';
  return wrong;
}
