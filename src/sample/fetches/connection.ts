/** Hot path. Fetches of the client's connection: its addresses and the listener that accepted it. */
import {
  destinationOf,
  destinationPortOf,
  ownEndOf,
  peerOf,
  sourceOf,
  sourcePortOf,
} from '../../model/session-address.ts';
import * as abi from '../../native/abi.ts';
import { fetch } from '../declare.ts';
import { proxyCount } from '../live-counts.ts';

export const connectionFetches = [
  fetch({ name: 'src', args: [], output: 'addr', uses: 'client', fetch: sourceOf }),
  fetch({
    name: 'src_port',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => (sourceOf(stream) === undefined ? undefined : sourcePortOf(stream)),
  }),
  fetch({ name: 'dst', args: [], output: 'addr', uses: 'client', fetch: destinationOf }),
  fetch({
    name: 'dst_port',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => (destinationOf(stream) === undefined ? undefined : destinationPortOf(stream)),
  }),
  fetch({
    name: 'fc_src',
    args: [],
    output: 'addr',
    uses: 'client',
    fetch: (stream) => peerOf(stream.session, stream.engine)?.address,
  }),
  fetch({
    name: 'fc_src_port',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => peerOf(stream.session, stream.engine)?.port,
  }),
  fetch({
    name: 'fc_dst',
    args: [],
    output: 'addr',
    uses: 'client',
    fetch: (stream) => ownEndOf(stream.session, stream.engine)?.address,
  }),
  fetch({
    name: 'fc_dst_port',
    args: [],
    output: 'sint',
    uses: 'client',
    fetch: (stream) => ownEndOf(stream.session, stream.engine)?.port,
  }),
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
