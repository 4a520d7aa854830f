/** `compression …` and `filter compression`: which bodies leave encoded, and how. src/compression decides with it per message. */
import { oneOf, size, words } from '../config/argument.ts';
import type { Keyword } from '../config/keyword.ts';
import { didYouMean } from '../config/nearest.ts';
import type { Word, WordCursor } from '../config/place.ts';
import type { CompressionSettings } from '../model/proxy.ts';
import type { ProxySection } from './proxy-section.ts';
import { proxyKeyword } from './traits.ts';

const ALGORITHMS = ['gzip', 'deflate', 'raw-deflate', 'identity'];

function settingsOf(section: ProxySection): CompressionSettings {
  section.proxy.compression ??= {
    algosRequest: [],
    algosResponse: [],
    typesRequest: [],
    typesResponse: [],
    offload: false,
    direction: 'response',
    minsizeRequest: 0,
    minsizeResponse: 0,
    varyAlways: false,
  };
  return section.proxy.compression;
}

function checkAlgorithms(cursor: WordCursor, name: string, algorithms: readonly Word[]): boolean {
  for (const at of algorithms) {
    if (ALGORITHMS.includes(at.text)) continue;
    const message = `'${name}' : '${at.text}' is not a supported algorithm${didYouMean(at.text, ALGORITHMS)}`;
    cursor.alerts.alert(message, at, `Allowed: ${ALGORITHMS.join(', ')}.`);
    return false;
  }
  return true;
}

type ListField = 'algosRequest' | 'algosResponse' | 'typesRequest' | 'typesResponse';

function listKeyword(name: string, field: ListField, isAlgorithm: boolean): Keyword<ProxySection> {
  return proxyKeyword({
    name: `compression ${name}`,
    args: [words(isAlgorithm ? '<algorithm>...' : '<mime type>...')],
    parse({ target, cursor }, values) {
      if (isAlgorithm && !checkAlgorithms(cursor, `compression ${name}`, values)) return;
      if (name === 'algo-req' && values.length > 1) {
        cursor.alerts.alert("'compression algo-req' takes exactly one algorithm.", values[1]);
        return;
      }
      const list = settingsOf(target)[field];
      for (const value of values) if (!list.includes(value.text)) list.push(value.text);
    },
  });
}

export const compressionKeywords: readonly Keyword<ProxySection>[] = [
  listKeyword('algo', 'algosResponse', true),
  listKeyword('algo-res', 'algosResponse', true),
  listKeyword('algo-req', 'algosRequest', true),
  listKeyword('type', 'typesResponse', false),
  listKeyword('type-res', 'typesResponse', false),
  listKeyword('type-req', 'typesRequest', false),
  proxyKeyword({
    name: 'compression offload',
    args: [],
    parse({ target, cursor }) {
      if (target.kind === 'defaults') {
        const advice = 'Write it in a frontend, backend or listen section.';
        cursor.alerts.warning(
          "'compression offload' ignored in 'defaults' section.",
          cursor.words[1],
          advice,
        );
        return;
      }
      settingsOf(target).offload = true;
    },
  }),
  proxyKeyword({
    name: 'compression direction',
    args: [oneOf('request', 'response', 'both')],
    parse({ target }, direction) {
      settingsOf(target).direction = direction;
    },
  }),
  proxyKeyword({
    name: 'compression minsize-req',
    args: [size()],
    parse({ target }, bytes) {
      settingsOf(target).minsizeRequest = bytes;
    },
  }),
  proxyKeyword({
    name: 'compression minsize-res',
    args: [size()],
    parse({ target }, bytes) {
      settingsOf(target).minsizeResponse = bytes;
    },
  }),
  // Sluice's own: RFC 9110 12.5.5 recommends Vary on every response that was negotiated.
  proxyKeyword({
    name: 'compression vary-always',
    args: [],
    parse({ target }) {
      settingsOf(target).varyAlways = true;
    },
  }),
  proxyKeyword({
    name: 'filter compression',
    args: [],
    traits: { defaults: 'no' },
    parse({ target }) {
      settingsOf(target);
    },
  }),
];
