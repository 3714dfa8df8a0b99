/** What the pages of the installation decide by themselves. */
import { describe, expect, it } from 'vitest';
import { changeOf, detailsOf, gistOf, momentOf } from './audit/event';
import { bodyOf, fieldsOf as connectionFields, wrongIn as wrongInConnection } from './connections/connection';
import { headlineOf, linesOf, ownPlace } from './import-errors/traceback';
import { type Field, fieldsOf, readField } from './inbox/fields';
import { wrongIn } from './pools/pool';
import { may } from './rights';
import { isMasked, isPartlyMasked } from './shared/secrets';
import { browserOf, resourcesOf, splitOf, wrongPassword } from './users/rules';
import { exported, imported } from './variables/exchange';
import { queueLoads, runningOn, waitingLong } from './workers/load';

describe('rights', () => {
  const viewer = { permissions: ['pool:read', 'run:create@dag:sales'], scopes: null };

  it('offers what is permitted, be it for one DAG only, and nothing else', () => {
    expect(may(viewer, 'pool:read')).toBe(true);
    expect(may(viewer, 'run:create')).toBe(true);
    expect(may(viewer, 'pool:edit')).toBe(false);
    expect(may(viewer, 'pool:rea')).toBe(false);
    expect(may(undefined, 'pool:read')).toBe(false);
  });

  it('offers no more than the scopes of a token', () => {
    expect(may({ ...viewer, scopes: ['run:read'] }, 'pool:read')).toBe(false);
  });
});

describe('load of queues and hosts', () => {
  const attempt = { hostname: 'a', queue: 'default', state: 'running', queued_when: null };
  const host = { kind: 'worker', hostname: 'a', status: 'healthy', queues: ['default'], capacity: 4 };

  it('counts what runs and waits, and only the slots of hosts that live', () => {
    const waits = { ...attempt, hostname: null, state: 'queued', queued_when: '2026-01-01T00:00:05Z' };
    const earlier = { ...waits, queued_when: '2026-01-01T00:00:01Z' };
    const loads = queueLoads(
      [host, { ...host, hostname: 'b', status: 'unhealthy' }],
      [attempt, waits, earlier],
    );
    expect(loads).toEqual([
      { queue: 'default', hosts: 1, slots: 4, running: 1, queued: 2, oldest: '2026-01-01T00:00:01Z' },
    ]);
  });

  it('shows a queue that nobody serves, and takes triggerers for no workers', () => {
    const waits = { ...attempt, queue: 'gpu', state: 'queued' };
    const loads = queueLoads([{ ...host, kind: 'triggerer', queues: ['gpu'] }], [waits]);
    expect(loads).toEqual([{ queue: 'gpu', hosts: 0, slots: 0, running: 0, queued: 1, oldest: null }]);
  });

  it('finds what runs on a host', () => {
    expect(runningOn('a', [attempt, { ...attempt, state: 'queued' }, { ...attempt, hostname: 'b' }])).toEqual(
      [attempt],
    );
  });

  it('tells what waits too long, the longest first', () => {
    const at = (queued_when: string) => ({ ...attempt, state: 'queued', queued_when });
    const now = Date.parse('2026-01-01T00:10:00Z');
    const found = waitingLong(
      [at('2026-01-01T00:09:30Z'), at('2026-01-01T00:05:00Z'), at('2026-01-01T00:01:00Z')],
      now,
      60_000,
    );
    expect(found.map((one) => one.queued_when)).toEqual(['2026-01-01T00:01:00Z', '2026-01-01T00:05:00Z']);
  });
});

