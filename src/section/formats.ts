/** Log formats and expressions of a proxy, compiled when its mode and its backends are known: texts in a `defaults` section are
 * compiled once for each proxy that uses them, since they may name what is that proxy's own.
 */
import { Cursor } from '../config/cursor.ts';
import { parseLogFormat } from '../log/log-format.ts';
import type { Position } from '../model/rule-context.ts';
import type { LogFormat } from '../model/rules.ts';
import { parseExpression } from '../sample/expression.ts';
import { type FormatText, type ProxySection, ruleContext } from './proxy-section.ts';

function compile(
  section: ProxySection,
  text: FormatText | undefined,
  position: Position,
  use: 'log' | 'http',
): LogFormat | undefined {
  if (text === undefined) return undefined;
  return parseLogFormat(text.word, ruleContext(section, text, position), { use });
}

/** A backend's name that is made for each request: `use_backend %[req.hdr(host)]`. */
export function compileBackendName(section: ProxySection, text: FormatText): LogFormat | undefined {
  return parseLogFormat(text.word, ruleContext(section, text, 'use_backend'), { use: 'http' });
}

export function compileFormats(section: ProxySection): void {
  const { proxy, balanceAt } = section;
  if (proxy.isFrontend) {
    if (proxy.logFormatKind === 'custom') proxy.logFormat = compile(section, section.logFormat, 'log', 'log');
    proxy.errorLogFormat = compile(section, section.errorLogFormat, 'log', 'log');
  }
  const idPosition = proxy.isFrontend ? 'unique-id' : 'http-request';
  proxy.uniqueIdFormat = compile(section, section.uniqueIdFormat, idPosition, 'http');
  for (const { record, text } of section.serverFormats) {
    record.format = compile(section, text, 'server', 'log');
  }
  if (proxy.isBackend && proxy.balance.algorithm === 'hash' && balanceAt !== undefined) {
    const { place, alerts, word } = balanceAt;
    const expression = parseExpression(
      new Cursor(place, [word], alerts),
      ruleContext(section, balanceAt, 'balance'),
    );
    if (expression !== undefined) proxy.balance.expression = expression;
  }
}
