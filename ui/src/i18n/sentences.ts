/**
 * A server's sentences in another language. A catalogue has templates with holes, in groups:
 *
 *     "{name:code} waits{until:.until?}": "{name} 기다립니다{until}"
 *
 * A hole says what may stand in it: a kind of `KINDS`, `text` (any sentence, or what nobody knows), or a group, of which
 * one template must fit the whole hole. `?` may be empty; `*` and `+` are lists, told with commas or with blanks. Groups
 * with a dot are parts of sentences and are no sentences by themselves. A sentence that fits nothing stays as it is.
 *
 * Nothing here can take long, whatever a task wrote into its reason: work is counted, and ends at a limit.
 */

export type Catalogue = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** How a kind of hole looks, and how it is said. */
export interface Kind {
  readonly looks: RegExp;
  readonly say?: (text: string) => string | null;
}
interface Hole {
  name: string;
  kind: string;
  isOptional: boolean;
  joint: string;
}
type Part = string | Hole;
interface Template {
  parts: readonly Part[];
  /** How many letters are its own: the one with the most is tried first. */
  weight: number;
  first: string;
  last: string;
  said: string;
}

const HOLE = /\{(\w+)(?::([.\w]+))?([?*+]?)\}/;
const LIST = /, | and /;
const DEPTH_MAX = 8;
const CHARACTERS_MAX = 2_000;
const STEPS_MAX = 6_000;
const KEPT_MAX = 2_000;
/** Where a part of a sentence may begin or end, when no word of the template tells. */
const EDGES = new Set([' ', ',', ':', ';', '(', '[']);

