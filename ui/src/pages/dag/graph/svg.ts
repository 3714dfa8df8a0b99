/** The picture of a graph as a document of SVG that stands by itself. Pure. */
import type { Palette } from '@/components/canvas/palette';
import { arrowOf, pathOf } from '@/components/graph/path';
import type { Way, WayLook } from '@/components/graph/Ways';
import { SIGNS } from '@/lib/signs';
import { lookOf } from '@/lib/states';
import type { ShownNode } from './GraphNodes';
import { type Box, fitted, type Piece, piecesOf } from './picture';

/** Returns how wide a text is, in so many pixels and bold or not. */
export type Measure = (text: string, size: number, isBold: boolean) => number;

const PAD = 24;
const INSET = 14;
const LOOKS: readonly WayLook[] = ['asset', 'plain', 'critical'];

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
/** What no document of XML may hold is left out. */
const escaped = (text: string) =>
  [...text]
    .filter((one) => one >= ' ' || one === '\t')
    .join('')
    .replace(/[&<>"]/g, (one) => ESCAPES[one] ?? one);

/** Return how far the nodes and ways of a graph reach, with some room around. */
export function extentOf(pieces: readonly Piece[], ways: readonly Way[]): Box {
  const points = ways.flatMap((way) => way.route.points);
  const [across, down] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const least = (from: readonly number[]) => from.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = (from: readonly number[]) => from.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  return {
    left: least([...pieces.map((one) => one.left), ...across]) - PAD,
    top: least([...pieces.map((one) => one.top), ...down]) - PAD,
    right: most([...pieces.map((one) => one.right), ...across]) + PAD,
    bottom: most([...pieces.map((one) => one.bottom), ...down]) + PAD,
  };
}

/** Return the document. */
export function svgOf(
  nodes: readonly ShownNode[],
  ways: readonly Way[],
  palette: Palette,
  measure: Measure,
  title: string,
): string {
  const pieces = piecesOf(nodes);
  const { left, top, right, bottom } = extentOf(pieces, ways);
  const [width, height] = [right - left, bottom - top];
  const containers = pieces.filter(({ node }) => node.type === 'container');
  const others = pieces.filter(({ node }) => node.type !== 'container');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${left} ${top} ${width} ${height}" font-family="${escaped(palette.font)}">`,
    `<title>${escaped(title)}</title>`,
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="${palette.surface}"/>`,
    ...containers.map((piece) => containerOf(piece, palette, measure)),
    ...others.map((piece) => nodeOf(piece, palette, measure)),
    ...LOOKS.map((look) => waysOf(ways, look, palette)),
    ...ways.map((way) => labelOf(way, palette)),
    '</svg>',
  ].join('\n');
}

const colourOf = (state: string | null, { states, dim }: Palette) => states[lookOf(state).colour] ?? dim;

function signOf(state: string | null, x: number, y: number, size: number, palette: Palette): string {
  const { path, width } = SIGNS[lookOf(state).shape];
  const colour = colourOf(state, palette);
  const place = `transform="translate(${x} ${y}) scale(${size / 12})"`;
  return width === null
    ? `<path ${place} d="${path}" fill="${colour}"/>`
    : `<path ${place} d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round"/>`;
}

interface Words {
  text: string;
  x: number;
  y: number;
  room: number;
  size: number;
  isBold: boolean;
  colour: string;
}

function wordsOf({ text, x, y, room, size, isBold, colour }: Words, measure: Measure): string {
  const short = fitted(text, room, (some) => measure(some, size, isBold));
  return `<text x="${x}" y="${y}" font-size="${size}"${isBold ? ' font-weight="600"' : ''} fill="${colour}">${escaped(short)}</text>`;
}

function containerOf({ left, top, right, bottom, node }: Piece, palette: Palette, measure: Measure): string {
  const frame = `<rect x="${left + 0.5}" y="${top + 0.5}" width="${right - left - 1}" height="${bottom - top - 1}" rx="8" fill="${palette.hover}" fill-opacity=".55" stroke="${palette.states.queued ?? palette.dim}" stroke-dasharray="3 3"/>`;
  const sign = node.data.state === null ? '' : signOf(node.data.state, left + 10, top + 11, 10, palette);
  const x = left + (sign === '' ? 10 : 26);
  const text = `${node.data.label}  ·  ${node.data.under}`;
  const words = { text, x, y: top + 20, room: right - x - 10, size: 13, isBold: true, colour: palette.text };
  return frame + sign + wordsOf(words, measure);
}

function nodeOf(piece: Piece, palette: Palette, measure: Measure): string {
  const { left, top, right, bottom, node } = piece;
  const { data } = node;
  const [width, height] = [right - left, bottom - top];
  const isAsset = node.type === 'asset';
  const rect = (by: number, more: string) =>
    `<rect x="${left - by}" y="${top - by}" width="${width + 2 * by}" height="${height + 2 * by}" ${more}/>`;
  const parts = [`<g><title>${escaped(data.id)}</title>`];
  if (data.isCritical) parts.push(rect(1, `rx="7" fill="none" stroke="${palette.accent}" stroke-width="2"`));
  if (isAsset) {
    const line = palette.states.queued ?? palette.dim;
    parts.push(rect(-0.5, `rx="${height / 2}" fill="${palette.hover}" stroke="${line}"`));
  } else {
    parts.push(rect(-0.5, `rx="6" fill="${palette.surface}" stroke="${palette.line}"`));
    parts.push(
      `<path d="M${left + 4} ${top}a4 6 0 0 0-4 6v${height - 12}a4 6 0 0 0 4 6z" fill="${colourOf(data.state, palette)}"/>`,
    );
  }
  const [begin, end] = [left + INSET, right - 10];
  const hasSign = !isAsset && data.state !== null;
  if (hasSign) parts.push(signOf(data.state, begin, top + 9, 12, palette));
  const x = begin + (hasSign ? 18 : 0);
  const label = `${data.toggle === null ? '' : '▸ '}${data.label}`;
  const head = { text: label, x, y: top + 20, room: end - x, size: 13, isBold: true, colour: palette.text };
  parts.push(wordsOf(head, measure));
  const under = { y: top + 37, size: 11, isBold: false, colour: palette.dim };
  if (data.counts.length === 0)
    parts.push(wordsOf({ ...under, text: data.under, x: begin, room: end - begin }, measure));
  let at = begin;
  for (const [state, count] of data.counts) {
    const text = String(count);
    parts.push(signOf(state, at, top + 28, 9, palette));
    parts.push(wordsOf({ ...under, text, x: at + 12, room: end - at }, measure));
    at += 20 + measure(text, 11, false);
  }
  return `${parts.join('')}</g>`;
}

function waysOf(ways: readonly Way[], look: WayLook, palette: Palette): string {
  const some = ways.filter((way) => way.look === look);
  if (some.length === 0) return '';
  const isCritical = look === 'critical';
  const colour = isCritical ? palette.accent : (palette.states.queued ?? palette.dim);
  const dashes = look === 'asset' ? ' stroke-dasharray="4 3"' : '';
  const lines = some.map(({ route }) => pathOf(route.points)).join('');
  const arrows = some.map(({ route }) => arrowOf(route.points)).join('');
  return `<g opacity="${isCritical ? 1 : 0.8}"><path d="${lines}" fill="none" stroke="${colour}" stroke-width="${isCritical ? 2.5 : 1}"${dashes}/><path d="${arrows}" fill="${colour}"/></g>`;
}

function labelOf({ route, label }: Way, palette: Palette): string {
  if (route.label === null || label === '') return '';
  return `<text x="${route.label.x}" y="${route.label.y}" font-size="11" text-anchor="middle" dominant-baseline="middle" fill="${palette.text}" stroke="${palette.surface}" stroke-width="4" paint-order="stroke">${escaped(label)}</text>`;
}
