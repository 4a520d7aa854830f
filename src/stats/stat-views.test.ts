/** The statistics' columns, rows and forms as HAProxy 3.5 prints them. */
import { describe, expect, it } from 'vitest';
import { CheckHouse } from '../../test/tool/check-house.ts';
import { createCounterMemory, frontendRecord, serverRecord } from '../model/counter-slices.ts';
import { COUNT_BIN, COUNT_STOT } from '../model/counters.ts';
import * as abi from '../native/abi.ts';
import { parseConfiguration } from '../section/configuration.ts';
import { makeSources } from '../section/sources.ts';
import { newChanges } from './changes.ts';
import { infoText } from './info.ts';
import { INFO_FIELDS } from './info-fields.ts';
import { EVERYTHING } from './objects.ts';
import { newHistory, newRates, type StatsSource } from './source.ts';
import { CSV_HEADER, statText } from './stat-views.ts';

/** As HAProxy 3.5 prints it. */
const RECORDED_HEADER =
  '# ' +
  'pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,' +
  'weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,' +
  'rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,' +
  'hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,' +
  'comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,' +
  'agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,' +
  'agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,' +
  'connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,' +
  'eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_status,' +
  'agg_server_check_status,agg_check_status,srid,sess_other,h1sess,h2sess,h3sess,req_other,h1req,h2req,' +
  'h3req,proto,priv_idle_cur,reqbin,reqbout,resbin,resbout,cache_hint_hits,-,h2_headers_rcvd,' +
  'h2_data_rcvd,h2_settings_rcvd,h2_rst_stream_rcvd,h2_goaway_rcvd,h2_detected_conn_protocol_errors,' +
  'h2_detected_strm_protocol_errors,h2_rst_stream_resp,h2_goaway_resp,h2_open_connections,' +
  'h2_backend_open_streams,h2_total_connections,h2_backend_total_streams,ssl_sess,ssl_reused_sess,' +
  'ssl_failed_handshake,ssl_ocsp_staple,ssl_failed_ocsp_staple,h1_open_connections,h1_open_streams,' +
  'h1_total_connections,h1_total_streams,h1_bytes_in,h1_bytes_out,h1_spliced_bytes_in,' +
  'h1_spliced_bytes_out,\n';

const TEXT = `defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
listen l
  bind 127.0.0.1:28299 name li1
  option socket-stats
  server t 127.0.0.1:28192 check maxconn 7 cookie c1
  server u [::1]:80 backup disabled
frontend tcpf
  mode tcp
  bind 127.0.0.1:28298
`;

function source(): StatsSource {
  const sources = makeSources(
    [{ name: 't.cfg', text: TEXT }],
    { localPeer: 'p', maxconn: 0, proxyMaxconn: 0 },
    {},
  );
  const { configuration } = parseConfiguration(sources);
  const house = new CheckHouse(configuration);
  house.live.words[house.live.server(0) + abi.LIVE_SV_MAXCONN] = 7;
  const layout = { proxies: 2, servers: 2, listeners: 2, threads: 2 };
  const counters = createCounterMemory(layout);
  const words = new Float64Array(counters);
  const slice = words.length / 2;
  words[frontendRecord(0) + COUNT_STOT] = 2;
  words[slice + frontendRecord(0) + COUNT_STOT] = 3;
  words[serverRecord(layout, 0) + COUNT_BIN] = 164;
  return {
    configuration,
    live: house.live,
    counters,
    layout,
    states: house.states,
    rates: newRates(),
    history: newHistory(),
    changed: newChanges(),
    nowMs: () => 1000,
    facts: {
      threads: 2,
      startedMs: Date.now() - 90_061_000,
      bootMs: () => 1,
      maxconn: 100,
      maxsock: 200,
      ulimitN: 200,
      shownHost: 'here',
      description: '',
      version: '9.9',
      releaseDate: '2026/01/01',
      poolUsage: () => ({ usedBytes: 0, maxBytes: 1 }),
      droppedLogs: () => 0,
      splicedBytes: () => 0,
      connectionsMoved: () => ({ in: 0, out: 0, refused: 0 }),
      refusedBuffers: () => 0,
      streams: () => 0,
      warnings: () => 0,
      listeners: () => 1,
      idlePercent: () => 100,
    },
  };
}

