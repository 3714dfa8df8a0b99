import { describe, expect, it } from 'vitest';
import { Stay } from './pages';

describe('blocks of a list', () => {
  it('stay when they are there at first, and are asked for at once', () => {
    const stay = new Stay();
    expect(stay.look([], 0).staying).toEqual([]);
    expect(stay.look([0, 1], 1)).toEqual({ staying: [0, 1], wait: null });
  });

  it('that fly past do not stay, however many', () => {
    const stay = new Stay();
    stay.look([0, 1], 0);
    for (let frame = 1; frame < 20; frame += 1) {
      expect(stay.look([frame * 2, frame * 2 + 1], frame * 16).staying).toEqual([]);
    }
  });

  it('stay after a while, and it is known when', () => {
    const stay = new Stay();
    stay.look([0, 1], 0);
    expect(stay.look([1, 2], 1_000)).toEqual({ staying: [1], wait: 100 });
    expect(stay.look([1, 2], 1_060)).toEqual({ staying: [1], wait: 40 });
    expect(stay.look([1, 2], 1_100)).toEqual({ staying: [1, 2], wait: null });
  });

  it('that were away stay no longer', () => {
    const stay = new Stay();
    stay.look([0], 0);
    stay.look([1], 500);
    expect(stay.look([0, 1], 700).staying).toEqual([1]);
  });
});
