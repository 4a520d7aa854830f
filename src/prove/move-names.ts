/** What a person calls each way of moving a proxy, and what it is done with. */
import type { Move } from './storm.ts';

export const MOVE_NAMES: Readonly<Record<Move, string>> = {
  still: 'standing still',
  restart: 'restart',
  overlap: 'start beside (-sf)',
  reload: 'reload (-W)',
  transfer: 'transfer (-x -sf)',
};

/** Ways that are meant to lose nothing. The others are shown for comparison. */
export const HITLESS: ReadonlySet<Move> = new Set<Move>(['still', 'reload', 'transfer']);