function rows(): Record<string, string>[] {
  const [header, ...lines] = [...statText(source(), EVERYTHING, 'csv')].join('').trim().split('\n');
  const names = (header as string).slice(2).split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, at) => [names[at], cell])));
}

describe('show stat', () => {
  it('has the columns of HAProxy 3.5, byte for byte', () => {
    expect(CSV_HEADER).toBe(RECORDED_HEADER);
  });

  it('lists frontend, listeners, servers, backend of each proxy', () => {
    expect(rows().map((row) => `${row['pxname']}/${row['svname']} ${row['type']}`)).toEqual([
      'l/FRONTEND 0',
      'l/li1 3',
      'l/t 2',
      'l/u 2',
      'l/BACKEND 1',
      'tcpf/FRONTEND 0',
    ]);
  });

  it('sums the slices of all threads', () => {
    expect(rows()[0]?.['stot']).toBe('5');
    expect(rows()[2]?.['bin']).toBe('164');
  });

  it('leaves empty what an object does not have', () => {
    const [frontend, , server, disabled, backend, tcp] = rows();
    expect(frontend).toMatchObject({ qcur: '', econ: '', status: 'OPEN', hrsp_2xx: '0', addr: '' });
    expect(server).toMatchObject({ slim: '7', act: '1', bck: '0', cookie: 'c1', addr: '127.0.0.1:28192' });
    expect(disabled).toMatchObject({ status: 'MAINT', act: '0', bck: '1', slim: '', addr: '[::1]:80' });
    expect(backend).toMatchObject({ status: 'UP', act: '1', bck: '0', rate_lim: '' });
    expect(tcp).toMatchObject({ mode: 'tcp', hrsp_2xx: '', req_rate: '0' });
  });

  it('quotes what RFC 4180 wants quoted', () => {
    const from = source();
    const record = from.states.records[0];
    if (record !== undefined) record.result = { status: 'L7STS', code: 500, info: 'a "b", c', durationMs: 1 };
    expect([...statText(from, EVERYTHING, 'csv')].join('')).toContain(',"a ""b"", c",');
  });

  it('says the same typed and as JSON', () => {
    const typed = [...statText(source(), EVERYTHING, 'typed')].join('');
    expect(typed).toContain('F.2.0.0.pxname.1:KNSV:str:l\nF.2.0.1.svname.1:KNSV:str:FRONTEND\n');
    expect(typed).toContain('S.2.1.6.slim.1:CLPV:u32:7\n');
    const json = JSON.parse([...statText(source(), EVERYTHING, 'json')].join(''));
    expect(json).toHaveLength(6);
    expect(json[0][0]).toEqual({
      objType: 'Frontend',
      proxyId: 2,
      id: 0,
      field: { pos: 0, name: 'pxname' },
      processNum: 1,
      tags: { origin: 'Key', nature: 'Name', scope: 'Service' },
      value: { type: 'str', value: 'l' },
    });
  });

  it('filters by proxy, type and id, by state', () => {
    const names = (filter: Partial<typeof EVERYTHING>) =>
      [...statText(source(), { ...EVERYTHING, ...filter }, 'csv')]
        .slice(1)
        .map((line) => line.split(',').slice(0, 2).join('/'));
    expect(names({ types: 4 })).toEqual(['l/t', 'l/u']);
    expect(names({ proxyId: 2, types: 4, id: 2 })).toEqual(['l/u']);
    expect(names({ types: 4, only: 'no-maint' })).toEqual(['l/t']);
  });
});

describe('show info', () => {
  it('has every line of HAProxy 3.5 in its order', () => {
    const lines = infoText(source(), 'text').trim().split('\n');
    expect(lines.map((line) => line.split(': ')[0])).toEqual(INFO_FIELDS.map(([name]) => name));
    expect(lines).toContain('Uptime: 1d 1h01m01s');
    expect(lines).toContain('Nbthread: 2');
  });

  it('is typed with positions, JSON with the same', () => {
    expect(infoText(source(), 'typed')).toContain('3.Nbthread.1:CGSV:u32:2\n');
    expect(JSON.parse(infoText(source(), 'json'))).toHaveLength(INFO_FIELDS.length);
  });
});
