/** `-x <socket>`: asks the process behind a runtime API socket for its listening sockets, as HAProxy does. Blocks, with a bound: it is
 * part of the start. The other side may be anything: all descriptors come in as announced, or none stays open.
 */
import { errnoName, errnoText } from '../check/errno-text.ts';
import type { Addon } from '../native/addon.ts';
import { sockaddrUnix } from '../native/sockaddr.ts';
import { HANDOVER_MARK } from './successor.ts';
import {
  DESCRIPTION_MAX_BYTES,
  intBytes,
  parseDescriptions,
  readInt,
  TRANSFER_DESCRIPTORS_MAX,
} from './transfer-wire.ts';
import { TransferredSockets } from './transferred-sockets.ts';

/** The other process has so long for each of its messages; as HAProxy. */
export const TRANSFER_WAIT_MS = 1000;

/** And for all of them together. */
export const TRANSFER_MAX_MS = 5000;

/** Bytes of a command that are sent at once. */
const PART_BYTES = 4096;

/** Bytes taken at once. */
const RECEIVE_BYTES = 65_536;

const COMMAND = Buffer.from('_getsocks\n', 'latin1');

export type Transfer =
  | { readonly sockets: TransferredSockets }
  /** Nobody is there to give anything. */
  | { readonly absent: string }
  | { readonly refusal: string };

const ABSENT = new Set(['ENOENT', 'ECONNREFUSED']);

class Refusal extends Error {}

/** One conversation. Owns the connection and what it received until it is handed on. */
class Conversation {
  private readonly addon: Addon;
  private readonly fd: number;
  private readonly descriptors: number[] = [];
  private readonly parts: Uint8Array[] = [];
  private describedBytes = 0;
  private readonly untilMs = performance.now() + TRANSFER_MAX_MS;

  constructor(addon: Addon, fd: number) {
    this.addon = addon;
    this.fd = fd;
  }

  run(): TransferredSockets {
    if (this.addon.sendDescriptors(this.fd, COMMAND, []) < 0)
      throw new Refusal('it closed the connection before it was asked');
    const announced = this.readCount();
    while (this.descriptors.length < announced) this.readMessage(announced);
    const descriptions = parseDescriptions(Buffer.concat(this.parts), announced);
    if (descriptions === undefined) throw new Refusal('what it says about its sockets makes no sense');
    const sockets = new TransferredSockets(this.addon);
    const received = this.descriptors.splice(0);
    for (const [index, fd] of received.entries())
      sockets.add(fd, descriptions[index] as (typeof descriptions)[number]);
    return sockets;
  }

  /** Of what a conversation that failed had received. */
  closeAll(): void {
    for (const fd of this.descriptors.splice(0)) this.addon.closeFd(fd);
  }

  private receive(length: number): Uint8Array {
    if (performance.now() > this.untilMs) throw new Refusal(`it took more than ${TRANSFER_MAX_MS} ms`);
    const bytes = new Uint8Array(length);
    const came: number[] = [];
    const count = this.addon.receiveDescriptors(this.fd, bytes, came, TRANSFER_WAIT_MS);
    this.descriptors.push(...came);
    if (count < 0) throw new Refusal(`nothing came from it (${errnoText(-count)})`);
    return bytes.subarray(0, count);
  }

  private readCount(): number {
    let bytes = new Uint8Array(0);
    while (bytes.length < 4) {
      const more = this.receive(4 - bytes.length);
      if (more.length === 0) {
        throw new Refusal("it gives no sockets: its 'stats socket' line needs 'expose-fd listeners'");
      }
      bytes = Buffer.concat([bytes, more]);
    }
    if (this.descriptors.length > 0) throw new Refusal('it sent sockets that it had not announced');
    const count = readInt(bytes);
    if (count < 0 || count > TRANSFER_DESCRIPTORS_MAX)
      throw new Refusal(`it announced ${count} sockets, at most ${TRANSFER_DESCRIPTORS_MAX} are taken`);
    return count;
  }

  private readMessage(announced: number): void {
    const before = this.descriptors.length;
    const part = this.receive(RECEIVE_BYTES);
    const count = this.descriptors.length;
    if (part.length === 0) throw new Refusal(`it announced ${announced} sockets and gave ${count}`);
    if (count > announced) throw new Refusal(`it announced ${announced} sockets and gave at least ${count}`);
    this.parts.push(part);
    this.describedBytes += part.length;
    if (this.describedBytes > announced * DESCRIPTION_MAX_BYTES)
      throw new Refusal('it says more about its sockets than there can be to say');
    // Bytes of one message may come in pieces: the descriptors come with the first.
    if (count > before) this.acknowledge(count);
  }

  /** What the other side waits for before its next message; when it is gone, the next read says so. */
  private acknowledge(count: number): void {
    this.addon.sendDescriptors(this.fd, intBytes(count), []);
  }
}

function nameOf(path: string): Uint8Array | undefined {
  try {
    return sockaddrUnix(path, false);
  } catch {
    return undefined;
  }
}

/** The listening sockets of the process behind <path>. */
export function takeSockets(addon: Addon, path: string): Transfer {
  const name = nameOf(path);
  if (name === undefined) return { refusal: 'its path is too long' };
  const fd = addon.connectUnix(name, TRANSFER_WAIT_MS);
  if (fd < 0) {
    const text = errnoText(-fd);
    return ABSENT.has(errnoName(-fd)) ? { absent: text } : { refusal: text };
  }
  const conversation = new Conversation(addon, fd);
  try {
    return { sockets: conversation.run() };
  } catch (error) {
    conversation.closeAll();
    if (error instanceof Refusal) return { refusal: error.message };
    throw error;
  } finally {
    addon.closeFd(fd);
  }
}

/** Bytes of a command line of the runtime API; clients of sockets beyond that are not handed over. */
const COMMAND_MAX_BYTES = 16_000;

function handoverCommand(socketIds: readonly number[]): Uint8Array {
  let ids = '';
  for (const id of socketIds) {
    if (ids.length > COMMAND_MAX_BYTES) break;
    ids += ids === '' ? `${id}` : `,${id}`;
  }
  return Buffer.from(`_handover ${ids}\n`, 'latin1');
}

/** Asks the process behind <path> to send its idle clients of <socketIds> over when it is told to stop: the descriptor they come by, or
 * -1 when it does not know how; only another Sluice does. */
export function askForClients(addon: Addon, path: string, socketIds: readonly number[]): number {
  const name = nameOf(path);
  if (name === undefined || socketIds.length === 0) return -1;
  const fd = addon.connectUnix(name, TRANSFER_WAIT_MS);
  if (fd < 0) return -1;
  const command = handoverCommand(socketIds);
  for (let at = 0; at < command.length; at += PART_BYTES)
    addon.sendDescriptors(fd, command.subarray(at, at + PART_BYTES), []);
  const answer = new Uint8Array(1);
  const came: number[] = [];
  const count = addon.receiveDescriptors(fd, answer, came, TRANSFER_WAIT_MS);
  addon.closeFd(fd);
  const isIt = count === 1 && answer[0] === HANDOVER_MARK && came.length === 1;
  if (isIt) return came[0] as number;
  for (const one of came) addon.closeFd(one);
  return -1;
}
