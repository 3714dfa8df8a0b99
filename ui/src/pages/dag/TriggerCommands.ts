/** The same trigger as a line for a shell. */
import type { Conf, Field } from './TriggerSchema';

export interface TriggerBody {
  logical_date: string | null;
  conf: Conf;
  dag_run_id?: string;
  run_after?: string;
  note?: string;
  partition_key?: string;
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/;
const MASK = '***';

/** Write a word so that a POSIX shell reads exactly it. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Put a mask in the place of secrets. */
export function masked(conf: Conf, fields: Field[]): Conf {
  const secrets = new Set(fields.filter((field) => field.kind === 'secret').map((field) => field.name));
  return Object.fromEntries(
    Object.entries(conf).map(([name, value]) => [name, secrets.has(name) ? MASK : value]),
  );
}

/** The request, for `curl`. */
export function curlLine(origin: string, dagId: string, body: TriggerBody): string {
  const address = `${origin}/api/v2/dags/${encodeURIComponent(dagId)}/dagRuns`;
  return [
    `curl -X POST ${quoted(address)}`,
    `-H "Authorization: Bearer $WINDWARD_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(JSON.stringify(body))}`,
  ].join(' \\\n  ');
}

/** The command of the CLI. It has no word for partition keys. */
export function commandLine(dagId: string, body: TriggerBody): string {
  const words = ['windward dags trigger'];
  const option = (name: string, value: string) =>
    words.push(value.startsWith('-') ? `${name}=${quoted(value)}` : `${name} ${quoted(value)}`);
  if (Object.keys(body.conf).length > 0) option('--conf', JSON.stringify(body.conf));
  if (body.logical_date !== null) option('--logical-date', body.logical_date);
  if (body.dag_run_id) option('--run-id', body.dag_run_id);
  if (body.run_after) option('--run-after', body.run_after);
  if (body.note) option('--note', body.note);
  words.push(dagId.startsWith('-') ? `-- ${quoted(dagId)}` : quoted(dagId));
  return words.join(' ');
}
