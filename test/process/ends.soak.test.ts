/** One hundred ends under load of each kind: none may hang, none may end in an abort of libuv's. */
import { expect, it } from 'vitest';
import { endUnderLoad } from '../tool/load.ts';

const ROUNDS = 100;
const ROUND_MAX_MS = 40_000;

function cfg(threads: number): string {
  return `global
  nbthread ${threads}
  stats socket {dir}/s.sock level admin
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend fe
  bind 127.0.0.1:{port:fe}
  http-request return status 200 content-type text/plain string hello
`;
}

it.each([
  [1, 'debug dev exit 7', 7],
  [2, 'debug dev exit 7', 7],
  [2, 'debug dev panic', 1],
] as const)(
  `nbthread %i, %s: ${ROUNDS} times`,
  async (threads, line, code) => {
    for (let round = 0; round < ROUNDS; round++) {
      const exit = await endUnderLoad(cfg(threads), line);
      expect(exit).toMatchObject({ code, signal: null });
    }
  },
  ROUNDS * ROUND_MAX_MS,
);