describe('secrets', () => {
  const stored = {
    connection_id: 'db',
    conn_type: 'postgres',
    description: null,
    extra: '***',
    host: 'h',
    login: 'l',
    password: '***' as const,
    port: 1,
    schema: null,
    team_name: null,
  };

  it('knows what is masked whole, and what in part', () => {
    expect(isMasked('***')).toBe(true);
    expect(isPartlyMasked('{"a": "***"}')).toBe(true);
    expect(isPartlyMasked('***')).toBe(false);
  });

  it('never puts a masked password or extra into the form, nor among what is changed', () => {
    const fields = connectionFields(stored);
    expect([fields.password, fields.extra]).toEqual(['', '']);
    const { mask } = bodyOf(fields, stored);
    expect(mask).not.toContain('password');
    expect(mask).not.toContain('extra');
  });

  it('changes a secret that was typed anew', () => {
    const { body, mask } = bodyOf({ ...connectionFields(stored), password: 'new', extra: '{}' }, stored);
    expect(mask).toEqual(expect.arrayContaining(['password', 'extra']));
    expect(body.password).toBe('new');
  });

  it('says which fields of a connection are wrong', () => {
    const fields = { ...connectionFields(null), port: 99_999, extra: '{' };
    expect(Object.keys(wrongInConnection(fields)).sort()).toEqual(['extra', 'id', 'port', 'type']);
  });
});

describe('variables as a file', () => {
  it('leaves secrets out, and reads back what it wrote', () => {
    const { text, leftOut } = exported([
      { key: 'plain', value: 'x', description: null },
      { key: 'data', value: '{"a": 1}', description: 'what' },
      { key: 'token', value: '***', description: null },
      { key: 'partly', value: '{"password": "***"}', description: null },
    ]);
    expect(leftOut).toEqual(['token', 'partly']);
    expect(imported(text)).toEqual([
      { key: 'plain', value: 'x', description: null },
      { key: 'data', value: { a: 1 }, description: 'what' },
    ]);
  });

  it('keeps a number that is a text a text', () => {
    expect(JSON.parse(exported([{ key: 'n', value: '007', description: null }]).text)).toEqual({ n: '007' });
  });

  it('takes no list for a file of variables', () => {
    expect(() => imported('[1]')).toThrow();
  });
});

describe('tracebacks', () => {
  const trace = [
    'Traceback (most recent call last):',
    '  File "dags/mine.py", line 7, in <module>',
    '    build()',
    '  File "/usr/lib/python3.11/json/__init__.py", line 3, in loads',
    '    raise',
    "NameError: name 'x' is not defined",
  ].join('\n');

  it('tells own lines from those of libraries', () => {
    expect(linesOf(trace).map((line) => line.isOwn)).toEqual([false, true, true, false, false, false]);
    expect(ownPlace(trace)).toEqual({ file: 'dags/mine.py', line: 7 });
  });

  it('says in a line what went wrong', () => {
    expect(headlineOf(trace)).toBe("NameError: name 'x' is not defined");
    expect(headlineOf('took too long')).toBe('took too long');
    expect(ownPlace('took too long')).toBeNull();
  });
});

describe('lines of the audit log', () => {
  it('shows only what differs', () => {
    const change = changeOf({
      kind: 'pool',
      name: 'p',
      before: { slots: 1, description: 'same' },
      after: { slots: 2, description: 'same' },
    });
    expect(change).toEqual({
      kind: 'pool',
      name: 'p',
      how: 'changed',
      fields: [{ field: 'slots', before: 1, after: 2 }],
    });
  });

  it('tells what was made from what is gone', () => {
    expect(changeOf({ kind: 'pool', name: 'p', after: { slots: 2 } }).how).toBe('made');
    expect(changeOf({ kind: 'pool', name: 'p', before: { slots: 2 } }).how).toBe('gone');
  });

  it('reads details that are there, and shows what is no JSON as it is', () => {
    const details = detailsOf('{"status": 403, "address": "::1", "path": {}, "body": {"a": 1}}');
    expect([details.status, details.address, details.rest]).toEqual([403, '::1', { body: { a: 1 } }]);
    expect(detailsOf('{').rest).toEqual({ extra: '{' });
    expect(detailsOf(null).rest).toEqual({});
  });

  it('says in short what changed: the state and the note of a task that was cleared with others', () => {
    const changes = ['a', 'b'].map((name) => ({
      kind: 'task_instance',
      name,
      before: { state: 'failed' },
      after: { state: 'none' },
    }));
    const note = { kind: 'task_instance', name: 'a', after: { note: 'again' } };
    const gist = gistOf(detailsOf(JSON.stringify({ changes: [note, ...changes] })));
    expect(gist?.fields.map(({ field, after }) => [field, after])).toEqual([
      ['state', 'none'],
      ['note', 'again'],
    ]);
    expect(gistOf(detailsOf('{}'))).toBeNull();
  });

  it('says of much that changed only what it happened to', () => {
    const after = { dag_id: 'd', run_id: 'r', state: 'queued', run_type: 'manual' };
    const gist = gistOf(detailsOf(JSON.stringify({ changes: [{ kind: 'run', name: 'r', after }] })));
    expect(gist).toEqual({ kind: 'run', name: 'r', how: 'made', fields: [] });
  });

  it('takes moments without zone as UTC', () => {
    expect(momentOf('2026-11-29T08:00')).toBe('2026-11-29T08:00:00.000Z');
    expect(momentOf('2026-11-29T08:00+02:00')).toBe('2026-11-29T06:00:00.000Z');
    expect(momentOf('soon')).toBeUndefined();
  });
});

