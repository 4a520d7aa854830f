/**
 * Before a storm: asks each frontend what it answers, twice, so that the storm can judge every answer after it. A body that
 * is the same both times must stay the same; one that changes is judged by its framing.
 */
import { connect } from 'node:net';
import { AnswerReader, type Ask } from './answer-reader.ts';
import { newAsk } from './asks.ts';
import { DEFAULT_BODY_BYTES, patternBody } from './origin.ts';
import type { ProofListener } from './rewrite.ts';
import { waitFor } from './runtime-talk.ts';

const ANSWER_WITHIN_MS = 5_000;
const LISTENS_WITHIN_MS = 5_000;

/** A frontend and what it answers. */
export interface Target {
  readonly proxy: string;
  readonly port: number;
  readonly ask: Ask;
  /** The origin answered, not the proxy itself. */
  readonly isFromOrigin: boolean;
  readonly isExact: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** One answer on a connection of its own, whatever it is; undefined when none comes. */
export function askOnce(port: number, ask: Ask, boundMs = ANSWER_WITHIN_MS): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const body: Buffer[] = [];
    const reader = new AnswerReader();
    reader.begin({ ...ask, status: 0, body: undefined }, (bytes) => body.push(Buffer.from(bytes)));
    const socket = connect({ port, host: '127.0.0.1' });
    const timer = setTimeout(() => over(), boundMs);
    const over = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reader.state === 'done' ? { status: reader.status, body: Buffer.concat(body) } : undefined);
    };
    socket.on('data', (bytes: Buffer) => {
      for (let at = 0; at < bytes.length && (reader.state === 'head' || reader.state === 'body'); ) {
        at = reader.take(bytes, at, bytes.length);
      }
      if (reader.state === 'done' || reader.state === 'wrong') over();
    });
    socket.on('error', over);
    socket.on('end', () => {
      reader.endsWithClose();
      over();
    });
    socket.write(ask.lastRequest, 'latin1');
  });
}

async function learnOne(listener: ProofListener, path: string, host: string): Promise<Target | undefined> {
  const { proxy, port } = listener;
  const question = newAsk({ path, host });
  // A frontend that is disabled does not listen; one whose server is just starting may need a moment.
  const first = await waitFor(() => askOnce(port, question), LISTENS_WITHIN_MS);
  const second = first && (await askOnce(port, question));
  if (first === undefined || second === undefined || first.status !== second.status) return undefined;
  const isExact = first.body.equals(second.body);
  const isFromOrigin = first.body.equals(patternBody(DEFAULT_BODY_BYTES));
  const ask = newAsk({ path, host, status: first.status, body: isExact ? first.body : undefined });
  return { proxy, port, ask, isFromOrigin, isExact };
}

export interface Learned {
  readonly targets: readonly Target[];
  /** Frontends that gave no answer. */
  readonly silent: readonly string[];
}

/** The first listener of each of at most <most> frontends. */
export async function learn(
  listeners: readonly ProofListener[],
  path: string,
  host: string,
  most: number,
): Promise<Learned> {
  const firsts = new Map<string, ProofListener>();
  for (const listener of listeners) if (!firsts.has(listener.proxy)) firsts.set(listener.proxy, listener);
  const targets: Target[] = [];
  const silent: string[] = [];
  for (const listener of [...firsts.values()].slice(0, most)) {
    const target = await learnOne(listener, path, host);
    if (target === undefined) silent.push(listener.proxy);
    else targets.push(target);
  }
  return { targets, silent };
}
