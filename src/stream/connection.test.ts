/** A connection before its first request: rules that refuse it, what is counted, and the line of one without a PROXY header. */
import { describe, expect, it } from 'vitest';
import { COUNT_CONN_TOT, COUNT_DCON, COUNT_DSES, COUNT_STOT } from '../model/counters.ts';
import type { Proxy } from '../model/proxy.ts';
import { ACTION_CONTINUE, ACTION_DONE } from '../model/rules.ts';
import * as abi from '../native/abi.ts';
import { onBatch } from './batch.ts';
import { House, makeRule } from './test-house.ts';

const reject = makeRule('reject', (stream) => {
  stream.abortHow = abi.ABORT_CLOSE;
  return ACTION_DONE;
});

function listen(shape: (proxy: Proxy) => void): House {
  const house = new House();
  shape(house.proxy('listen', 'li'));
  return house.open();
}

/** EV_CONNECTION; what was commanded of the connection: its ways to end, by number. */
function connection(house: House, reason: number, argument = 0, conn = 1): number[] {
  const words = new Uint32Array(abi.EVENT_WORDS);
  words.set([abi.EV_CONNECTION, 0, 0, conn, 1, 0]);
  words[abi.E_REASON] = reason;
  words[abi.E_ARG] = argument;
  onBatch(house.plane, { onProbe: () => {}, onControl: () => {} }, words, 1);
  return house.engine.takeCommands().map((command) => {
    expect(command.op).toBe(abi.CMD_CONNECTION);
    return command.words[abi.C_HOW] as number;
  });
}

function counted(house: House, counter: number): number | undefined {
  return house.plane.counters[(house.plane.plans[0]?.frontendCounters ?? 0) + counter];
}

describe('rules before the first request', () => {
  it('let it pass without a word, and then it is a session', () => {
    const go = makeRule('set-var', () => ACTION_CONTINUE);
    const house = listen((proxy) => proxy.rules.set('tcp-request connection', [go]));
    expect(connection(house, abi.CONNECTION_ACCEPTED)).toEqual([]);
    expect([counted(house, COUNT_CONN_TOT), counted(house, COUNT_STOT)]).toEqual([1, 0]);
    expect(connection(house, abi.CONNECTION_OPEN)).toEqual([]);
    expect([counted(house, COUNT_CONN_TOT), counted(house, COUNT_STOT)]).toEqual([1, 1]);
  });
  it('refuse a connection with a reset, a session with a close', () => {
    const house = listen((proxy) => {
      proxy.rules.set('tcp-request connection', [reject]);
      proxy.rules.set('tcp-request session', [reject]);
    });
    expect(connection(house, abi.CONNECTION_ACCEPTED)).toEqual([abi.ABORT_RESET]);
    expect(connection(house, abi.CONNECTION_OPEN)).toEqual([abi.ABORT_CLOSE]);
    expect([COUNT_DCON, COUNT_DSES, COUNT_STOT].map((one) => counted(house, one))).toEqual([1, 1, 0]);
  });
  it('that throw refuse it, and say where', () => {
    const bad = makeRule('bad', () => {
      throw new Error('no');
    });
    const house = listen((proxy) => proxy.rules.set('tcp-request connection', [bad]));
    expect(connection(house, abi.CONNECTION_ACCEPTED)).toEqual([abi.ABORT_RESET]);
    expect(house.errors).toEqual(["Policy failed in 'bad' at test.cfg:7: no"]);
  });
});

describe('a connection without a PROXY header', () => {
  function lines(shape: (proxy: Proxy) => void, error: number): string[] {
    const house = listen(shape);
    connection(house, abi.CONNECTION_FAILED, error);
    return house.engine.logged.map(({ line }) => line);
  }
  it('is logged in words of its own', () => {
    const [line] = lines(() => {}, abi.HANDSHAKE_NOT_HEADER);
    expect(line).toMatch(
      /^192\.0\.2\.1:12345 \[.*\] li\/1: Received something which does not look like a PROXY protocol header$/,
    );
  });
  it('that said nothing is not, with dontlognull', () => {
    const quiet = (proxy: Proxy): unknown => proxy.options.add('dontlognull');
    expect(lines(quiet, abi.HANDSHAKE_EMPTY)).toEqual([]);
    expect(lines(quiet, abi.HANDSHAKE_TIMEOUT)).toEqual([]);
    expect(lines(quiet, abi.HANDSHAKE_INVALID)).toHaveLength(1);
  });
});
