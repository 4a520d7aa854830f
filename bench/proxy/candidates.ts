/**
 * Every competitor behind one interface: what it is called, how it is configured and how it is started, nothing about
 * how it is measured. haproxy and sluice are given the very same text; nginx its nearest equivalent.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { checkConfigText, haproxyConfigText } from './config-haproxy.ts';
import { nginxConfigText } from './config-nginx.ts';
import type { Features, Scenario } from './scenarios.ts';

/** The addresses that one run of one candidate lives at; all on 127.0.0.1. */
export interface Setup {
  readonly port: number;
  readonly originPorts: readonly [number, number];
  readonly logPort: number;
  readonly threads: number;
  /** The whole proxy's limit of client connections. */
  readonly connectionsMax: number;
  /** A directory of its own for whatever it must write. */
  readonly directory: string;
}

export interface Candidate {
  readonly name: string;
  /** `baseline`: what ratios are against. `control`: the same program again, must read 1. `subject`: has targets. */
  readonly role: 'baseline' | 'control' | 'subject' | 'peer';
  readonly version: string;
  /** Why this scenario cannot be asked of it, or ''. */
  lacks(scenario: Scenario): string;
  configText(features: Features, setup: Setup): string;
  command(configPath: string): readonly string[];
  /** Checks a configuration of this many servers and ends; absent when it has no such word. */
  check?: { configText(servers: number): string; command(configPath: string): readonly string[] };
}

export interface CandidatePaths {
  readonly haproxy: string;
  readonly sluice: string;
  readonly nginx: string;
}

const NAMES = ['haproxy', 'haproxy-again', 'sluice', 'nginx'] as const;
export type CandidateName = (typeof NAMES)[number];
export const CANDIDATE_NAMES: readonly CandidateName[] = NAMES;

/** What a program prints about itself, on whichever output; '' when it cannot be started. */
const saysOfItself = (program: string, ...args: string[]): string => {
  try {
    return execFileSync('/bin/sh', ['-c', '"$0" "$@" 2>&1', program, ...args], {
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    return '';
  }
};

const readsHaproxyCfg = (
  name: CandidateName,
  role: Candidate['role'],
  program: string,
): Candidate | undefined => {
  const about = saysOfItself(program, '-v');
  if (about === '') return undefined;
  return {
    name,
    role,
    version: /version (\S+)/i.exec(about)?.[1] ?? about.trim().split('\n')[0] ?? '?',
    lacks: () => '',
    configText: haproxyConfigText,
    command: (configPath) => [program, '-db', '-f', configPath],
    check: { configText: checkConfigText, command: (configPath) => [program, '-c', '-f', configPath] },
  };
};

const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

const nginxCandidate = (program: string): Candidate | undefined => {
  const about = saysOfItself(program, '-V');
  if (about === '') return undefined;
  const streamBuiltIn = /--with-stream(?=\s|$)/m.test(about);
  const streamLoaded = existsSync(STREAM_MODULE);
  const load = streamLoaded && !streamBuiltIn ? `load_module ${STREAM_MODULE};\n` : '';
  return {
    name: 'nginx',
    role: 'peer',
    version: /nginx\/(\S+)/.exec(about)?.[1] ?? '?',
    lacks: (scenario) => {
      if (scenario.features.splice) return 'nginx has no splice';
      if (scenario.measure === 'check') return 'its configuration is another language';
      if (scenario.features.mode === 'tcp' && !streamBuiltIn && !streamLoaded) return 'no stream module';
      return '';
    },
    configText: (features, setup) => (features.mode === 'tcp' ? load : '') + nginxConfigText(features, setup),
    command: (configPath) => [program, '-e', 'stderr', '-c', configPath],
  };
};

/** The candidates that are installed, and a sentence for each that is not. */
export const findCandidates = (
  paths: CandidatePaths,
  wanted: readonly string[],
): { candidates: Candidate[]; missing: string[] } => {
  const makers: Record<CandidateName, () => Candidate | undefined> = {
    haproxy: () => readsHaproxyCfg('haproxy', 'baseline', paths.haproxy),
    'haproxy-again': () => readsHaproxyCfg('haproxy-again', 'control', paths.haproxy),
    sluice: () => readsHaproxyCfg('sluice', 'subject', paths.sluice),
    nginx: () => nginxCandidate(paths.nginx),
  };
  const candidates: Candidate[] = [];
  const missing: string[] = [];
  for (const name of NAMES) {
    if (!wanted.includes(name)) continue;
    const made = makers[name]();
    if (made) candidates.push(made);
    else
      missing.push(`${name}: cannot be started (${name === 'haproxy-again' ? paths.haproxy : paths[name]})`);
  }
  return { candidates, missing };
};

/** How haproxy was built: its optimisation level decides what a ratio means. */
export const haproxyBuild = (program: string): string =>
  /CFLAGS\s*=\s*(.*)/.exec(saysOfItself(program, '-vv'))?.[1]?.trim() ?? '';
