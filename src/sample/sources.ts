/** What a fetch needs, and where that exists: HAProxy's table of sources against the places of the configuration. A fetch
 * declares its sources; a rule has places; a fetch that no place of the rule can serve is an error or a warning there.
 */
import type { Position, RuleContext } from '../model/rule-context.ts';

/** The places, in the order of `-dKsmp`'s columns. */
const PLACES = [
  'frontend tcp-request connection rule',
  'frontend tcp-request session rule',
  'frontend tcp-request content rule',
  'frontend http-request header rule',
  'frontend http-request body rule',
  'frontend use-backend rule',
  'backend tcp-request content rule',
  'backend http-request header rule',
  'backend http-request body rule',
  'backend use-server, balance or stick-match rule',
  'server source selection',
  'backend tcp-response content rule',
  'backend http-response header rule',
  'backend http-response body rule',
  'backend stick-store rule',
  'frontend tcp-response content rule',
  'frontend http-response header rule',
  'frontend http-response body rule',
  'logs',
  'backend tcp-check rule',
  'configuration parser',
  'CLI parser',
] as const;

/** Each source: the name messages use, and a letter per place where it exists. */
const SOURCES = {
  constant: ['constants', 'YYYYYYYYYYYYYYYYYYYYYY'],
  internal: ['internal state', 'YYYYYYYYYYYYYYYYYYYY.Y'],
  listener: ['listener', 'YYYYYYYYYYYYYYYYYYY...'],
  frontend: ['frontend', 'YYYYYYYYYYYYYYYYYYY...'],
  client: ['client address', 'YYYYYYYYYYYYYYYYYYYY..'],
  'client session': ['client-side connection', '.YYYYYYYYYYYYYYYYYY...'],
  track: ['track counters', 'YYYYYYYYYYYYYYYYYYY...'],
  'request bytes': ['request buffer', '..YYYYYYYYY...........'],
  'request head': ['HTTP request headers', '..YYYYYYYYY...........'],
  'request line': ['HTTP request', '..YYYYYYYYYYYYYYYYY...'],
  'request body': ['HTTP request body', '....YYYYYYY...........'],
  backend: ['backend', '......YYYYYYYYYYYYYY..'],
  server: ['server', '..........YYYYYYYYYY..'],
  'server address': ['server address', '...........YYYYYYYYY..'],
  'server session': ['server-side connection', '...........YYYYYYYYY..'],
  'response bytes': ['response buffer', '...........YYYYYYY.Y..'],
  'response head': ['HTTP response headers', '...........YYYYYYY.Y..'],
  'response line': ['HTTP response', '...........YYYYYYYYY..'],
  'response body': ['HTTP response body', '.............YYYYY.Y..'],
  'request end': ['request buffer statistics', '..YYYYYYYYYYYYYYYYY...'],
  'response end': ['response buffer statistics', '.........YYYYYYYYYY...'],
  'transaction end': ['transaction statistics', '..YYYYYYYYYYYYYYYYY...'],
  'session end': ['session statistics', 'YYYYYYYYYYYYYYYYYYY...'],
} as const;

export type Source = keyof typeof SOURCES;

/** The places where any of <sources> exists, as bits. */
export function placesOf(sources: readonly Source[]): number {
  let bits = 0;
  for (const source of sources) {
    const letters = SOURCES[source][1];
    for (let i = 0; i < letters.length; i++) if (letters[i] === 'Y') bits |= 1 << i;
  }
  return bits;
}

/** As `-dKsmp` prints them. */
export function sourceNames(sources: readonly Source[]): string {
  return sources.map((source) => SOURCES[source][0]).join(',');
}

/** `[ Y . Y … ]` as `-dKsmp` prints it. */
export function placeColumns(bits: number): string {
  return `[ ${PLACES.map((_, i) => (((bits >> i) & 1) === 1 ? 'Y' : '.')).join(' ')} ]`;
}

const FRONTEND: { readonly [position in Position]?: number } = {
  'tcp-request connection': 0,
  'tcp-request session': 1,
  'tcp-request content': 2,
  'http-request': 3,
  redirect: 3,
  monitor: 3,
  'unique-id': 3,
  use_backend: 5,
  'tcp-response content': 15,
  'http-response': 16,
  'http-after-response': 16,
  log: 18,
};

const BACKEND: { readonly [position in Position]?: number } = {
  'tcp-request content': 6,
  'http-request': 7,
  redirect: 7,
  'use-server': 9,
  balance: 9,
  stick: 9,
  server: 10,
  'tcp-response content': 11,
  'http-response': 12,
  'http-after-response': 12,
  log: 18,
  check: 19,
};

/** The places of the line being compiled, as bits. A named acl stands anywhere: its users are asked. */
export function placesHere(ctx: RuleContext): number {
  if (ctx.position === 'acl') return (1 << PLACES.length) - 1;
  if (ctx.position === 'config') return 1 << 20;
  let bits = 0;
  const frontend = FRONTEND[ctx.position];
  const backend = BACKEND[ctx.position];
  if (frontend !== undefined && (ctx.isFrontend || backend === undefined)) bits |= 1 << frontend;
  if (backend !== undefined && (ctx.isBackend || frontend === undefined)) bits |= 1 << backend;
  return bits;
}

/** Names of the places in <bits>, lowest first. */
export function placeNames(bits: number): string {
  return PLACES.filter((_, i) => ((bits >> i) & 1) === 1).join(', ');
}
