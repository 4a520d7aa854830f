/**
 * A server that does exactly what a script says, connection by connection: the other side of a proxy under test.
 * A script is a list of steps run on every connection, or a function for anything longer. A step that fails (the
 * awaited bytes never came) is kept and thrown by stop(), so that no wrong request passes unseen.
 */
import { createServer, type Server } from 'node:net';
import { atTestEnd } from './at-end.ts';
import { freePort } from './free-port.ts';
import { RawSocket } from './raw-socket.ts';
import { SLOW_MACHINE_MS, until } from './until.ts';

/** One thing the server does. 'receive' waits for a text, a pattern, a length or a whole head. */
export type Step =
  | { receive: number | string | RegExp | 'head'; boundMs?: number }
  | { send: string | Uint8Array }
  | { wait: 'end'; boundMs?: number }
  | 'half-close'
  | 'close'
  | 'reset';

export type Script = readonly Step[] | ((peer: RawSocket, index: number) => Promise<void>);

export interface ScriptedServer {
  readonly port: number;
  /** Every connection ever accepted, in order. */
  readonly peers: readonly RawSocket[];
  /** What the steps received, in order, over all connections. */
  readonly received: readonly string[];
  readonly errors: readonly Error[];
  /** Waits until <count> connections were accepted and gives the last of them. */
  accepted(count: number, boundMs?: number): Promise<RawSocket>;
  /** Closes everything; throws the first error of a script. */
  stop(): Promise<void>;
}

export interface ServerPlace {
  port?: number;
  host?: string;
  path?: string;
}

/** Starts a server on a free port (or at <place>) that runs <script> on each connection. */
export async function scriptedServer(script: Script, place: ServerPlace = {}): Promise<ScriptedServer> {
  const port = place.path ? 0 : (place.port ?? (await freePort()));
  const peers: RawSocket[] = [];
  const received: string[] = [];
  const errors: Error[] = [];
  let stopping = false;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const peer = new RawSocket(socket);
    const index = peers.push(peer) - 1;
    const run = typeof script === 'function' ? script(peer, index) : runSteps(peer, script, received);
    run.catch((error: unknown) => {
      if (!stopping) errors.push(error as Error);
      peer.close();
    });
  });
  await listen(server, place, port);

  let stopped: Promise<void> | undefined;
  const close = async () => {
    stopping = true;
    for (const peer of peers) peer.close();
    await new Promise((resolve) => server.close(resolve));
  };
  const stop = () => {
    stopped ??= close();
    return stopped.then(() => {
      if (errors[0]) throw errors[0];
    });
  };
  atTestEnd(() => stop());

  const accepted = async (count: number, boundMs = SLOW_MACHINE_MS) => {
    await until(
      () => peers.length >= count,
      boundMs,
      () => `connection ${count}; ${peers.length} came`,
    );
    return peers[count - 1] as RawSocket;
  };
  return { port, peers, received, errors, accepted, stop };
}

/** The usual server: answers every request of every connection with <answer>, bodies by Content-Length read. */
export function answering(answer: string | ((head: string, index: number) => string | Uint8Array)): Script {
  return async (peer, index) => {
    for (;;) {
      await until(() => peer.unread !== '' || peer.end, 60_000, 'the next request');
      if (peer.unread === '') return peer.close();
      const request = await peer.receiveMessage();
      await peer.send(typeof answer === 'string' ? answer : answer(request.head, index));
    }
  };
}

function listen(server: Server, place: ServerPlace, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place.path ? { path: place.path } : { port, host: place.host ?? '127.0.0.1' }, resolve);
  });
}

async function runSteps(peer: RawSocket, steps: readonly Step[], received: string[]): Promise<void> {
  for (const step of steps) {
    if (step === 'close') peer.close();
    else if (step === 'reset') peer.reset();
    else if (step === 'half-close') await peer.halfClose();
    else if ('send' in step) await peer.send(step.send);
    else if ('wait' in step) received.push((await peer.receiveEnd(step.boundMs)).bytes);
    else if (step.receive === 'head') received.push(await peer.receiveHead(step.boundMs));
    else received.push(await peer.receive(step.receive, step.boundMs));
  }
}
