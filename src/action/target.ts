/** Hot path. Actions on the request line: its method and the parts of its target. */

import { fieldName } from '../model/field-name.ts';
import type { HttpMessage } from '../model/http-message.ts';
import { ACTION_CONTINUE } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';
import { expandReplacement } from '../pattern/replacement.ts';
import { authorityOf, pathqOf, pathStart } from '../sample/target.ts';
import { action } from './declare.ts';
import { takeFormat, takeRegex } from './formats.ts';

const HOST = fieldName('host');

/** Changes a part of the target to <text>. */
type Setter = (request: HttpMessage, text: string) => void;

/** Where the query's question mark stands, or the target's length. */
function queryStart(target: string, from: number): number {
  const at = target.indexOf('?', Math.max(from, 0));
  return at < 0 ? target.length : at;
}

const setPath: Setter = (request, path) => {
  const { target } = request;
  const start = pathStart(target);
  if (start < 0) return;
  request.setTarget(target.substring(0, start) + path + target.substring(queryStart(target, start)));
};

const setPathq: Setter = (request, pathq) => {
  const { target } = request;
  const start = pathStart(target);
  if (start >= 0) request.setTarget(target.substring(0, start) + pathq);
};

/** An empty query leaves its question mark, as in HAProxy. */
const setQuery: Setter = (request, query) => {
  const { target } = request;
  request.setTarget(`${target.substring(0, queryStart(target, 0))}?${query}`);
};

/** A target with an authority also names the host (RFC 9112 3.2.2). */
const setUri: Setter = (request, uri) => {
  request.setTarget(uri);
  const authority = authorityOf(uri);
  if (authority === '') return;
  const host = authority.substring(authority.lastIndexOf('@') + 1);
  const index = request.find(HOST.id, HOST.name, 0);
  if (index < 0) request.addField(HOST.name, host);
  else request.replaceValue(index, host);
};

function setter(name: string, set: Setter) {
  return action({
    name,
    from: ['http-request'],
    usage: '<format>',
    parse(line) {
      const format = takeFormat(line, 'a format');
      if (format === undefined) return undefined;
      return (stream) => {
        set(stream.request, format.build(stream));
        return ACTION_CONTINUE;
      };
    },
  });
}

/** `replace-…`: when the regex matches the part, the whole part becomes the replacement. */
function replacer(name: string, get: (stream: Stream) => string | undefined, set: Setter) {
  return action({
    name,
    from: ['http-request'],
    usage: '<match-regex> <replace-format>',
    parse(line) {
      const regex = takeRegex(line, 'a regular expression');
      const format = regex === undefined ? undefined : takeFormat(line, 'a replacement');
      if (regex === undefined || format === undefined) return undefined;
      return (stream) => {
        const text = get(stream);
        const match = text === undefined ? null : regex.exec(text);
        if (match === null) return ACTION_CONTINUE;
        const replaced = expandReplacement(format.build(stream), match);
        if (replaced !== undefined) set(stream.request, replaced);
        return ACTION_CONTINUE;
      };
    },
  });
}

function pathText(stream: Stream): string | undefined {
  const { target } = stream.request;
  const start = pathStart(target);
  return start < 0 ? undefined : target.substring(start, queryStart(target, start));
}

const setMethod: Setter = (request, method) => {
  // RFC 9110 9.1: a token, or it would break the request line.
  if (/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) request.setMethod(method);
};

export const targetActions = [
  setter('set-method', setMethod),
  setter('set-path', setPath),
  setter('set-pathq', setPathq),
  setter('set-query', setQuery),
  setter('set-uri', setUri),
  replacer('replace-path', pathText, setPath),
  replacer('replace-pathq', (stream) => pathqOf(stream.request.target), setPathq),
  replacer('replace-uri', (stream) => stream.request.target, setUri),
];
