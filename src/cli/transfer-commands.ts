/** Commands by which another process takes over from this one; not for people. */
import { type Command, command, hidden } from './command.ts';

const getSockets = command(
  '_getsocks',
  '',
  'hand the listening sockets over',
  'user',
  (control, _, client) => {
    // As HAProxy: whoever may not have them sees the connection closed without a word.
    client.isClosing = true;
    if (client.mayTakeSockets) client.takeOver = (connection) => control.giveSockets(connection);
    return '';
  },
);

const SOCKET_ID_MAX = 0xffff_ffff;

/** `_handover <socket>,...`: between two Sluices, after `_getsocks`. */
const handOver = command(
  '_handover',
  '',
  'hand idle clients over',
  'user',
  (control, [text = ''], client) => {
    client.isClosing = true;
    const ids = text.split(',').map((word) => (/^\d{1,10}$/.test(word) ? Number(word) : 0));
    const areIds = ids.every((id) => id > 0 && id <= SOCKET_ID_MAX);
    if (client.mayTakeSockets && areIds)
      client.takeOver = (connection) => control.giveClients(connection, ids);
    return '';
  },
);

export const transferCommands: readonly Command[] = [hidden(getSockets), hidden(handOver)];
