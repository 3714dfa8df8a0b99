/** The server's sentences in Korean. Loaded with the Korean words, by nobody else. */
import { withParticles } from '../particles';
import { KINDS, type Kind, translator } from '../sentences';
import common from './common.json';
import connections from './connections.json';
import reasons from './reasons.json';
import refusals from './refusals.json';
import schedules from './schedules.json';
import settings from './settings.json';

const STATES: Readonly<Record<string, string>> = {
  ...common.states,
  paused: '일시 중지',
  completed: '완료',
  cancelled: '취소',
};
const UNITS: Readonly<Record<string, string>> = { d: '일', h: '시간', min: '분', s: '초' };

const SPOKEN: Readonly<Record<string, Kind>> = {
  ...KINDS,
  state: { looks: /[a-z_]+/y, say: (text) => STATES[text] ?? null },
  span: {
    looks: /\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?(?![a-z])/y,
    say: (text) => text.replace(/ (d|h|min|s)\b/g, (_, unit: string) => UNITS[unit] ?? unit),
  },
  // The place of a fault in a body or a query.
  field: { looks: /[\w.]+/y },
  // Names of assets, with "and" and "or" between them.
  condition: {
    looks: /[^;\n]+/y,
    say: (text) =>
      text
        .replaceAll(' and ', ' 및 ')
        .replaceAll(' or ', ' 또는 ')
        .replace(/(^|[ (])alias /g, '$1별칭 ')
        .replace(/^no asset$/, '없음'),
  },
};

export const say = translator(
  { ...reasons, ...refusals, ...schedules, ...settings, ...connections },
  SPOKEN,
  withParticles,
);
