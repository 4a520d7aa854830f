/** The text that comes from a worker, read piece by piece: as fast as the client takes it, a bounded amount ahead.
 */
import type { WorkerPipe } from './master-door.ts';

/** Text that is read ahead. */
const AHEAD_MAX_CHARS = 256 * 1024;

export class WorkerReader {
  private readonly pipe: WorkerPipe;
  private text = '';
  private isEnded = false;
  private waiting: ((text: string) => void) | undefined;

  constructor(pipe: WorkerPipe) {
    this.pipe = pipe;
    pipe.onText((text) => this.take(text));
    pipe.onEnd(() => this.finish());
  }

  /** The next piece; '' at the end. */
  next(): Promise<string> {
    const { text } = this;
    if (text !== '' || this.isEnded) {
      this.text = '';
      this.pipe.hold(false);
      return Promise.resolve(text);
    }
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  private take(text: string): void {
    const { waiting } = this;
    if (waiting === undefined) {
      this.text += text;
      if (this.text.length > AHEAD_MAX_CHARS) this.pipe.hold(true);
      return;
    }
    this.waiting = undefined;
    waiting(text);
  }

  private finish(): void {
    this.isEnded = true;
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.('');
  }
}
