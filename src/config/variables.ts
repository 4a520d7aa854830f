/** What `"$NAME"` stands for in a configuration: the process's environment as it was when the files were read, as changed by
 * `setenv` and friends while parsing. Owned by one parse; the process's own environment is never written.
 */

/** Node gives text; configurations are bytes, one latin1 character each. */
export function latin1Of(text: string): string {
  return /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

export type Environment = ReadonlyMap<string, string>;

export function environmentOf(variables: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const environment = new Map<string, string>();
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) environment.set(latin1Of(name), latin1Of(value));
  }
  return environment;
}

/** Where the parser stands: what `.FILE`, `.LINE` and `.SECTION` answer. */
export interface Whereabouts {
  file: string;
  line: number;
  section: string;
}

export class Variables {
  readonly values: Map<string, string>;
  readonly at: Whereabouts = { file: '', line: 0, section: '' };

  constructor(environment: Environment) {
    this.values = new Map(environment);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** undefined: no such variable; null: a pseudo-variable that does not exist. */
  get(name: string): string | undefined | null {
    if (!name.startsWith('.')) return this.values.get(name);
    if (name === '.LINE') return String(this.at.line);
    if (name === '.FILE') return this.at.file;
    if (name === '.SECTION') return this.at.section;
    return null;
  }

  /** <text> with every `$NAME` and `${NAME}` replaced, nothing for a name that is not set. HAProxy does so in addresses,
   * quoted or not, after the line was read: `bind :$PORT` needs no double quotes.
   */
  expand(text: string): string {
    if (!text.includes('$')) return text;
    return text.replace(/\$(?:\{(\w*)\}?|(\w*))/g, (_all, braced?: string, bare?: string) => {
      return this.values.get(braced ?? bare ?? '') ?? '';
    });
  }
}
