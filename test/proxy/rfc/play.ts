/**
 * Plays the steps of one case, in their order, against a running proxy. The stage (client connection, server
 * connections) belongs to the case and is cleared when it ends; whatever nobody asked for is a failure.
 */
import { isTaken } from '../../tool/kernel-sockets.ts';
import { type RawSocket, rawClient } from '../../tool/raw-socket.ts';
import type { ScriptedServer } from '../../tool/scripted-server.ts';
import { until } from '../../tool/until.ts';
import { type Message, readMessage } from './message.ts';
import { type Case, type Line, type Step, unescapeBytes } from './page.ts';
import {
  compareMessage,
  compareRefusal,
  getRequest,
  matches,
  okResponse,
  PageError,
  readSight,
  type Sight,
  shown,
} from './sight.ts';

const CASE_LIMIT_MS = 20_000;
/** How long the proxy gets to close its server side after the client has gone, before leftovers are looked for. */
const SETTLE_LIMIT_MS = 300;
/** How long the proxy gets to deal with what it has read. */
const PAUSE_MS = 30;

interface Stage {
  readonly port: number;
  /** The server's connections made during this case. */
  peers(): readonly RawSocket[];
  client: RawSocket | undefined;
  back: RawSocket | undefined;
  readonly deadlineMs: number;
}

/** Waits until <probe> is true or the case's time is over; tells which. */
async function isTrueInTime(
  stage: Stage,
  probe: () => boolean,
  limitMs = stage.deadlineMs - performance.now(),
): Promise<boolean> {
  try {
    return await until(probe, Math.max(limitMs, 1), '');
  } catch (error) {
    if (error instanceof PageError) throw error;
    return false;
  }
}

const octets = (peer: RawSocket): Buffer => Buffer.from(peer.unread, 'latin1');

async function consume(peer: RawSocket, nbytes: number): Promise<void> {
  if (nbytes > 0) await peer.receive(nbytes);
}

async function clientOf(stage: Stage, isNew: boolean): Promise<RawSocket> {
  if (stage.client === undefined || isNew) stage.client = await rawClient(stage.port);
  return stage.client;
}

async function sendLines(peer: RawSocket, lines: Line[]): Promise<void> {
  let bytes = '';
  const flush = (): void => {
    // Not awaited: a peer that reads nothing must not hold the script.
    if (bytes !== '' && !peer.socket.destroyed) peer.send(bytes).catch(() => undefined);
    bytes = '';
  };
  for (const { text, line } of lines) {
    const directive = /^<([a-z]+)>$/.exec(text)?.[1];
    if (directive === undefined) bytes += unescapeBytes(text);
    else if (directive === 'ok') bytes += okResponse;
    else if (directive === 'get') bytes += getRequest;
    else {
      flush();
      if (directive === 'fin') peer.socket.end();
      else if (directive === 'reset') peer.reset();
      else if (directive === 'pause') {
        await isTaken(peer);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      } else throw new PageError(line, `unknown directive ${text}`);
    }
  }
  flush();
}

async function backOf(stage: Stage, step: Step): Promise<RawSocket> {
  const which = step.flags.find((flag) => flag === 'same' || flag === 'new');
  const isFit = (peer: RawSocket): boolean =>
    which === undefined || (peer === stage.back) === (which === 'same');
  const find = (): RawSocket | undefined => stage.peers().find((peer) => peer.unread !== '' && isFit(peer));
  await isTrueInTime(stage, () => find() !== undefined);
  stage.back = find();
  if (stage.back !== undefined) return stage.back;
  const answer = stage.client === undefined ? '' : `; the client got ${shown(octets(stage.client))}`;
  throw new PageError(
    step.line,
    `the server saw nothing${which ? ` on the ${which} connection` : ''}${answer}`,
  );
}

function readFrom(peer: RawSocket, step: Step, method: string): Message | undefined {
  try {
    return readMessage(octets(peer), {
      isResponse: step.actor === 'client',
      fin: peer.end === 'fin',
      method,
    });
  } catch (error) {
    throw new PageError(step.line, `${(error as Error).message} in ${shown(octets(peer))}`);
  }
}

async function seeEnding(peer: RawSocket, sight: Sight, stage: Stage): Promise<void> {
  if (sight.ending === 'none' || sight.ending === 'partial') return;
  const ended = await isTrueInTime(stage, () => peer.end !== undefined);
  if (!ended) throw new PageError(sight.line, 'the connection was not closed');
  if (sight.ending === 'fin' && peer.end !== 'fin')
    throw new PageError(sight.line, 'the connection was reset');
  if (sight.ending === 'reset' && peer.end !== 'reset') {
    throw new PageError(sight.line, 'the connection was closed as if all were well');
  }
}

