/** Hot path. Sends a response of our own: the message becomes the stream's response, so that http-after-response rules may change it,
 * then one RESPOND command. The engine frames it and decides whether the connection can be kept.
 */
import type { HttpMessage } from '../model/http-message.ts';
import type { ReplyBody } from '../model/reply.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

/** Puts <message> into the stream's response, as edits of an empty head. A Connection field is the engine's to write, behind all
 * others; only in the answer to what was no request does it stand where the page has it (<isRaw>), as in HAProxy. */
export function fillResponse(response: HttpMessage, message: ReplyBody, isRaw: boolean): void {
  response.reset();
  response.setStatus(message.status, message.reason);
  for (let i = 0; i < message.names.length; i++) {
    const name = message.names[i] as string;
    if (isRaw || name !== 'connection') response.addField(name, message.values[i] as string);
  }
}

/** The two characters of a termination state as the engine takes them. */
export function terminationWord(termination: string): number {
  if (termination.length < 2) return 0;
  const who = termination.charCodeAt(0);
  const when = termination.charCodeAt(1);
  return (who === 0x2d ? 0 : who) | ((when === 0x2d ? 0 : when) << 8);
}

/** Commands RESPOND with the stream's response and <body>. */
export function sendResponse(stream: Stream, body: Uint8Array, flags: number): void {
  const engine = stream.engine;
  const first = engine.edits.count;
  const count = stream.response.writeEdits(engine.edits);
  const bodyOffset = body.length > 0 ? engine.bytes(body) : 0;
  const at = engine.command(abi.CMD_RESPOND, stream.index, stream.generation);
  const commands = engine.commands;
  commands[at + abi.C_FLAGS] = flags;
  commands[at + abi.C_EDITS] = first;
  commands[at + abi.C_NEDITS] = count;
  commands[at + abi.C_BODY] = bodyOffset;
  commands[at + abi.C_BODY_LEN] = body.length;
  commands[at + abi.C_TERM] = terminationWord(stream.termination);
}

/** Ends the stream without an answer. <how>: ABORT_*. */
export function sendAbort(stream: Stream, how: number): void {
  const at = stream.engine.command(abi.CMD_ABORT, stream.index, stream.generation);
  stream.engine.commands[at + abi.C_HOW] = how;
  stream.engine.commands[at + abi.C_TERM] = terminationWord(stream.termination);
}
