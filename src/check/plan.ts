/** What the checks of one backend do: `option httpchk` and `http-check` lines compiled. Used twice: while the configuration is read
 * (for what is wrong with the lines) and when the process starts.
 */
import type { Place } from '../config/place.ts';
import type { Proxy } from '../model/proxy.ts';
import { compileExpect, type Expectation, expectSuccess, NOT_BUILT } from './expect.ts';
import { applyHttpchk, type CheckRequest, newRequest, requestBytes } from './http-request.ts';

export interface CheckPlan {
  readonly kind: 'tcp' | 'http';
  /** What is sent once connected; empty for a TCP check. */
  readonly request: Uint8Array;
  /** All must hold. */
  readonly expectations: readonly Expectation[];
  readonly disableOn404: boolean;
  /** `http-check connect port`; 0 = as the server line says. */
  readonly port: number;
}

export interface CheckFault {
  readonly place: Place;
  readonly text: string;
  /** HAProxy knows it: a notice, no error. */
  readonly isNotBuilt: boolean;
}

interface Draft {
  readonly request: CheckRequest;
  readonly expectations: Expectation[];
  disableOn404: boolean;
  port: number;
  /** `send` lines so far. */
  sends: number;
}

/** Something of it is to be computed: `%[…]`, `%ci`. */
function isFormat(text: string): boolean {
  return /%[[{A-Za-z]/.test(text.replaceAll('%%', ''));
}

/** `http-check send [meth m] [uri u] [ver v] [hdr n v]* [body b] [comment c]`; the fault, or ''. */
function readSend(words: readonly string[], { request }: Draft): string {
  for (let at = 0; at < words.length; at += 2) {
    const word = words[at] as string;
    const value = words[at + 1];
    if (value === undefined) return `'http-check send' : '${word}' expects an argument`;
    if (word === 'meth') request.method = value;
    else if (word === 'uri') request.uri = value;
    else if (word === 'ver') request.version = value;
    else if (word === 'body') request.body = value;
    else if (word === 'hdr') {
      const content = words[at + 2];
      if (content === undefined) return "'http-check send' : 'hdr' expects a name and a value";
      at++;
      if (isFormat(content)) return `'http-check send hdr' with a log-format ${NOT_BUILT}`;
      request.fields.push([value, content.replaceAll('%%', '%')]);
    } else if (word === 'uri-lf' || word === 'body-lf') {
      return `'http-check send ${word}' ${NOT_BUILT}`;
    } else if (word !== 'comment') {
      return `'http-check send' : unknown keyword '${word}'; known are meth, uri, ver, hdr, body, comment`;
    }
  }
  return '';
}

/** `http-check connect [default] [port p] [linger] [comment c]`; the fault, or ''. */
function readConnect(words: readonly string[], draft: Draft): string {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as string;
    if (word === 'default' || word === 'linger') continue;
    const value = words[++at];
    if (value === undefined) return `'http-check connect' : '${word}' expects an argument`;
    if (word === 'port' && /^\d{1,5}$/.test(value) && Number(value) <= 65535) draft.port = Number(value);
    else if (word !== 'comment') {
      return `'http-check connect ${word}' ${NOT_BUILT}`;
    }
  }
  return '';
}

function readLine(words: readonly string[], draft: Draft): string {
  if (words[0] === 'option') {
    applyHttpchk(draft.request, words.slice(2));
    return '';
  }
  const rest = words.slice(2);
  if (words[1] === 'send') {
    if (draft.sends++ > 0) return `a second 'http-check send' ${NOT_BUILT}`;
    return readSend(rest, draft);
  }
  if (words[1] === 'connect') return readConnect(rest, draft);
  if (words[1] === 'disable-on-404') draft.disableOn404 = true;
  else if (words[1] === 'expect') {
    const compiled = compileExpect(rest);
    if ('error' in compiled) return compiled.error;
    draft.expectations.push(compiled.value);
    return compiled.notice ?? '';
  } else if (words[1] !== 'comment') {
    return `'http-check ${words[1] ?? ''}' ${NOT_BUILT}`;
  }
  return '';
}

type Line = Proxy['checkLines'][number];

/** Flags stand beside the rules: a rule does not replace them. */
function isFlag({ words }: Line): boolean {
  return words[1] === 'disable-on-404' || words[1] === 'send-state';
}

/** Rules of a section's own replace those it inherited, as a whole. */
function linesInForce(proxy: Proxy): Line[] {
  const { file, line } = proxy.place;
  const isOwn = ({ place }: Line) => place.file === file && place.line > line;
  const hasOwn = proxy.checkLines.some((one) => isOwn(one) && !isFlag(one));
  return proxy.checkLines.filter((one) => !hasOwn || isOwn(one) || isFlag(one));
}

const NOTHING = new Uint8Array(0);

/** Lines with a fault are left out: the configuration was refused because of them. */
export function compileChecks(proxy: Proxy, faults: CheckFault[] = []): CheckPlan {
  const draft: Draft = { request: newRequest(), expectations: [], disableOn404: false, port: 0, sends: 0 };
  // `option httpchk` is the first thing sent wherever it stands.
  const ordered = linesInForce(proxy).sort(
    (a, b) => Number(b.words[0] === 'option') - Number(a.words[0] === 'option'),
  );
  for (const { words, place } of ordered) {
    const fault = readLine(words, draft);
    if (fault !== '') faults.push({ place, text: fault, isNotBuilt: fault.endsWith(NOT_BUILT) });
  }
  const isHttp = proxy.checkLines.some((line) => line.words[1] === 'httpchk');
  if (!isHttp) return { kind: 'tcp', request: NOTHING, expectations: [], disableOn404: false, port: 0 };
  const expectations = draft.expectations.length > 0 ? draft.expectations : [expectSuccess];
  const { disableOn404, port } = draft;
  return { kind: 'http', request: requestBytes(draft.request), expectations, disableOn404, port };
}

/** What is wrong with the check lines of <proxy>. */
export function checkFaults(proxy: Proxy): readonly CheckFault[] {
  const faults: CheckFault[] = [];
  if (proxy.checkLines.length > 0) compileChecks(proxy, faults);
  return faults;
}