describe('questions to people', () => {
  const only = (schema: Record<string, unknown>, value: unknown = null): Field => {
    const field = fieldsOf({ it: { value, description: null, schema } })[0];
    if (field === undefined) throw new Error('no field');
    return field;
  };

  it('reads each kind as its schema wants it', () => {
    expect(readField(only({ type: 'integer', minimum: 1 }), '3')).toEqual({ value: 3 });
    expect(readField(only({ type: 'boolean' }), 'true')).toEqual({ value: true });
    expect(readField(only({ enum: [1, 'a'] }), '1')).toEqual({ value: 1 });
    expect(readField(only({ type: 'object' }), '{"a": 1}')).toEqual({ value: { a: 1 } });
    expect(readField(only({ type: ['null', 'string'] }), '')).toEqual({ value: null });
  });

  it('says what is wrong before anything is sent', () => {
    expect(readField(only({ type: 'integer' }), '3.5').wrong).toBe('inbox.wrongWhole');
    expect(readField(only({ type: 'number' }), '').wrong).toBe('inbox.wrongNumber');
    expect(readField(only({ type: 'integer', maximum: 2 }), '3')).toEqual({
      wrong: 'inbox.tooLarge',
      limit: 2,
    });
    expect(readField(only({ type: 'string', minLength: 3 }), 'a')).toEqual({
      wrong: 'inbox.tooShort',
      limit: 3,
    });
    expect(readField(only({ type: 'array' }), '[').wrong).toBe('inbox.wrongJson');
  });

  it('begins with the value that the task gave', () => {
    expect(only({ type: 'object' }, { a: 1 }).typed).toBe('{\n  "a": 1\n}');
    expect(only({ type: 'boolean' }).typed).toBe('false');
  });
});

describe('pools, roles and passwords', () => {
  it('takes whole numbers of slots, or no limit', () => {
    const fields = { name: 'p', slots: -1, description: '', includeDeferred: false };
    expect(wrongIn(fields)).toEqual({});
    expect(wrongIn({ ...fields, slots: 1.5 })).toEqual({ slots: 'pools.wrongSlots' });
    expect(wrongIn({ ...fields, slots: '', name: ' ' })).toEqual({
      name: 'needed',
      slots: 'pools.wrongSlots',
    });
  });

  it('keeps permissions for some DAGs apart', () => {
    const { everywhere, somewhere } = splitOf(['run:read', 'run:create@dag:sales']);
    expect([[...everywhere], somewhere]).toEqual([['run:read'], ['run:create@dag:sales']]);
    expect(resourcesOf(['run:read', 'dag:read', 'run:edit'])).toEqual(['dag', 'run']);
  });

  it('wants a long password twice', () => {
    expect(wrongPassword('short', 'short')).toEqual({ password: 'users.tooShort' });
    expect(wrongPassword('long enough', 'long enuogh')).toEqual({ again: 'users.notSame' });
    expect(wrongPassword('long enough', 'long enough')).toEqual({});
  });

  it('names browsers in short, and programs as they are', () => {
    expect(
      browserOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0 Safari/537.36'),
    ).toBe('Chrome 156, Linux');
    expect(browserOf('curl/7.88.1')).toBe('curl/7.88.1');
  });
});
