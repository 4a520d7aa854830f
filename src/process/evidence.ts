/** What a process knows when it is stopped although somebody is still there: its own answers to the runtime API's questions, as one text.
 */
import { Socket } from 'node:net';
import type { Addon } from '../native/addon.ts';

const QUESTIONS = ['show info', 'show stat', 'show servers state', 'show servers conn', 'show sess all'];
/** The text is cut there. */
const EVIDENCE_MAX_BYTES = 64 * 1024 * 1024;
/** Nobody waits longer for it. */
const EVIDENCE_MAX_MS = 1000;

/** <adopt> takes a descriptor for a client of the runtime API. */
export function gatherEvidence(addon: Addon, adopt: (fd: number) => void): Promise<string> {
  const pair = addon.streamPair();
  if (typeof pair === 'number') return Promise.resolve('');
  const [ours, theirs] = pair;
  const socket = new Socket({ fd: ours, readable: true, writable: true });
  let text = '';
  return new Promise((resolve) => {
    const done = () => {
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(done, EVIDENCE_MAX_MS);
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.length > EVIDENCE_MAX_BYTES) done();
    });
    socket.on('error', done);
    socket.once('close', () => {
      clearTimeout(timer);
      done();
    });
    adopt(theirs);
    socket.end(`${QUESTIONS.join('; ')}\n`);
  });
}
