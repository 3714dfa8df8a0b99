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

const BROWSERS: [RegExp, string][] = [
  [/Edg\/(\d+)/, 'Edge'],
  [/OPR\/(\d+)/, 'Opera'],
  [/Firefox\/(\d+)/, 'Firefox'],
  [/(?:Headless)?Chrome\/(\d+)/, 'Chrome'],
  [/Version\/(\d+).* Safari/, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** Return what a browser calls itself, in short: `Chrome 156, Linux`. What is not known is shown as it is. */
export function browserOf(agent: string): string {
  for (const [sign, name] of BROWSERS) {
    const version = sign.exec(agent)?.[1];
    if (version === undefined) continue;
    const system = SYSTEMS.find(([pattern]) => pattern.test(agent))?.[1];
    return system === undefined ? `${name} ${version}` : `${name} ${version}, ${system}`;
  }
  return agent;
}
