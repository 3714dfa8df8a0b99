/** A pool: what fills it, and what a person may write of it. */
import type { Schema } from '@/api/client';
import type { Piece } from '../shared/Bar';

type Pool = Schema['PoolResponse'];
export const DEFAULT_POOL = 'default_pool';
/** As many slots as there are. */
export const UNLIMITED = -1;

/** Return what fills a pool: what is deferred counts only where the pool says so. */
export function piecesOf(pool: Pool, word: (name: string) => string): Piece[] {
  const pieces: Piece[] = [
    { name: word('running'), count: pool.running_slots, colour: 'running' },
    { name: word('queued'), count: pool.queued_slots, colour: 'queued', pattern: 'dots' },
  ];
  if (pool.include_deferred) {
    pieces.push({
      name: word('deferred'),
      count: pool.deferred_slots,
      colour: 'waiting',
      pattern: 'stripes',
    });
  }
  return pieces;
}

export interface PoolFields {
  name: string;
  slots: number | string;
  description: string;
  includeDeferred: boolean;
}

/** Return what is wrong with each field, by its name: the key of the words that say it. */
export function wrongIn(fields: PoolFields): Record<string, string> {
  const wrong: Record<string, string> = {};
  if (fields.name.trim() === '') wrong.name = 'needed';
  const slots = Number(fields.slots);
  if (fields.slots === '' || !Number.isInteger(slots) || slots < UNLIMITED) wrong.slots = 'pools.wrongSlots';
  return wrong;
}
