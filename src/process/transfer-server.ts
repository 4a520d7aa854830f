/** `_getsocks`: gives our listening sockets to whoever asks on a runtime API socket with `expose-fd listeners`, as HAProxy does. The
 * connection belongs to this file from then on; it goes on with the other side's acknowledgements and never blocks.
 */
import type { Socket } from 'node:net';
import type { Addon } from '../native/addon.ts';
import { intBytes, type OfferedSocket, type TransferMessage, transferMessages } from './transfer-wire.ts';

/** The other side has so long for each acknowledgement; as HAProxy. */
export const ACKNOWLEDGE_MAX_MS = 1000;

/** The number of the descriptor under <socket>; Node has no public name for it. */
export function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
  return handle?.fd ?? -1;
}

/** <given> is told once everything was sent and acknowledged. */
export function giveSockets(
  addon: Addon,
  connection: Socket,
  sockets: readonly OfferedSocket[],
  given: () => void,
): void {
  if (sockets.length === 0) {
    connection.end();
    return;
  }
  const messages: TransferMessage[] = [
    { bytes: intBytes(sockets.length), descriptors: [] },
    ...transferMessages(sockets),
  ];
  let next = 0;
  const send = (): boolean => {
    const { bytes, descriptors } = messages[next++] as TransferMessage;
    return addon.sendDescriptors(descriptorOf(connection), bytes, descriptors) === 0;
  };
  const sendOrEnd = () => {
    if (!send()) connection.destroy();
  };
  connection.setTimeout(ACKNOWLEDGE_MAX_MS, () => connection.destroy());
  connection.on('error', () => connection.destroy());
  connection.on('end', () => connection.destroy());
  // An acknowledgement is an int that says how many came before; that something came is enough, as for HAProxy.
  connection.on('data', () => {
    if (next < messages.length) sendOrEnd();
    else {
      given();
      connection.end();
    }
  });
  connection.resume();
  // What was answered before is gone first.
  connection.write('', () => {
    if (send()) sendOrEnd();
    else connection.destroy();
  });
}
