import { describe, expect, it } from 'vitest';
import { blocksOf, spansOf, webAddress } from './markdown';

describe('a document', () => {
  it('has headings, lists and code', () => {
    expect(blocksOf('# A\n\none\ntwo\n\n* x\n* y\n\n```\nz\n```').map((block) => block.kind)).toEqual([
      'heading',
      'paragraph',
      'list',
      'code',
    ]);
  });

  it('follows links to the web only', () => {
    expect(webAddress('https://example.org/x')).toBe('https://example.org/x');
    expect(webAddress('javascript:alert(1)')).toBeNull();
    expect(webAddress('data:text/html,x')).toBeNull();
    expect(spansOf('[x](javascript:alert(1))').every((span) => span.kind === 'text')).toBe(true);
  });

  it('leaves HTML the text that it is', () => {
    expect(blocksOf('<script>alert(1)</script>')).toEqual([
      { kind: 'paragraph', spans: [{ kind: 'text', text: '<script>alert(1)</script>' }] },
    ]);
  });

  it('is read as it was indented in code', () => {
    expect(blocksOf('A\n    # B\n    c')[1]).toMatchObject({ kind: 'heading' });
  });
});
