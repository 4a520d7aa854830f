/** What a proxy says about its logs: where they go, in which form, under which tag, with which unique ids and captures. */
import { customOrNothing, integer, rawWord, word } from '../config/argument.ts';
import { expectEnd, type Keyword } from '../config/keyword.ts';
import { parseLogLine } from './log-lines.ts';
import type { ProxySection, Reference } from './proxy-section.ts';
import { proxyKeyword } from './traits.ts';

/** A captured header is cut at so many bytes at most. */
const CAPTURE_MAX_BYTES = 65535;

type FormatField = 'logFormat' | 'errorLogFormat' | 'uniqueIdFormat';

function formatKeyword(name: string, field: FormatField, needs: 'frontend' | 'any'): Keyword<ProxySection> {
  return proxyKeyword({
    name,
    args: [rawWord('<format>')],
    traits: { needs },
    parse({ target, cursor }, text) {
      const reference: Reference = { word: text, alerts: cursor.alerts, place: cursor.place };
      target[field] = reference;
      if (field === 'logFormat') target.proxy.logFormatKind = 'custom';
    },
  });
}

function captureKeyword(side: 'request' | 'response'): Keyword<ProxySection> {
  return proxyKeyword({
    name: `capture ${side} header`,
    args: [word('<name>'), word('len'), integer('<length>', 1, CAPTURE_MAX_BYTES)],
    traits: { needs: 'frontend', defaults: 'no' },
    parse({ target, cursor }, name, len, length) {
      if (len !== 'len') {
        const advice = `Write: capture ${side} header <name> len <length>`;
        cursor.alerts.alert(
          `'capture ${side} header' expects 'len' after the name.`,
          cursor.words[4],
          advice,
        );
        return;
      }
      const captures = side === 'request' ? target.proxy.requestCaptures : target.proxy.responseCaptures;
      captures.push({ name: name.toLowerCase(), length });
    },
  });
}

function declareCaptureKeyword(side: 'request' | 'response'): Keyword<ProxySection> {
  return proxyKeyword({
    name: `declare capture ${side}`,
    args: [word('len'), integer('<length>', 1, CAPTURE_MAX_BYTES)],
    traits: { needs: 'frontend', defaults: 'no', otherwise: 'refuse' },
    parse({ target, cursor }, len, length) {
      if (len !== 'len') {
        const advice = `Write: declare capture ${side} len <length>`;
        cursor.alerts.alert(`'declare capture ${side}' expects 'len'.`, cursor.words[3], advice);
        return;
      }
      const captures = side === 'request' ? target.proxy.requestCaptures : target.proxy.responseCaptures;
      captures.push({ name: '', length });
    },
  });
}

export const logKeywords: readonly Keyword<ProxySection>[] = [
  proxyKeyword({
    name: 'log',
    args: [customOrNothing('{ global | <address> [<option>]... <facility> [<max level> [<min level>]] }')],
    parse({ target, cursor, modifier }) {
      const { proxy } = target;
      if (modifier !== undefined) {
        if (modifier === 'default' || !expectEnd(cursor, 'no log', '')) {
          if (modifier === 'default') cursor.alerts.alert("'default log' is not supported.", cursor.words[0]);
          return;
        }
        proxy.logs.length = 0;
        target.logsGlobal = false;
        return;
      }
      const first = cursor.peek();
      if (first === undefined) {
        const advice = 'Write: log global, or: log <address> <facility>';
        cursor.alerts.alert(
          "'log' expects <address> and <facility> or global as arguments.",
          cursor.words[0],
          advice,
        );
      } else if (first === 'global' && cursor.words.length === 2) {
        cursor.next();
        target.logsGlobal = true;
      } else {
        const line = parseLogLine(cursor, target.reading);
        if (line !== undefined) proxy.logs.push(line);
      }
    },
  }),
  formatKeyword('log-format', 'logFormat', 'frontend'),
  formatKeyword('error-log-format', 'errorLogFormat', 'frontend'),
  formatKeyword('unique-id-format', 'uniqueIdFormat', 'any'),
  proxyKeyword({
    name: 'unique-id-header',
    args: [word('<name>')],
    parse({ target }, name) {
      target.proxy.uniqueIdHeader = name.toLowerCase();
    },
  }),
  proxyKeyword({
    name: 'log-tag',
    args: [word('<tag>')],
    parse({ target }, tag) {
      target.proxy.logTag = tag;
    },
  }),
  captureKeyword('request'),
  captureKeyword('response'),
  declareCaptureKeyword('request'),
  declareCaptureKeyword('response'),
];
