/** The pages of the installation, in the order of the menu. */
export const SECTIONS = [
  'workers',
  'pools',
  'assets',
  'xcoms',
  'variables',
  'connections',
  'import-errors',
  'inbox',
  'audit',
  'users',
  'settings',
] as const;