async function seeRaw(peer: RawSocket, sight: Sight, stage: Stage): Promise<void> {
  const isThere = (): boolean => matches(sight.body, peer.unread);
  await isTrueInTime(stage, () => isThere() || peer.end !== undefined);
  if (!isThere()) throw new PageError(sight.line, `the octets are ${shown(octets(peer))}`);
  await consume(peer, peer.unread.length);
  await seeEnding(peer, sight, stage);
}

/** Waits for as much of the message as the sight wants, compares, consumes. */
async function seeMessage(peer: RawSocket, sight: Sight, step: Step, stage: Stage): Promise<void> {
  const method = step.flags.includes('head') ? 'HEAD' : step.flags.includes('connect') ? 'CONNECT' : 'GET';
  const wantsWhole = sight.ending !== 'cut' && sight.ending !== 'partial' && sight.ending !== 'reset';
  await isTrueInTime(stage, () => {
    const message = readFrom(peer, step, method);
    if (peer.end !== undefined) return true;
    if (message === undefined) return false;
    if (wantsWhole) return message.complete;
    return sight.ending === 'partial' && matches(sight.body, message.body.toString('latin1'));
  });
  const message = readFrom(peer, step, method);
  if (message === undefined) {
    throw new PageError(
      sight.line,
      `no whole head came${peer.end ? ` before the ${peer.end}` : ''}: ${shown(octets(peer))}`,
    );
  }
  if (sight.kind === 'message') compareMessage(message, sight);
  else compareRefusal(message, sight);
  if (wantsWhole && !message.complete) {
    throw new PageError(sight.line, `the message is incomplete: ${shown(octets(peer))}`);
  }
  if (sight.ending === 'cut' && message.complete)
    throw new PageError(sight.line, 'the message looks complete');
  await consume(peer, message.size);
  await seeEnding(peer, sight, stage);
}

async function seeStep(stage: Stage, step: Step): Promise<void> {
  const sight = readSight(step);
  if (step.actor === 'server') {
    if (sight.kind === 'nothing' || sight.kind === 'incomplete' || sight.kind === 'rest') return;
    if (sight.kind === 'end') return seeEnding(stage.back ?? (await backOf(stage, step)), sight, stage);
    const peer = await backOf(stage, step);
    return sight.kind === 'raw' ? seeRaw(peer, sight, stage) : seeMessage(peer, sight, step, stage);
  }
  const peer = await clientOf(stage, false);
  if (sight.kind === 'end') return seeEnding(peer, sight, stage);
  if (sight.kind === 'raw') return seeRaw(peer, sight, stage);
  if (sight.kind === 'gone') {
    await isTrueInTime(stage, () => peer.end !== undefined || readFrom(peer, step, 'GET')?.complete === true);
    if (peer.end !== undefined && peer.unread === '') return;
  }
  if (sight.kind === 'refused') sight.ending = 'closed';
  return seeMessage(peer, sight, step, stage);
}

async function playStep(stage: Stage, step: Step): Promise<void> {
  if (step.does === 'sees') return seeStep(stage, step);
  if (step.actor === 'client')
    return sendLines(await clientOf(stage, step.flags.includes('new')), step.lines);
  if (stage.back === undefined) await isTrueInTime(stage, () => stage.peers().length > 0);
  stage.back ??= stage.peers().at(-1);
  if (stage.back === undefined) throw new PageError(step.line, 'no connection reached the server');
  return sendLines(stage.back, step.lines);
}

/** After the client has gone nothing may be left that no step asked for: a smuggled request would be here. */
async function checkLeftovers(stage: Stage, steps: Step[]): Promise<void> {
  const last = steps.at(-1)!;
  const answered = steps.some((step) => step.actor === 'client' && step.does === 'sees');
  if (stage.client !== undefined && answered && stage.client.unread !== '') {
    throw new PageError(last.line, `the client got more: ${shown(octets(stage.client))}`);
  }
  stage.client?.close();
  await isTrueInTime(stage, () => stage.peers().every((peer) => peer.end !== undefined), SETTLE_LIMIT_MS);
  const says = (text: string): boolean => steps.some((step) => step.lines.some((each) => each.text === text));
  for (const peer of stage.peers()) {
    if (peer.unread === '' || (peer === stage.back && says('<rest>'))) continue;
    const message = readFrom(peer, { ...last, actor: 'server' }, 'GET');
    if (says('<incomplete>') && message?.complete !== true) continue;
    throw new PageError(last.line, `the server got more: ${shown(octets(peer))}`);
  }
}

export async function playCase(each: Case, port: number, server: ScriptedServer): Promise<void> {
  const first = server.peers.length;
  const peers = (): readonly RawSocket[] => server.peers.slice(first);
  const deadlineMs = performance.now() + CASE_LIMIT_MS;
  const stage: Stage = { port, peers, client: undefined, back: undefined, deadlineMs };
  try {
    for (const step of each.steps) await playStep(stage, step);
    await checkLeftovers(stage, each.steps);
  } finally {
    stage.client?.close();
    for (const peer of peers()) peer.close();
  }
}
