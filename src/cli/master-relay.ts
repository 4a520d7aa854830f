/** `@@<pid>`: the bytes of a client and of a worker's runtime API passed on in both directions, until the worker closes. */
import type { Socket } from 'node:net';
import type { WorkerPipe } from './master-door.ts';

/** Text that waits for a client that does not read. */
const AHEAD_MAX_BYTES = 64 * 1024;

/** <first> is sent to the worker at once; <after> has the connection again when the worker is done. */
export function relay(connection: Socket, pipe: WorkerPipe, first: string, after: () => void): void {
  // Others listen to the connection as well: only what was added here is taken away again.
  const listeners: Record<string, (data: Buffer) => void> = {
    data: (data) => pipe.send(data.toString('latin1')),
    end: () => pipe.end(),
    drain: () => pipe.hold(false),
    close: () => finish(),
  };
  const finish = () => {
    for (const [event, listener] of Object.entries(listeners)) connection.off(event, listener);
    pipe.destroy();
  };
  connection.setTimeout(0);
  for (const [event, listener] of Object.entries(listeners)) connection.on(event, listener);
  pipe.onText((text) => {
    connection.write(text, 'latin1');
    if (connection.writableLength > AHEAD_MAX_BYTES) pipe.hold(true);
  });
  pipe.onEnd(() => {
    const isOver = connection.readableEnded || connection.destroyed;
    finish();
    if (isOver) connection.end();
    else after();
  });
  pipe.send(first);
  if (connection.readableEnded) pipe.end();
  connection.resume();
}
