/** Hot path. Fetches of the client's connection: its addresses and the listener that accepted it. */
import { sessionDestination, sessionSource } from '../../model/session-address.ts';
import type { Stream } from '../../model/stream.ts';
import * as abi from '../../native/abi.ts';
import { alias, fetch } from '../declare.ts';
import { proxyCount } from '../live-counts.ts';

function sourcePort(stream: Stream): number | undefined {
  return sessionSource(stream.session, stream.engine) === undefined ? undefined : stream.session.sourcePort;
}

function destinationPort(stream: Stream): number | undefined {
  return sessionDestination(stream.session, stream.engine) === undefined
    ? undefined
    : stream.session.destinationPort;
}

const source = fetch({
  name: 'src',
  args: [],
  output: 'addr',
  uses: 'client',
  fetch: (stream) => sessionSource(stream.session, stream.engine),
});

const port = fetch({ name: 'src_port', args: [], output: 'sint', uses: 'client', fetch: sourcePort });

const destination = fetch({
  name: 'dst',
  args: [],
  output: 'addr',
  uses: 'client',
  fetch: (stream) => sessionDestination(stream.session, stream.engine),
});

const localPort = fetch({
  name: 'dst_port',
  args: [],
  output: 'sint',
  uses: 'client',
  fetch: destinationPort,
});

export const connectionFetches = [
  source,
  port,
  destination,
  localPort,
  alias('fc_src', source),
  alias('fc_src_port', port),
  alias('fc_dst', destination),
  alias('fc_dst_port', localPort),
  fetch({
    name: 'dst_conn',
    args: [],
    output: 'sint',
    uses: 'frontend',
    fetch: (stream) => {
      const live = stream.engine.live;
      return live?.words[live.listener(stream.session.listener.index) + abi.LIVE_LI_CONN];
    },
  }),
  fetch({
    name: 'fc_http_major',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => (stream.frontend.mode === 'http' ? 1 : undefined),
  }),
  fetch({ name: 'fc_rcvd_proxy', args: [], output: 'bool', uses: 'client', fetch: () => false }),
  fetch({
    name: 'so_id',
    args: [],
    output: 'sint',
    uses: 'listener',
    fetch: (stream) => stream.session.listener.id,
  }),
  fetch({
    name: 'so_name',
    args: [],
    output: 'str',
    uses: 'listener',
    fetch: (stream) => stream.session.listener.name || undefined,
  }),
  fetch({
    name: 'fe_conn',
    args: ['fe'],
    output: 'sint',
    uses: 'internal',
    fetch: (stream, [proxy]) => proxyCount(stream, proxy.of(stream), abi.LIVE_PX_FECONN),
  }),
];
