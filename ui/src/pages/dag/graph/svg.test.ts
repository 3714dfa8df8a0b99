import { describe, expect, it } from 'vitest';
import type { Palette } from '@/components/canvas/palette';
import type { Way } from '@/components/graph/Ways';
import type { ShownNode } from './GraphNodes';
import { piecesOf } from './picture';
import { extentOf, svgOf } from './svg';

const PALETTE: Palette = {
  surface: '#101010',
  line: '#202020',
  text: '#eeeeee',
  dim: '#999999',
  accent: '#0000ff',
  hover: '#303030',
  font: 'Inter, "Segoe UI"',
  states: { success: '#00aa00', failed: '#aa0000', queued: '#777777', none: '#555555' },
};
const node = (id: string, more: Partial<ShownNode> = {}, data: Partial<ShownNode['data']> = {}): ShownNode =>
  ({
    id,
    type: 'task',
    position: { x: 0, y: 0 },
    width: 100,
    height: 46,
    data: {
      id,
      label: id,
      state: 'success',
      under: 'python',
      counts: [],
      isCritical: false,
      toggle: null,
      ...data,
    },
    ...more,
  }) as ShownNode;
const way: Way = {
  key: 'a>b',
  route: {
    points: [
      { x: 100, y: 23 },
      { x: 200, y: 300 },
    ],
    label: { x: 150, y: 30 },
  },
  label: 'if <so>',
  look: 'critical',
};
const widthOf = (text: string, size: number) => (text.length * size) / 2;
const drawn = (nodes: ShownNode[], ways: Way[] = []) => {
  const text = svgOf(nodes, ways, PALETTE, widthOf, 'orders & "more"');
  const page = new DOMParser().parseFromString(text, 'image/svg+xml');
  return { text, page };
};

describe('the picture of a graph as SVG', () => {
  it('stands by itself: colours of the theme, a ground, and no variable or script', () => {
    const { text, page } = drawn([node('a'), node('b', { position: { x: 200, y: 277 } })], [way]);
    expect(text).not.toMatch(/var\(|<script|href/);
    expect(page.querySelector('svg > rect')?.getAttribute('fill')).toBe('#101010');
    expect(text).toContain('#00aa00');
    expect([...page.querySelectorAll('text')].map((one) => one.textContent)).toEqual([
      'a',
      'python',
      'b',
      'python',
      'if <so>',
    ]);
  });

  it('holds texts of others as texts', () => {
    const evil = '"><script>x()</script>&\u0000';
    const { text } = drawn([node('x', { width: 900 }, { label: evil, id: evil })]);
    expect(text).not.toContain('<script');
    expect(text).toContain('&quot;&gt;&lt;script&gt;x()&lt;/script&gt;&amp;<');
  });

  it('reaches as far as nodes and ways do, and parts of a group stand in it', () => {
    const nodes = [
      node('g', { type: 'container', position: { x: 50, y: 50 }, width: 300, height: 200 }),
      node('p', { parentId: 'g', position: { x: 20, y: 40 } }),
    ];
    expect(extentOf(piecesOf(nodes), [way])).toEqual({ left: 26, top: -1, right: 374, bottom: 324 });
    expect(drawn(nodes).text).toContain('x="70.5" y="90.5"');
  });

  it('cuts what does not fit, and shows counts of what is folded', () => {
    const folded = node(
      'g',
      {},
      { label: 'a very long name indeed', toggle: () => {}, counts: [['failed', 2]] },
    );
    const texts = [...drawn([folded]).page.querySelectorAll('text')].map((one) => one.textContent);
    expect(texts[0]).toMatch(/^▸ a .*…$/);
    expect(texts[1]).toBe('2');
  });
});
