import { describe, expect, it } from 'vitest';
import { diffLines, folded } from './diff';

const shown = (before: string, after: string) =>
  diffLines(before, after).map((line) => `${{ same: ' ', added: '+', removed: '-' }[line.kind]}${line.text}`);

/** What a diff says either text was. */
const parts = (before: string, after: string) => {
  const lines = diffLines(before, after);
  return [
    lines
      .filter((line) => line.kind !== 'added')
      .map((line) => line.text)
      .join('\n'),
    lines
      .filter((line) => line.kind !== 'removed')
      .map((line) => line.text)
      .join('\n'),
  ];
};

describe('the difference of two texts', () => {
  it('is by lines, and short', () => {
    expect(shown('a\nb\nc\n', 'a\nx\nc\n')).toEqual([' a', '-b', '+x', ' c']);
    expect(shown('', 'a\nb')).toEqual(['+a', '+b']);
    expect(shown('a\nb', '')).toEqual(['-a', '-b']);
    expect(shown('a\nb\nc', 'b\nc\nd')).toEqual(['-a', ' b', ' c', '+d']);
  });

  it('has the numbers of the lines on both sides', () => {
    expect(diffLines('a\nb', 'x\na\nb').map(({ before, after }) => [before, after])).toEqual([
      [null, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('is enough to make either text again, whatever they are', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      return Math.floor((seed / 2147483648) * below);
    };
    for (let round = 0; round < 300; round += 1) {
      const make = () => Array.from({ length: 1 + random(12) }, () => 'abcd'[random(4)]).join('\n');
      const [before, after] = [make(), make()];
      expect(parts(before, after)).toEqual([before, after]);
    }
  });

  it('leaves out what is the same far away', () => {
    const before = Array.from({ length: 20 }, (_, at) => `line ${at}`);
    const after = before.map((line, at) => (at === 10 ? 'other' : line));
    const lines = folded(diffLines(before.join('\n'), after.join('\n')), 2);
    expect(lines.map((line) => line.kind)).toEqual([
      'fold',
      'same',
      'same',
      'removed',
      'added',
      'same',
      'same',
      'fold',
    ]);
    expect(lines[0]).toEqual({ kind: 'fold', count: 8 });
  });
});