/** Holes that are told by how they look. Each expression is sticky, and takes time in proportion to what it reads. */
export const KINDS: Readonly<Record<string, Kind>> = {
  id: { looks: /[^`\n]+/y },
  code: { looks: /`[^`\n]+`/y },
  n: { looks: /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/y },
  word: { looks: /[^\s,;()`]*[^\s,;:()`]/y },
  state: { looks: /[a-z_]+/y },
  span: { looks: /\d+ (?:d|h|min|s)(?: \d+ (?:h|min|s))?(?![a-z])/y },
  moment: { looks: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC(?: \([^()\n]+\))?/y },
};

function parsed(template: string): Part[] {
  const found: Part[] = [];
  let rest = template;
  for (let hole = HOLE.exec(rest); hole !== null; hole = HOLE.exec(rest)) {
    const [whole, name = '', kind = 'text', mark] = hole;
    if (hole.index > 0) found.push(rest.slice(0, hole.index));
    const joint = mark === '*' ? ', ' : mark === '+' ? ' ' : '';
    found.push({ name, kind, isOptional: mark === '?', joint });
    rest = rest.slice(hole.index + whole.length);
  }
  if (rest !== '') found.push(rest);
  return found;
}

function templateOf(template: string, said: string): Template {
  const parts = parsed(template);
  const words = parts.filter((part) => typeof part === 'string');
  const [first] = parts;
  const last = parts.at(-1);
  return {
    parts,
    weight: words.join('').length,
    first: typeof first === 'string' ? first : '',
    last: typeof last === 'string' ? last : '',
    said,
  };
}

const filled = (said: string, holes: ReadonlyMap<string, string>) =>
  said.replace(/\{(\w+)\}/g, (_, name: string) => holes.get(name) ?? '');

/** Return how to say a server's sentences by a catalogue. `finish` has the last word on what was found. */
export function translator(
  catalogue: Catalogue,
  kinds: Readonly<Record<string, Kind>> = KINDS,
  finish: (text: string) => string = (text) => text,
): (text: string) => string {
  const byWeight = (one: Template, other: Template) => other.weight - one.weight;
  const groups = new Map(
    Object.entries(catalogue).map(([name, entries]) => [
      name,
      Object.entries(entries)
        .map(([template, said]) => templateOf(template, said))
        .sort(byWeight),
    ]),
  );
  const sentences = [...groups]
    .filter(([name]) => !name.startsWith('.'))
    .flatMap(([, templates]) => templates)
    .sort(byWeight);
  groups.set('text', sentences);
  const narrowed = new Map<string, readonly Template[]>();
  const kept = new Map<string, string>();
  let steps = 0;
  let seen = new Map<string, string | null>();

  /** Return the templates of a group that may begin as a text does. */
  function templatesOf(group: string, begin: string): readonly Template[] {
    const key = `${group}\n${begin}`;
    const known = narrowed.get(key);
    if (known !== undefined) return known;
    const found = (groups.get(group) ?? []).filter(({ first }) => first === '' || first[0] === begin);
    if (narrowed.size < KEPT_MAX) narrowed.set(key, found);
    return found;
  }

  /** Return what a group makes of a text; null when none of its templates fits. */
  function look(group: string, text: string, depth: number): string | null {
    if (depth > DEPTH_MAX) return null;
    const key = `${group}\n${text}`;
    const known = seen.get(key);
    if (known !== undefined) return known;
    let found: string | null = null;
    for (const template of templatesOf(group, text[0] ?? '')) {
      steps += 1;
      if (!text.startsWith(template.first) || !text.endsWith(template.last)) continue;
      const holes = new Map<string, string>();
      if (fits(template.parts, 0, text, 0, depth, holes)) {
        found = filled(template.said, holes);
        break;
      }
    }
    seen.set(key, found);
    return found;
  }

  function fits(
    parts: readonly Part[],
    at: number,
    text: string,
    from: number,
    depth: number,
    holes: Map<string, string>,
  ): boolean {
    steps += 1;
    if (steps > STEPS_MAX) return false;
    const part = parts[at];
    if (part === undefined) return from === text.length;
    if (typeof part === 'string') {
      return text.startsWith(part, from) && fits(parts, at + 1, text, from + part.length, depth, holes);
    }
    for (const end of ends(part, parts[at + 1], text, from)) {
      if (steps > STEPS_MAX) return false;
      const said = inWords(part, text.slice(from, end), depth);
      if (said !== null && fits(parts, at + 1, text, end, depth, holes)) {
        holes.set(part.name, said);
        return true;
      }
    }
    return false;
  }

  /** Where a hole may end, the nearest first. */
  function* ends(hole: Hole, next: Part | undefined, text: string, from: number): Generator<number> {
    const looks = hole.joint === '' ? kinds[hole.kind]?.looks : undefined;
    if (looks !== undefined) {
      looks.lastIndex = from;
      if (looks.test(text)) yield looks.lastIndex;
    } else if (next === undefined) {
      yield text.length;
    } else if (typeof next === 'string') {
      for (let end = text.indexOf(next, from); end >= 0; end = text.indexOf(next, end + 1)) yield end;
    } else {
      for (let end = from; end < text.length; end += 1) if (EDGES.has(text[end] ?? '')) yield end;
      yield text.length;
    }
  }

  function inWords(hole: Hole, text: string, depth: number): string | null {
    if (text === '') return hole.isOptional ? '' : null;
    if (hole.joint !== '') {
      const said = text.split(LIST).map((one) => look(hole.kind, one, depth + 1));
      return said.includes(null) ? null : said.join(hole.joint);
    }
    const kind = kinds[hole.kind];
    if (kind !== undefined) return kind.say === undefined ? text : kind.say(text);
    if (hole.kind === 'raw') return text;
    const found = look(hole.kind, text, depth + 1);
    return found ?? (hole.kind === 'text' ? text : null);
  }

  return (text) => {
    const known = kept.get(text);
    if (known !== undefined) return known;
    steps = 0;
    seen = new Map();
    const found = text.length > CHARACTERS_MAX ? null : look('text', text, 0);
    const said = found === null || steps > STEPS_MAX ? text : finish(found);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(text, said);
    return said;
  };
}
