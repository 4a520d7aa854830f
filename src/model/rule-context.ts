/** What the compilers of policy (acls, conditions, rules, log formats, expressions) are told about the place where a line
 * stands. Made by src/section for each line; they keep nothing of it but what they compile.
 */
import type { Configuration } from './configuration.ts';
import type { Alerts, Place } from './place.ts';
import type { Proxy } from './proxy.ts';
import type { RuleSet } from './rules.ts';
import type { Stream } from './stream.ts';

/** Which line is being compiled. It decides which fetches may be used: before the first byte, on the request head, on the
 * response head, or when the stream is over. `log` covers log-format, log-format-sd and error-log-format; `check` http-check
 * and tcp-check; `config` what is evaluated once at start (global set-var). */
export type Position =
  | RuleSet
  | 'acl'
  | 'use_backend'
  | 'use-server'
  | 'redirect'
  | 'monitor'
  | 'balance'
  | 'stick'
  | 'unique-id'
  | 'log'
  | 'server'
  | 'check'
  | 'config';

/** A named acl: declared again under the same name, it has more alternatives. src/acl makes them and knows more of them. */
export interface NamedAcl {
  readonly name: string;
  readonly place: Place;
  test(stream: Stream): boolean;
}

export interface RuleContext {
  /** undefined in a `defaults` section and in `global`. */
  readonly proxy: Proxy | undefined;
  /** What the section may be used as; in `defaults` both are true. */
  readonly isFrontend: boolean;
  readonly isBackend: boolean;
  readonly configuration: Configuration;
  /** Alerts for this line: place and line number are known to it. */
  readonly alerts: Alerts;
  readonly place: Place;
  readonly position: Position;
  /** Named acls of this section, those of its `defaults` included. */
  readonly acls: Map<string, NamedAcl>;
  /** The acls that need no declaration (TRUE, METH_GET …). */
  predefinedAcl?(name: string): NamedAcl | undefined;
  /** Bytes of a file that the configuration names (`acl -f`, errorfile …), read once by the main thread. undefined: it
   * cannot be read, and the alert has been given. A relative name is relative to the working directory. */
  attachment(path: string): Buffer | undefined;
  /** The slots that `capture … len` adds to: those of the section itself, a `defaults` section included. */
  readonly captures?: Proxy['requestCaptures'];
  /** Runs <check> once all sections are read: for names that may be declared further down. */
  later?(check: () => void): void;
}
