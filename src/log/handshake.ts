/** What is logged of a client connection from which no PROXY header came, unless `error-log-format` says otherwise. */
import { PROXY_ERRORS } from '../model/handshake-errors.ts';
import type { Stream } from '../model/stream.ts';
import { localMillis } from './dates.ts';
import { clientName } from './fast-line.ts';

/** `127.0.0.1:1234 [date] frontend/listener: why` */
export function handshakeLine(stream: Stream, seconds: number, millis: number): string {
  const { listener, handshakeError } = stream.session;
  const where = `${stream.frontend.name}/${listener.name || listener.id}`;
  const why = PROXY_ERRORS[handshakeError]?.text ?? '';
  return `${clientName(stream)} [${localMillis(seconds, millis)}] ${where}: ${why}`;
}
