/** What the runtime API changed and nothing else remembers, by index: for the statistics, and for the state that a reload keeps.
 * Belongs to the main thread.
 */

export type FrontendState = 'paused' | 'stopped';

/** What an encoder was switched to, and why: `set compression algo`, or workers that died in it. */
export interface EncoderChange {
  readonly encoder: string;
  readonly by: 'command' | 'crashes';
}

export interface RuntimeChanges {
  /** `debug dev …` commands run. */
  debugCommands: number;
  /** `disable frontend`, `shutdown frontend`; a frontend that listens is not in it. */
  readonly frontends: Map<number, FrontendState>;
  readonly frontendMaxconns: Map<number, number>;
  readonly serverMaxconns: Map<number, number>;
  /** Servers that `set server … addr` moved. */
  readonly addresses: Set<number>;
  /** `set maxconn global`. */
  maxconn: number | undefined;
  /** `set rate-limit http-compression global`: what was configured, KB per second. */
  compressionRate: readonly [configured: number] | undefined;
  /** Encoders other than the configuration's. */
  readonly encoders: Map<number, EncoderChange>;
}

export function newChanges(): RuntimeChanges {
  return {
    debugCommands: 0,
    frontends: new Map(),
    frontendMaxconns: new Map(),
    serverMaxconns: new Map(),
    addresses: new Set(),
    maxconn: undefined,
    compressionRate: undefined,
    encoders: new Map(),
  };
}
