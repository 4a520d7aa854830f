/** As foreign.peers.test.ts, with whole bodies, every size of pieces down to one byte, and other random cuts. */
import { describe } from 'vitest';
import { corpus } from './corpus.ts';
import { judgeByNode, judgeCorpus } from './foreign.ts';

const WHOLE_LEN = 3_000_000;
const SEEDS = [2, 3, 4];

describe('whole bodies', () => {
  judgeCorpus(corpus(WHOLE_LEN), [0, 512, 1460, 4096, 16_384, 65_535, 65_536, 262_140, WHOLE_LEN]);
});

describe('the smallest pieces', () => {
  judgeByNode(corpus(20_000), [1, 2, 3, 7, 63]);
});

describe.each(SEEDS)('pieces of any size, seed %i', (seed) => {
  judgeCorpus(corpus(300_000), [0], seed);
});
