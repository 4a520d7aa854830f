/** Hot path. Fetches of what was captured, which stays readable to the log line. */
import { fetch } from '../declare.ts';
import { versionText } from './request.ts';

/** The first line's word <index> as the client sent it. */
function startWord(line: string, index: number): string | undefined {
  const first = line.indexOf(' ');
  if (first < 0) return undefined;
  if (index === 0) return line.substring(0, first);
  const second = line.indexOf(' ', first + 1);
  return line.substring(first + 1, second < 0 ? line.length : second);
}

export const captureFetches = [
  fetch({
    name: 'capture.req.hdr',
    args: ['sint'],
    output: 'str',
    uses: 'request line',
    fetch: (stream, [slot]) => stream.requestCaptures?.[slot],
  }),
  fetch({
    name: 'capture.res.hdr',
    args: ['sint'],
    output: 'str',
    uses: 'response line',
    fetch: (stream, [slot]) => stream.responseCaptures?.[slot],
  }),
  fetch({
    name: 'capture.req.method',
    args: [],
    output: 'str',
    uses: 'request line',
    fetch: (stream) => startWord(stream.request.startLine, 0),
  }),
  fetch({
    name: 'capture.req.uri',
    args: [],
    output: 'str',
    uses: 'request line',
    fetch: (stream) => startWord(stream.request.startLine, 1),
  }),
  fetch({
    name: 'capture.req.ver',
    args: [],
    output: 'str',
    uses: 'request line',
    fetch: (stream) => {
      const version = versionText(stream.request.version);
      return version === undefined ? undefined : `HTTP/${version}`;
    },
  }),
  fetch({
    name: 'capture.res.ver',
    args: [],
    output: 'str',
    uses: 'request line',
    fetch: (stream) => {
      const version = versionText(stream.response.version);
      return version === undefined ? undefined : `HTTP/${version}`;
    },
  }),
  fetch({
    name: 'unique-id',
    args: [],
    output: 'str',
    uses: 'constant',
    fetch: (stream) => {
      stream.uniqueId ??= stream.frontend.uniqueIdFormat?.build(stream);
      return stream.uniqueId;
    },
  }),
];
