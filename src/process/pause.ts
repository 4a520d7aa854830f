/** SIGTTOU and SIGTTIN: a process that another one asks for its ports lets go of them for a while, and takes them back when that one
 * failed. Connections go on. Main thread only.
 */
import type { Proxy } from '../model/proxy.ts';
import type { ControlVoice } from './control-voice.ts';
import { OldProcesses } from './old-processes.ts';
import type { Parts } from './running.ts';
import { SocketOpener } from './sockets.ts';

/** syslog level of what is said. */
const WARNING = 4;

export class Pause {
  private readonly parts: Parts;
  private readonly voice: ControlVoice;
  private isPaused = false;
  private isServing = false;
  /** One change after the other. */
  private last: Promise<void> = Promise.resolve();

  constructor(parts: Parts, voice: ControlVoice) {
    this.parts = parts;
    this.voice = voice;
  }

  /** Clients are let in from now on. */
  begin(): void {
    this.isServing = true;
  }

  /** Runs <change> while no thread polls the listeners; what comes meanwhile waits in the kernel. */
  whileQuiet<Result>(change: () => Result): Promise<Result> {
    const done = this.last.then(async () => {
      const isOpen = this.isServing && !this.isPaused;
      if (isOpen) await this.listen(false);
      const result = change();
      if (isOpen) await this.listen(true);
      return result;
    });
    this.last = done.then(
      () => {},
      () => {},
    );
    return done;
  }

  /** <refused> is called when a port could not be let go. */
  pause(refused: () => void): void {
    this.last = this.last.then(async () => {
      if (this.isPaused) return;
      this.isPaused = true;
      await this.listen(false);
      if (this.parts.listeners.pause()) {
        this.sayAll('Paused');
        return;
      }
      this.voice.warn('Some proxies refused to pause, performing soft stop now.');
      refused();
    });
  }

  resume(): void {
    this.last = this.last.then(async () => {
      if (!this.isPaused) return;
      this.isPaused = false;
      const opener = new SocketOpener(this.parts.addon, new OldProcesses([], []));
      const areAll = this.parts.listeners.resume(opener);
      opener.end();
      await this.listen(true);
      if (areAll) {
        this.sayAll('Resumed');
        return;
      }
      this.voice.warn(
        'Some proxies refused to resume, probably due to a conflict on a listening port. You may want to try again ' +
          'after the conflicting application is stopped, otherwise a restart might be needed to resume safe operations.',
      );
      // What could not be taken back is tried again with the next signal.
      this.isPaused = true;
    });
  }

  private async listen(on: boolean): Promise<void> {
    const { mainEngine, dataThreads } = this.parts;
    if (mainEngine.isDataPlane) mainEngine.engine.listen(on);
    else await dataThreads.listen(on);
  }

  private sayAll(what: string): void {
    for (const proxy of this.parts.configuration.proxies) {
      if (proxy.listeners.length === 0 || proxy.disabled) continue;
      const text = `${what} ${kindOf(proxy)} ${proxy.name}.`;
      this.voice.warn(text);
      this.voice.log(proxy, WARNING, text);
    }
  }
}

/** How HAProxy calls a proxy that listens. */
export function kindOf(proxy: Proxy): string {
  return proxy.isBackend ? 'proxy' : 'frontend';
}
