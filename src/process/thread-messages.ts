/** What the main thread and a data thread say to each other (worker_threads messages: rare things only, the data path never
 * uses them). A data thread is started without work, boots its code while main reads the configuration, and is handed
 * the files by `read` as soon as main has them, and the rest by `configure`.
 */
import type { ServerAddress } from '../model/server.ts';
import type { Sources } from '../section/configuration.ts';
import type { SharedMemory } from '../stream/plane.ts';
import type { Question, Reply } from './questions.ts';

/** Main to a data thread. */
export type ToDataThread =
  /** Parse what main parses at the same time; nothing is answered. */
  | { readonly kind: 'read'; readonly sources: Sources }
  | {
      readonly kind: 'configure';
      /** Index of its engine, 0 to `shared.threads` - 1. */
      readonly thread: number;
      /** The same bytes that main read: parsed again here, so that indexes are the same. undefined: those of `read` are all. */
      readonly sources: Sources | undefined;
      /** What names turned out to be, by server index: main looks them up, once. */
      readonly addresses: ReadonlyMap<number, ServerAddress>;
      readonly shared: SharedMemory;
      /** engine-counts.ts: the thread writes its slice. */
      readonly engineCounts: SharedArrayBuffer;
    }
  /** Poll the listeners (all threads are ready), or leave them alone; answered by `listening`. */
  | { readonly kind: 'listen'; readonly on: boolean }
  /** Soft stop: listeners are let go, idle client connections closed, the others end with their response; answered by
   * `listening` with on false. */
  | { readonly kind: 'stop' }
  /** The same beside a successor: clients of <listeners> (indexes) move to it through <handoverFd> (-1: none), the others end with
   * their next response. */
  | { readonly kind: 'retire'; readonly handoverFd: number; readonly listeners: Uint32Array }
  /** The runtime API moved a server. */
  | { readonly kind: 'address'; readonly server: number; readonly address: ServerAddress }
  /** Answered by `answer` with the same number. */
  | { readonly kind: 'question'; readonly number: number; readonly question: Question }
  /** Throw an exception that nobody catches: for tests of what happens then. */
  | { readonly kind: 'panic' }
  /** The engine is destroyed, open streams are reset; answered by `gone`. */
  | { readonly kind: 'destroy' };

/** A data thread to main. */
export type FromDataThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'listening'; readonly on: boolean }
  | { readonly kind: 'gone' }
  | { readonly kind: 'answer'; readonly number: number; readonly reply: Reply }
  /** It cannot be used: main gives up the start. */
  | { readonly kind: 'failed'; readonly text: string };
