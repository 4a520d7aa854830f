/** A stream as the runtime API tells of it: plain facts that travel from a data thread to the main thread. */

export interface StreamFacts {
  /** Data thread, then index and generation in it. */
  readonly thread: number;
  readonly stream: number;
  readonly generation: number;
  /** Indexes of the configuration; -1 = none yet. */
  readonly frontend: number;
  readonly listener: number;
  readonly backend: number;
  readonly server: number;
  /** `address:port`; '' for a client without one. */
  readonly source: string;
  readonly family: 4 | 6 | 0;
  readonly retries: number;
  readonly ageMs: number;
  /** Requests on the client connection so far. */
  readonly requests: number;
  readonly method: string;
  readonly uri: string;
  /** The response has begun. */
  readonly isAnswered: boolean;
}

/** Streams to end: all, all of a server, or one. */
export type StreamChoice =
  | { readonly all: true }
  | { readonly server: number }
  | { readonly thread: number; readonly stream: number; readonly generation: number };
