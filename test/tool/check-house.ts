/** A house for tests of the checks: a configuration read as always, an engine that only records probes, a clock that a test turns, ears
 * instead of logs.
 */

import { Checks } from '../../src/check/checks.ts';
import { ServerStates, type Voice } from '../../src/check/server-state.ts';
import type { Arena, Engine } from '../../src/model/boundary.ts';
import type { Configuration } from '../../src/model/configuration.ts';
import { createLiveMemory, Live } from '../../src/model/live.ts';
import type { Proxy } from '../../src/model/proxy.ts';
import * as abi from '../../src/native/abi.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time stands still until a test turns it. */
export class TestClock {
  nowMs = 0;
  private readonly timers: Timer[] = [];

  after(ms: number, run: () => void): void {
    this.timers.push({ atMs: this.nowMs + ms, run });
  }

  random(): number {
    return 0.5;
  }

  /** Lets <ms> pass; what is due runs in the order of its time. */
  turn(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs);
      const next = this.timers[0];
      if (next === undefined || next.atMs > end) break;
      this.timers.shift();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = end;
  }
}

export class TestVoice implements Voice {
  readonly warnings: string[] = [];
  readonly alerts: string[] = [];
  /** `level text` of each log line. */
  readonly logged: string[] = [];
  kicks = 0;
  private readonly clock: TestClock;

  constructor(clock: TestClock) {
    this.clock = clock;
  }

  warn(text: string): void {
    this.warnings.push(text);
  }
  alert(text: string): void {
    this.alerts.push(text);
  }
  log(_proxy: Proxy, level: number, text: string): void {
    this.logged.push(`${level} ${text}`);
  }
  kickQueue(): void {
    this.kicks++;
  }
  nowSeconds(): number {
    return Math.floor(this.clock.nowMs / 1000);
  }
}

/** One probe that was asked for. */
export interface AskedProbe {
  readonly id: number;
  readonly atMs: number;
  readonly request: string;
  readonly connectMs: number;
  readonly readMs: number;
}

const ARENA_BYTES = 65536;

export class CheckHouse {
  readonly clock = new TestClock();
  readonly voice = new TestVoice(this.clock);
  readonly asked: AskedProbe[] = [];
  readonly live: Live;
  readonly states: ServerStates;
  readonly checks: Checks;
  private readonly bytes = Buffer.alloc(ARENA_BYTES);
  private readonly sent: Buffer[] = [];

  constructor(configuration: Configuration) {
    const { proxies, servers, listeners } = configuration;
    const counts = { proxies: proxies.length, servers: servers.length, listeners: listeners.length };
    this.live = new Live(new Int32Array(createLiveMemory(counts)), counts);
    this.states = new ServerStates(proxies, servers, this.live, this.voice);
    this.checks = new Checks(configuration, this.engine(), this.states, this.clock, () => new Uint8Array(16));
  }

  private engine(): Engine {
    const commands = new Uint32Array(abi.COMMAND_WORDS);
    const take = () => {
      this.asked.push({
        id: commands[abi.C_PROBE_ID] as number,
        atMs: this.clock.nowMs,
        request: (this.sent[1] ?? Buffer.alloc(0)).toString('latin1'),
        connectMs: commands[abi.C_PROBE_CONNECT_MS] as number,
        readMs: commands[abi.C_PROBE_READ_MS] as number,
      });
      this.sent.length = 0;
    };
    const arena = { words: new Uint32Array(0), bytes: this.bytes } as unknown as Arena;
    return {
      thread: 0,
      arena,
      edits: { count: 0, put() {} },
      nowMs: 0,
      commands,
      command(op: number, first: number) {
        commands.fill(0);
        commands[0] = op;
        commands[1] = first;
        return 0;
      },
      text: () => 0,
      bytes: (value: Uint8Array) => this.sent.push(Buffer.from(value)) - 1,
      exec: take,
      log() {},
      connAddress: () => 0,
      serverAddress: () => 0,
    } as unknown as Engine;
  }

  /** Answers the last probe of server <id>. */
  answer(id: number, result: number, data = '', errno = 0): void {
    const words = new Uint32Array(abi.EVENT_WORDS);
    this.bytes.write(data, 0, 'latin1');
    words[abi.P_ID] = id;
    words[abi.P_RESULT] = result;
    words[abi.P_ERRNO] = errno;
    words[abi.P_DATA_LEN] = data.length;
    words[abi.P_TOTAL_MS] = 3;
    this.checks.onProbe(words, 0);
  }
}
