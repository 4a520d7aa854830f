/** How the control plane speaks: to stderr, and to the log targets of a proxy through the same headers and engine as the log lines of
 * streams.
 */
import type { Voice } from '../check/server-state.ts';
import type { Configuration } from '../model/configuration.ts';
import type { Proxy } from '../model/proxy.ts';
import * as abi from '../native/abi.ts';
import type { NativeEngine } from '../native/engine.ts';
import { createPlaneLogs } from './plane-logs.ts';
import type { Speaker } from './say.ts';

export class ControlVoice implements Voice {
  private readonly engine: NativeEngine;
  private readonly speaker: Speaker;
  private readonly logs: ReturnType<typeof createPlaneLogs>;

  private readonly configuration: Configuration;

  constructor(configuration: Configuration, engine: NativeEngine, speaker: Speaker) {
    this.configuration = configuration;
    this.engine = engine;
    this.speaker = speaker;
    this.logs = createPlaneLogs(configuration);
  }

  warn(text: string): void {
    this.speaker.warning(text);
  }

  alert(text: string): void {
    this.speaker.alert(text);
  }

  log(proxy: Proxy, level: number, text: string): void {
    for (const line of proxy.logs) {
      if (level > line.maxLevel) continue;
      this.logs.write(this.engine, line, Math.max(level, line.minLevel), text, proxy);
    }
    this.engine.exec();
  }

  /** To the log targets of the `global` section. */
  logGlobal(level: number, text: string): void {
    const { global, proxies } = this.configuration;
    const [proxy] = proxies;
    if (proxy === undefined) return;
    for (const line of global.logs) {
      if (level <= line.maxLevel) {
        this.logs.write(this.engine, line, Math.max(level, line.minLevel), text, proxy);
      }
    }
    this.engine.exec();
  }

  kickQueue(proxy: Proxy): void {
    const at = this.engine.command(abi.CMD_KICK_QUEUE, 0, 0);
    this.engine.commands[at + 3] = proxy.index;
    this.engine.exec();
  }

  nowSeconds(): number {
    return Math.floor(Date.now() / 1000);
  }
}
