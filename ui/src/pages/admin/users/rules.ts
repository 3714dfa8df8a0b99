/** Permissions as a table: what is done (verbs) to what (resources); some for DAGs or tags only. Pure. */

export const VERBS = ['read', 'create', 'edit', 'delete'] as const;
export const PASSWORD_MIN = 8;

export interface Split {
  /** Permissions that hold everywhere. */
  everywhere: Set<string>;
  /** Those for one DAG or one tag: `run:create@dag:sales`. */
  somewhere: string[];
}

export function splitOf(permissions: string[]): Split {
  return {
    everywhere: new Set(permissions.filter((one) => !one.includes('@'))),
    somewhere: permissions.filter((one) => one.includes('@')),
  };
}

/** Return the resources of which there are permissions, by name. */
export function resourcesOf(permissions: string[]): string[] {
  return [...new Set(permissions.map((one) => one.split(':')[0] ?? ''))].filter((name) => name !== '').sort();
}

/** Return what is wrong with a password, or with its repetition: the key of the words that say it. */
export function wrongPassword(password: string, again: string): { password?: string; again?: string } {
  if (password.length < PASSWORD_MIN) return { password: 'users.tooShort' };
  return password === again ? {} : { again: 'users.notSame' };
}
