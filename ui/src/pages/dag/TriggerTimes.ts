/** Moments as the fields of a browser hold them: without a zone, which is the one that the viewer chose. */

const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second'] as const;

function partsAt(at: number, zone: string): Record<(typeof PARTS)[number], string> {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  return Object.fromEntries(
    PARTS.map((name) => [name, parts.find((part) => part.type === name)?.value ?? '00']),
  ) as Record<(typeof PARTS)[number], string>;
}

/** Return what clocks of a zone show at a moment: `2026-11-29T08:15:02`; nothing for what is no moment. */
export function wallOf(at: string, zone: string): string {
  const moment = Date.parse(at);
  if (Number.isNaN(moment)) return '';
  const { year, month, day, hour, minute, second } = partsAt(moment, zone);
  return `${year.padStart(4, '0')}-${month}-${day}T${hour}:${minute}:${second}`;
}

/** How much clocks of a zone are ahead of UTC at a moment, in milliseconds. */
function aheadAt(moment: number, zone: string): number {
  const wall = Date.parse(`${wallOf(new Date(moment).toISOString(), zone)}Z`);
  return wall - Math.floor(moment / 1000) * 1000;
}

/**
 * Return the moment at which clocks of a zone show `wall`: `2026-11-29T08:15:02+09:00`, or null for what is none.
 * Of two such moments it is the first; of a time that clocks leave out, the one that they would have shown.
 */
export function instantOf(wall: string, zone: string): string | null {
  const asUtc = Date.parse(`${wall}Z`);
  if (Number.isNaN(asUtc)) return null;
  const before = aheadAt(asUtc - 86_400_000, zone);
  const guesses = [before, aheadAt(asUtc + 86_400_000, zone)].map((ahead) => ({ ahead, at: asUtc - ahead }));
  const right = guesses.find(({ ahead, at }) => aheadAt(at, zone) === ahead) ?? guesses[0];
  if (right === undefined) return null;
  return `${new Date(right.at + right.ahead).toISOString().slice(0, 19)}${offset(right.ahead)}`;
}

function offset(ahead: number): string {
  const minutes = Math.round(Math.abs(ahead) / 60_000);
  const pad = (number: number) => String(number).padStart(2, '0');
  return `${ahead < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}
