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

export const transferCommands: readonly Command[] = [hidden(getSockets)];
