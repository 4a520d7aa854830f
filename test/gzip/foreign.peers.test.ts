/** The first 80 KB of real bodies, in every format, mode, size of pieces and kind of flush. The soak does it with all of them. */
import { describe } from 'vitest';
import { corpus } from './corpus.ts';
import { judgeByNode, judgeCorpus } from './foreign.ts';

describe('pieces of any size', () => {
  judgeCorpus(corpus(80_000), [0, 1460, 16_384, 65_535]);
});

describe('pieces of a few bytes', () => {
  judgeByNode(corpus(3000), [1, 2, 7]);
});
