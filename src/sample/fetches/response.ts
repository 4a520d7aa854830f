/** Hot path. Fetches of the response's first line and of how the exchange went. */
import type { Stream } from '../../model/stream.ts';
import { alias, fetch } from '../declare.ts';
import { versionText } from './request.ts';

function statusOf(stream: Stream): number | undefined {
  return stream.response.status > 0 ? stream.response.status : undefined;
}

const version = fetch({
  name: 'res.ver',
  args: [],
  output: 'str',
  uses: 'response line',
  fetch: (stream) => versionText(stream.response.version),
});

export const responseFetches = [
  fetch({ name: 'status', args: [], output: 'sint', uses: 'response line', fetch: statusOf }),
  fetch({
    name: 'server_status',
    args: [],
    output: 'sint',
    uses: 'response line',
    fetch: (stream) => (stream.localStatus !== 0 ? undefined : statusOf(stream)),
  }),
  fetch({ name: 'txn.status', args: [], output: 'sint', uses: 'response line', fetch: statusOf }),
  version,
  alias('resp_ver', version),
  fetch({
    name: 'txn.conn_retries',
    args: [],
    output: 'sint',
    uses: 'server address',
    fetch: (stream) => stream.retries,
  }),
  fetch({
    name: 'txn.redispatched',
    args: [],
    output: 'bool',
    uses: 'server address',
    fetch: (stream) => stream.redispatched,
  }),
];
