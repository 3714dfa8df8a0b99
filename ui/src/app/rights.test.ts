import { describe, expect, it } from 'vitest';
import { mayPerhaps, mayTo } from './rights';

describe('rights to a DAG', () => {
  const me = {
    permissions: ['dag:edit', 'run:create@dag:sales', 'run:edit@tag:team_7'],
    scopes: null,
  };

  it('are those to all DAGs, to this one, and to one of its tags', () => {
    expect(mayTo(me, 'dag:edit', { dag_id: 'any' })).toBe(true);
    expect(mayTo(me, 'run:create', { dag_id: 'sales' })).toBe(true);
    expect(mayTo(me, 'run:create', { dag_id: 'sales2' })).toBe(false);
    expect(mayTo(me, 'run:edit', { dag_id: 'any', tags: [{ name: 'team_7' }] })).toBe(true);
    expect(mayTo(me, 'run:edit', { dag_id: 'any', tags: [{ name: 'team_70' }] })).toBe(false);
  });

  it('are no more than the scopes of a token, and none of nobody', () => {
    expect(mayTo({ ...me, scopes: ['dag:read'] }, 'dag:edit', { dag_id: 'any' })).toBe(false);
    expect(mayTo(undefined, 'dag:edit', { dag_id: 'any' })).toBe(false);
    const token = { ...me, scopes: ['dag:edit@dag:sales', 'run:edit@tag:shop'] };
    expect(mayTo(token, 'dag:edit', { dag_id: 'sales' })).toBe(true);
    expect(mayTo(token, 'dag:edit', { dag_id: 'any' })).toBe(false);
    expect(mayTo(token, 'run:edit', { dag_id: 'any', tags: [{ name: 'team_7' }] })).toBe(false);
    expect(mayTo(token, 'run:edit', { dag_id: 'any', tags: [{ name: 'team_7' }, { name: 'shop' }] })).toBe(
      true,
    );
    expect(mayPerhaps(token, 'run:edit', { dag_id: 'any' })).toBe(true);
  });

  it('may be there where tags are not known, and are not where they are', () => {
    expect(mayPerhaps(me, 'run:edit', { dag_id: 'any' })).toBe(true);
    expect(mayPerhaps(me, 'run:edit', { dag_id: 'any', tags: [] })).toBe(false);
    expect(mayPerhaps({ ...me, scopes: ['dag:read'] }, 'run:edit', { dag_id: 'any' })).toBe(false);
  });
});
