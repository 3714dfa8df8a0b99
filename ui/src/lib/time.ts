/** Times as people read them: always with their zone, in the zone that the viewer chose. */

const KEY = 'windward.zone';
const SECOND = 1000;
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400 * SECOND],
  ['hour', 3_600 * SECOND],
  ['minute', 60 * SECOND],
  ['second', SECOND],
];

/** The zone of the browser. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The zone in which times are shown. */
export function chosenZone(): string {
  return localStorage.getItem(KEY) ?? 'UTC';
}

export function chooseZone(zone: string): void {
  localStorage.setItem(KEY, zone);
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A format costs more to make than to use a hundred times: each is made once. */
function formatOf(zone: string, withSeconds: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${withSeconds}`;
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    ...(withSeconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
  formats.set(key, made);
  return made;
}

/** Show a moment: `2026-11-29 08:15:02 UTC`. */
export function showMoment(at: string | Date, zone: string, withSeconds = true): string {
  const date = typeof at === 'string' ? new Date(at) : at;
  if (Number.isNaN(date.getTime())) return '';
  const parts = formatOf(zone, withSeconds).formatToParts(date);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  const seconds = withSeconds ? `:${part('second')}` : '';
  return `${part('year')}-${part('month')}-${part('day')} ${part('hour')}:${part('minute')}${seconds} ${part('timeZoneName')}`;
}

const distances = new Map<string, Intl.RelativeTimeFormat>();

/** Lengths are counted, never named: what was 26 hours ago may have been the day before yesterday. */
function distanceFormatOf(language: string, numeric: 'always' | 'auto'): Intl.RelativeTimeFormat {
  const key = `${language} ${numeric}`;
  const known = distances.get(key);
  if (known !== undefined) return known;
  const made = new Intl.RelativeTimeFormat(language, { numeric });
  distances.set(key, made);
  return made;
}

/** Show a distance from now: `in 3 hours`, `2 minutes ago`. */
export function showDistance(at: string | Date, now: number, language: string): string {
  const distance = new Date(at).getTime() - now;
  for (const [unit, size] of STEPS) {
    if (Math.abs(distance) >= size)
      return distanceFormatOf(language, 'always').format(Math.trunc(distance / size), unit);
  }
  return distanceFormatOf(language, 'auto').format(0, 'second');
}

interface Units {
  day: string;
  hour: string;
  minute: string;
  second: string;
}
const UNITS: Units = { day: ' d', hour: ' h', minute: ' min', second: ' s' };
const UNITS_OF: Readonly<Record<string, Units>> = {
  ko: { day: '일', hour: '시간', minute: '분', second: '초' },
};

/** Show a length in a language, that of the page by default: `1 h 02 min`, `3.21 s`, `45 ms`. */
export function showLength(
  ms: number | null | undefined,
  language: string = document.documentElement.lang,
): string {
  if (ms == null || !Number.isFinite(ms)) return '';
  const { day, hour, minute, second } = UNITS_OF[language] ?? UNITS;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  const seconds = ms / SECOND;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 2 : 1)}${second}`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60)
    return `${minutes}${minute} ${String(Math.floor(seconds % 60)).padStart(2, '0')}${second}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}${hour} ${String(minutes % 60).padStart(2, '0')}${minute}`;
  return `${Math.floor(hours / 24)}${day} ${hours % 24}${hour}`;
}

/** The length between two moments, up to now while the second is not there. */
export function lengthBetween(
  start: string | null | undefined,
  end: string | null | undefined,
  now: number,
): number | null {
  if (start == null) return null;
  return (end == null ? now : new Date(end).getTime()) - new Date(start).getTime();
}
