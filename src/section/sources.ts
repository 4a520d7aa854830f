/** Makes the bundle that every thread reads the configuration from. Main thread only: it reads the disk and the environment. */
import { hostname } from 'node:os';
import { haproxyVariables } from '../config/haproxy-variables.ts';
import type { SourceFile } from '../config/lines.ts';
import type { Seen } from '../config/seen.ts';
import { environmentOf, latin1Of } from '../config/variables.ts';
import type { Sources } from './configuration.ts';

export interface SourceOptions {
  /** '' = the host's name. */
  readonly localPeer: string;
  readonly maxconn: number;
  readonly proxyMaxconn: number;
}

export function makeSources(
  files: readonly SourceFile[],
  options: SourceOptions,
  environment: Readonly<Record<string, string | undefined>>,
  seen: Seen[] = [],
): Sources {
  const host = latin1Of(hostname());
  const localPeer = options.localPeer === '' ? host : latin1Of(options.localPeer);
  const variables = environmentOf(environment);
  const names = files.map((file) => file.name);
  for (const [name, value] of haproxyVariables(localPeer, names)) variables.set(name, value);
  return {
    files,
    environment: variables,
    attachments: new Map(),
    ids: new Map(),
    options: { ...options, localPeer, hostname: host },
    seen,
  };
}
