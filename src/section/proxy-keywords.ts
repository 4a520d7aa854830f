/** The keywords that say what a proxy is: mode, limits, balance, reuse, backends by name, monitoring, descriptions. */
import { customOrNothing, integer, oneOf, optional, rawWord, word, words } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word } from '../config/place.ts';
import type { ProxySection } from './proxy-section.ts';
import { proxyKeyword, type Traits } from './traits.ts';

const ALGORITHMS = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'first',
  'source',
  'uri',
  'url_param',
  'hash',
  'random',
  'sticky',
  'log-hash',
];

/** Algorithms that belong to what is not built: protocols of remote desktops and of logs. */
const ALGORITHMS_NOT_BUILT = new Set(['log-hash', 'sticky', 'rdp-cookie']);

/** `hdr(host)` is `hdr`, and its argument the first. */
function splitCall(text: string): [name: string, args: string[]] {
  const match = /^([a-z_-]+)\((.*)\)$/s.exec(text);
  return match === null ? [text, []] : [match[1] as string, (match[2] as string).split(',')];
}

function kept(name: string, traits: Traits, usage = '<value>...'): Keyword<ProxySection> {
  return proxyKeyword({
    name,
    args: [words(usage)],
    traits,
    parse({ target }, values: readonly Word[]) {
      target.proxy.settings.set(
        name,
        values.map((value) => value.text),
      );
    },
  });
}

/** What older versions said, and what to write now: an error, because what they asked for would be left out. */
const OBSOLETE: Readonly<Record<string, string>> = {
  'bind-process': "Remove the line: there is one process; use 'thread' on bind lines to choose threads.",
  reqadd: 'Write: http-request add-header <name> <value>',
  reqdel: 'Write: http-request del-header <name>',
  reqidel: 'Write: http-request del-header <name>',
  reqrep: 'Write: http-request replace-header or replace-path with the expression.',
  reqirep: 'Write: http-request replace-header or replace-path with the expression.',
  rspadd: 'Write: http-response add-header <name> <value>',
  rspdel: 'Write: http-response del-header <name>',
  rspidel: 'Write: http-response del-header <name>',
  rsprep: 'Write: http-response replace-header <name> <regex> <value>',
  rspirep: 'Write: http-response replace-header <name> <regex> <value>',
  block: 'Write: http-request deny if <condition>',
  reqdeny: 'Write: http-request deny if { path_reg <regex> }',
  reqideny: 'Write: http-request deny if { path_reg -i <regex> }',
  reqallow: 'Write: http-request allow if <condition>',
  reqtarpit: 'Write: http-request tarpit if <condition>',
  rspdeny: 'Write: http-response deny if <condition>',
  dispatch: 'Write a server line with this address instead.',
  'monitor-net': 'Write: http-request return status 200 if { src <network> }',
  appsession: "Write: cookie <name> prefix, or a stick-table with 'stick store-response'.",
};

const obsoleteKeywords: readonly Keyword<ProxySection>[] = [
  ...Object.entries(OBSOLETE).map(([name, advice]) =>
    proxyKeyword({
      name,
      args: [customOrNothing('<arg>...')],
      traits: { isObsolete: true },
      parse({ cursor }) {
        cursor.alerts.alert(`'${name}' is not supported any more.`, cursor.words[0], advice);
      },
    }),
  ),
];

/** What is wrong with <args> of `balance <name>`, or undefined. */
function argumentFault(name: string, args: readonly string[]): string | undefined {
  if (name === 'random' && args[0] !== undefined && !/^[1-9]\d{0,8}$/.test(args[0]))
    return `expects a number of draws from 1 on, not '${args[0]}'.`;
  if (name === 'hdr' && args[0] === '') return 'expects a header name in its parentheses.';
  if (name === 'hdr' && args.length > 1 && args[1] !== 'use_domain_only')
    return `knows 'use_domain_only' alone after it, not '${args[1]}'.`;
  if (name !== 'uri') return undefined;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] as string;
    if (word === 'len' || word === 'depth') {
      const value = args[++i] ?? '';
      if (!/^[1-9]\d{0,8}$/.test(value)) return `expects a positive number after '${word}', not '${value}'.`;
    } else if (word !== 'whole' && word !== 'path-only') {
      return `knows len <n>, depth <n>, path-only and whole, not '${word}'.`;
    }
  }
  return undefined;
}

const balanceKeyword = proxyKeyword({
  name: 'balance',
  args: [optional(rawWord('<algorithm>')), { ...words('[<argument>]...'), isOptional: true }],
  traits: { needs: 'backend' },
  parse({ target, cursor }, said, rest) {
    // The word alone asks for the oldest algorithm.
    const at = said ?? { ...(cursor.words[0] as Word), text: 'roundrobin' };
    const [name, own] = splitCall(at.text);
    if (ALGORITHMS_NOT_BUILT.has(name)) {
      cursor.alerts.notice(`'balance ${name}' is known to HAProxy but not built yet in Sluice; ignored.`, at);
      return;
    }
    if (!ALGORITHMS.includes(name) && name !== 'hdr') {
      const message = `'balance' does not know '${at.text}'${didYouMean(name, ALGORITHMS)}`;
      const known = ALGORITHMS.filter((algorithm) => !ALGORITHMS_NOT_BUILT.has(algorithm));
      cursor.alerts.alert(message, at, `Allowed: ${known.join(', ')}, hdr(<name>).`);
      return;
    }
    const args = [...own, ...(rest ?? []).map((argument) => argument.text)];
    if (name === 'hdr' && own.length === 0) {
      cursor.alerts.alert(
        "'balance hdr' expects a header name in parentheses.",
        at,
        'Write: balance hdr(<name>)',
      );
      return;
    }
    if ((name === 'url_param' || name === 'hash') && args.length === 0) {
      cursor.alerts.alert(`'balance ${name}' expects an argument.`, at, `Write: balance ${name} <argument>`);
      return;
    }
    const wrong = argumentFault(name, args);
    if (wrong !== undefined) {
      cursor.alerts.alert(`'balance ${name}' ${wrong}`, rest?.[0] ?? at);
      return;
    }
    target.balanceAt = { word: rest?.[0] ?? at, alerts: cursor.alerts, place: cursor.place };
    Object.assign(target.proxy.balance, { algorithm: name, args });
  },
});

const limitKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'maxconn',
    args: [integer('<conns>')],
    traits: { needs: 'frontend' },
    parse({ target }, maxconn) {
      target.proxy.maxconn = maxconn;
    },
  }),
  proxyKeyword({
    name: 'fullconn',
    args: [integer('<conns>')],
    traits: { needs: 'backend' },
    parse({ target }, fullconn) {
      target.proxy.fullconn = fullconn;
    },
  }),
  proxyKeyword({
    name: 'backlog',
    args: [integer('<conns>')],
    traits: { needs: 'frontend' },
    parse({ target }, backlog) {
      target.proxy.backlog = backlog;
    },
  }),
  proxyKeyword({
    name: 'retries',
    args: [integer('<value>')],
    traits: { needs: 'backend' },
    parse({ target }, retries) {
      target.proxy.retries = retries;
    },
  }),
];

export const proxyKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'mode',
    args: [oneOf('tcp', 'http', 'log', 'health', 'spop')],
    parse({ target, cursor }, mode) {
      if (mode === 'tcp' || mode === 'http') target.proxy.mode = mode;
      else if (mode === 'health') {
        const advice = "Write: http-request return status 200, with 'mode http'.";
        cursor.alerts.alert("'mode health' is not supported any more.", cursor.words[1], advice);
      } else
        cursor.alerts.alert(
          `'mode ${mode}' is not built yet in Sluice.`,
          cursor.words[1],
          'Built: tcp, http.',
        );
    },
  }),
  balanceKeyword,
  ...limitKeywords,
  proxyKeyword({
    name: 'http-reuse',
    args: [oneOf('never', 'safe', 'aggressive', 'always')],
    traits: { needs: 'backend' },
    parse({ target }, mode) {
      target.proxy.httpReuse = mode;
    },
  }),
  proxyKeyword({
    name: 'default_backend',
    args: [rawWord('<backend>')],
    traits: { needs: 'frontend' },
    parse({ target, cursor }, name) {
      target.defaultBackend = { word: name, alerts: cursor.alerts, place: cursor.place };
    },
  }),
  proxyKeyword({
    name: 'id',
    args: [integer('<id>', 1)],
    traits: { defaults: 'no' },
    parse({ target }, id) {
      target.proxy.id = id;
      target.proxy.settings.set('id', [String(id)]);
    },
  }),
  proxyKeyword({
    name: 'description',
    args: [words('<text>...')],
    traits: { defaults: 'no' },
    parse({ target }, text) {
      target.proxy.description = text.map((part) => part.text).join(' ');
    },
  }),
  proxyKeyword({
    name: 'disabled',
    args: [],
    parse({ target }) {
      target.proxy.disabled = true;
    },
  }),
  proxyKeyword({
    name: 'enabled',
    args: [],
    parse({ target }) {
      target.proxy.disabled = false;
    },
  }),
  proxyKeyword({
    name: 'monitor-uri',
    args: [word('<uri>')],
    traits: { needs: 'frontend' },
    parse({ target }, uri) {
      target.proxy.settings.set('monitor-uri', [uri]);
    },
  }),
  proxyKeyword({
    name: 'hash-type',
    args: [
      oneOf('map-based', 'consistent'),
      optional(oneOf('sdbm', 'djb2', 'wt6', 'crc32', 'none')),
      optional(oneOf('avalanche')),
    ],
    traits: { needs: 'backend' },
    parse({ target }, method, hash, modifier) {
      const said = [method, hash, modifier].filter((value) => value !== undefined);
      target.proxy.settings.set('hash-type', said);
    },
  }),
  proxyKeyword({
    name: 'hash-balance-factor',
    args: [integer('<factor>', 0, 65535)],
    traits: { needs: 'backend' },
    parse({ target, cursor }, factor) {
      if (factor > 0 && factor <= 100) {
        const advice = 'Allowed: 0 (off), or more than 100.';
        cursor.alerts.alert(
          "'hash-balance-factor' is a percentage of the mean load.",
          cursor.words[1],
          advice,
        );
      } else target.proxy.settings.set('hash-balance-factor', [String(factor)]);
    },
  }),
  proxyKeyword({
    name: 'hash-preserve-affinity',
    args: [oneOf('always', 'maxconn', 'maxqueue')],
    traits: { needs: 'backend' },
    parse({ target }, mode) {
      target.proxy.settings.set('hash-preserve-affinity', [mode]);
    },
  }),
  kept('guid', { defaults: 'no' }, '<guid>...'),
  ...obsoleteKeywords,
];
