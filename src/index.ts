/** The library: which version this is, and the checker of configurations. */
import { diskLoader } from './config/load.ts';
import type { Severity } from './config/messages.ts';
import { renderMessage } from './config/render.ts';
import { SLUICE_VERSION } from './config/version.ts';
import { parseConfiguration } from './section/configuration.ts';
import { makeSources } from './section/sources.ts';

export const version: string = SLUICE_VERSION;

/** One thing that a configuration is told. */
export interface Finding {
  readonly severity: Severity;
  readonly message: string;
  /** 1-based; undefined when it is about the whole. */
  readonly line: number | undefined;
  /** 1-based column of the word in question. */
  readonly column: number | undefined;
  readonly advice: string;
  /** As the command prints it. */
  readonly text: string;
}

export interface CheckResult {
  readonly isValid: boolean;
  readonly findings: readonly Finding[];
}

export interface CheckOptions {
  /** Named in messages. */
  readonly name?: string;
  /** Variables for "${NAME}"; the process's own by default. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Inside, a character is a byte of the file; callers get the text that those bytes are. */
function readable(text: string): string {
  return Buffer.from(text, 'latin1').toString('utf8');
}

/** Checks the text of a configuration, as `sluice -c` does. Files that it names are read. */
export function checkConfig(text: string, options: CheckOptions = {}): CheckResult {
  const file = { name: options.name ?? 'haproxy.cfg', text: Buffer.from(text, 'utf8').toString('latin1') };
  const limits = { localPeer: '', maxconn: 0, proxyMaxconn: 0 };
  const sources = makeSources([file], limits, options.environment ?? process.env);
  const { messages } = parseConfiguration(sources, diskLoader);
  const findings = messages.map((message) => ({
    severity: message.severity,
    message: readable(message.text),
    line: message.place?.line,
    column: message.column < 0 ? undefined : message.column + 1,
    advice: readable(message.advice),
    text: readable(renderMessage(message, process.pid)),
  }));
  return { isValid: !messages.some((message) => message.severity === 'alert'), findings };
}
