/** Hot path. Variables: `scope.name`, where the scope says how long the value lives. sess lives with the client connection, txn with
 * the request and its response, req and res with one of them, proc with the thread's share of the process (one value for all
 * streams, set when the configuration is read).
 */
import type { SampleValue } from '../model/rules.ts';
import type { Stream } from '../model/stream.ts';

export const VARIABLE_SCOPES = ['proc', 'sess', 'txn', 'req', 'res', 'check'] as const;
export type VariableScope = (typeof VARIABLE_SCOPES)[number];

export class Variable {
  readonly scope: VariableScope;
  /** With its scope, as the maps hold it. */
  readonly name: string;

  constructor(scope: VariableScope, name: string) {
    this.scope = scope;
    this.name = name;
  }

  get(stream: Stream): SampleValue | undefined {
    if (!this.isAlive(stream)) return undefined;
    switch (this.scope) {
      case 'proc':
        return processVariables.get(this.name);
      case 'sess':
        return stream.session.variables?.get(this.name);
      default:
        return stream.variables?.get(this.name);
    }
  }

  /** req.* are forgotten when a server's response begins, res.* begin with it. */
  private isAlive(stream: Stream): boolean {
    if (this.scope === 'req') return stream.phase === 0 || stream.localStatus !== 0;
    return this.scope !== 'res' || stream.phase === 1;
  }

  set(stream: Stream, value: SampleValue): void {
    if (!this.isAlive(stream)) return;
    if (this.scope === 'proc') processVariables.set(this.name, value);
    else if (this.scope === 'sess') {
      stream.session.variables ??= new Map();
      stream.session.variables.set(this.name, value);
    } else {
      stream.variables ??= new Map();
      stream.variables.set(this.name, value);
    }
  }

  unset(stream: Stream): void {
    if (this.scope === 'proc') processVariables.delete(this.name);
    else if (this.scope === 'sess') stream.session.variables?.delete(this.name);
    else stream.variables?.delete(this.name);
  }
}

/** proc.* of this thread. A name is only created by the configuration, so the map is bounded by it. */
const processVariables = new Map<string, SampleValue>();

/** Reads a name of the configuration: what is wrong with it, or the variable. */
export function parseVariable(text: string): Variable | string {
  if (text === '') return 'missing variable name';
  const scope = VARIABLE_SCOPES.find((known) => text.startsWith(`${known}.`));
  if (scope === undefined) {
    return `invalid variable name '${text}': it must begin with its scope (${VARIABLE_SCOPES.join(', ')}) and a dot`;
  }
  const bad = /[^A-Za-z0-9_.]/.exec(text);
  if (bad !== null) return `invalid syntax at char '${text.slice(bad.index)}'`;
  if (text.length === scope.length + 1) return `variable '${text}' has no name after its scope`;
  return new Variable(scope, text);
}
