/** Options of a `server` line about the PROXY protocol header that its connections begin with. */
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import { newServerProxy, type ServerProxy } from '../model/server-proxy.ts';
import type { ServerSetting } from './proxy-section.ts';

type Change = (proxy: ServerProxy) => void;

const SWITCHES: { readonly [name: string]: Change | undefined } = {
  'send-proxy': (proxy) => {
    proxy.sendsLine = true;
  },
  'no-send-proxy': (proxy) => {
    proxy.sendsLine = false;
  },
  'send-proxy-v2': (proxy) => {
    proxy.sendsBlock = true;
  },
  'no-send-proxy-v2': (proxy) => {
    proxy.sendsBlock = false;
  },
  'check-send-proxy': (proxy) => {
    proxy.checks = true;
  },
  'no-check-send-proxy': (proxy) => {
    proxy.checks = false;
  },
};

const tls: Change = (proxy) => {
  proxy.hasTls = true;
};

/** What `proxy-v2-options` may name. Clients come without TLS today: the record of TLS says so, whatever it was to hold. */
const BLOCK_OPTIONS: { readonly [name: string]: Change | undefined } = {
  authority: (proxy) => {
    proxy.hasAuthority = true;
  },
  'cert-cn': tls,
  'cert-key': tls,
  'cert-sig': tls,
  crc32c: (proxy) => {
    proxy.hasChecksum = true;
  },
  ssl: tls,
  'ssl-cipher': tls,
  'unique-id': (proxy) => {
    proxy.hasUniqueId = true;
  },
};

const RECORD = 'set-proxy-v2-tlv-fmt';

/** The names of these options, as messages list them. */
export const SERVER_PROXY_OPTIONS: readonly string[] = [...Object.keys(SWITCHES), 'proxy-v2-options', RECORD];

function setting(change: Change): ServerSetting {
  return (server) => {
    server.sendProxy ??= newServerProxy();
    change(server.sendProxy);
  };
}

function readBlockOptions(cursor: WordCursor, called: string): ServerSetting | undefined {
  const at = cursor.words[cursor.position++];
  const names = at?.text.split(',') ?? [''];
  const changes: Change[] = [];
  for (const name of names) {
    const change = BLOCK_OPTIONS[name];
    if (change === undefined) {
      const all = Object.keys(BLOCK_OPTIONS);
      const text = `'${called}' : '${name}' : proxy v2 option not implemented${didYouMean(name, all)}`;
      cursor.alerts.alert(text, at, `Options: ${all.join(', ')}.`);
      return undefined;
    }
    changes.push(change);
  }
  return setting((proxy) => {
    for (const change of changes) change(proxy);
  });
}

/** `set-proxy-v2-tlv-fmt(<id>) <fmt>`; without a format, at the end of the line, the record is empty. */
function readRecord(cursor: WordCursor, at: Word, called: string): ServerSetting | undefined {
  const id = /\((0x[0-9a-f]+|\d+)\)$/i.exec(at.text)?.[1] ?? '';
  const type = id === '' ? -1 : Number(id);
  if (type < 0 || type > 255) {
    const text = `'${called}' : '${at.text}' : could not convert TLV ID`;
    cursor.alerts.alert(text, at, `Write: ${RECORD}(<id>) <fmt>, with a number from 0 to 255 (0xff).`);
    return undefined;
  }
  const word = cursor.words[cursor.position];
  if (word !== undefined) cursor.position++;
  const { alerts, place } = cursor;
  return (server, formats) => {
    const record = { type, format: undefined };
    server.sendProxy ??= newServerProxy();
    server.sendProxy.records.push(record);
    if (word !== undefined && word.text !== '') formats.push({ record, text: { word, alerts, place } });
  };
}

/** True when <name> is one of these options. */
export function isServerProxyOption(name: string): boolean {
  return SWITCHES[name] !== undefined || name === 'proxy-v2-options' || name.startsWith(`${RECORD}(`);
}

/** Reads the option at the word before the cursor; undefined when an alert was given. */
export function readServerProxyOption(
  cursor: WordCursor,
  at: Word,
  called: string,
): ServerSetting | undefined {
  const change = SWITCHES[at.text];
  if (change !== undefined) return setting(change);
  return at.text === 'proxy-v2-options' ? readBlockOptions(cursor, called) : readRecord(cursor, at, called);
}
