/** A row of a log, cut into pieces: each with its colours, its address when it is one, and whether it was looked for. */
import Anser from 'anser';
import { plain, uncommanded } from './escapes';

export interface Piece {
  text: string;
  /** Names of styles: `ansi-red`, `ansi-bg-blue`, `ansi-bold`. */
  styles: string[];
  /** Colours beyond the sixteen that have names. */
  colour: string | null;
  ground: string | null;
  href: string | null;
  isMatch: boolean;
}

interface Span {
  from: number;
  to: number;
}

const ADDRESS = /https?:\/\/[^\s<>"'`]+[^\s<>"'`.,;:!?)\]}]/g;
const RGB = /^\d{1,3}, ?\d{1,3}, ?\d{1,3}$/;
const NAMED = /^ansi-(bright-)?(black|red|green|yellow|blue|magenta|cyan|white)$/;

function coloured(text: string): Omit<Piece, 'href' | 'isMatch'>[] {
  if (!text.includes('\u001b')) return [{ text, styles: [], colour: null, ground: null }];
  const parts = Anser.ansiToJson(uncommanded(text), {
    json: true,
    use_classes: true,
    remove_empty: true,
  });
  return parts.map((part) => {
    const styles = part.decorations.map((one) => `ansi-${one}`);
    if (NAMED.test(part.fg ?? '')) styles.push(part.fg);
    if (NAMED.test(part.bg ?? '')) styles.push(part.bg.replace('ansi-', 'ansi-bg-'));
    return {
      text: plain(part.content),
      styles,
      colour: colourOf(part.fg, part.fg_truecolor),
      ground: colourOf(part.bg, part.bg_truecolor),
    };
  });
}

/** Return a colour that has no name: a true one, or one of the palette of 256. */
function colourOf(name: string | null, rgb: string | null): string | null {
  if (name === 'ansi-truecolor' && rgb !== null && RGB.test(rgb)) return `rgb(${rgb})`;
  const number = /^ansi-palette-(\d{1,3})$/.exec(name ?? '')?.[1];
  return number === undefined ? null : paletteColour(Number(number));
}

const CUBE = [0, 95, 135, 175, 215, 255];

/** The colour of a number from 16 to 255, as terminals have it. */
export function paletteColour(number: number): string | null {
  if (number < 16 || number > 255) return null;
  if (number >= 232) {
    const grey = 8 + (number - 232) * 10;
    return `rgb(${grey}, ${grey}, ${grey})`;
  }
  const at = number - 16;
  const [red, green, blue] = [Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(
    (one) => CUBE[one] ?? 0,
  );
  return `rgb(${red}, ${green}, ${blue})`;
}

function spans(text: string, wanted: string): Span[] {
  if (wanted === '') return [];
  const [where, what] = [text.toLowerCase(), wanted.toLowerCase()];
  // Where small letters are more or fewer than the large ones, places in the two texts differ: nothing is marked.
  if (where.length !== text.length) return [];
  const found: Span[] = [];
  for (let at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + what.length)) {
    found.push({ from: at, to: at + what.length });
  }
  return found;
}

/** Cut a text where its colours change, where addresses begin and end, and around what is looked for. */
export function piecesOf(text: string, wanted = ''): Piece[] {
  const parts = coloured(text);
  const whole = parts.map((part) => part.text).join('');
  const matches = spans(whole, wanted);
  const addresses = [...whole.matchAll(ADDRESS)].map((one) => ({
    from: one.index,
    to: one.index + one[0].length,
  }));
  if (matches.length === 0 && addresses.length === 0) {
    return parts.map((part) => ({ ...part, href: null, isMatch: false }));
  }
  const cuts = [...matches, ...addresses]
    .flatMap(({ from, to }) => [from, to])
    .sort((left, right) => left - right);
  const pieces: Piece[] = [];
  let start = 0;
  for (const part of parts) {
    const end = start + part.text.length;
    const inner = cuts.filter((cut) => cut > start && cut < end);
    const edges = [...new Set([start, ...inner, end])];
    for (let number = 0; number + 1 < edges.length; number++) {
      const [from, to] = [edges[number] ?? 0, edges[number + 1] ?? 0];
      const holds = (span: Span) => span.from <= from && to <= span.to;
      const address = addresses.find(holds);
      pieces.push({
        ...part,
        text: whole.slice(from, to),
        href: address === undefined ? null : whole.slice(address.from, address.to),
        isMatch: matches.some(holds),
      });
    }
    start = end;
  }
  return pieces;
}
