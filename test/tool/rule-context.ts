/** A place for tests to compile one line at: words in, what the compilers say out. */
import type { Place, Word, WordCursor } from '../../src/model/place.ts';
import type { NamedAcl, Position, RuleContext } from '../../src/model/rule-context.ts';
import type { PolicyBench } from './policy-stream.ts';

export interface Said {
  readonly severity: 'alert' | 'warning' | 'notice' | 'diag';
  readonly message: string;
}

export class TestContext implements RuleContext {
  readonly proxy;
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  readonly configuration;
  readonly place: Place = { file: 'test.cfg', line: 1 };
  readonly position: Position;
  readonly acls = new Map<string, NamedAcl>();
  readonly said: Said[] = [];
  readonly files = new Map<string, string>();
  readonly alerts;
  private readonly checks: (() => void)[] = [];

  constructor(bench: PolicyBench, position: Position, isBackend = false) {
    this.proxy = isBackend ? bench.app : bench.web;
    this.isFrontend = !isBackend;
    this.isBackend = isBackend;
    this.configuration = bench.configuration;
    this.position = position;
    const say = (severity: Said['severity']) => (message: string) =>
      void this.said.push({ severity, message });
    this.alerts = { alert: say('alert'), warning: say('warning'), notice: say('notice'), diag: say('diag') };
  }

  attachment(path: string): Buffer | undefined {
    const text = this.files.get(path);
    if (text === undefined) this.alerts.alert(`cannot read '${path}'`);
    return text === undefined ? undefined : Buffer.from(text, 'latin1');
  }

  later(check: () => void): void {
    this.checks.push(check);
  }

  /** What the reader of the file does once all sections are read. */
  finish(): readonly Said[] {
    for (const check of this.checks) check();
    return this.said;
  }

  /** Words as the lexer makes them of simple text: blanks separate, quotes join. */
  cursor(line: string): WordCursor {
    const words: Word[] = [];
    for (const found of line.matchAll(/(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+/g)) {
      const text = found[0].replace(/"([^"]*)"|'([^']*)'|\\(.)/g, (_, a, b, c) => a ?? b ?? c);
      words.push({ text, column: found.index });
    }
    return {
      place: this.place,
      words,
      position: 0,
      alerts: this.alerts,
      peek() {
        return words[this.position]?.text;
      },
      next() {
        const word = words[this.position];
        if (word !== undefined) this.position++;
        return word?.text;
      },
    };
  }
}
