/** The log formats that have names: what HAProxy writes without `log-format`. The HTTP and TCP lines come from fast-line.ts; a test
 * holds them equal to the general builder.
 *
 * See also: configuration.txt 8.2.1 to 8.2.5.
 */
import type { Configuration } from '../model/configuration.ts';
import type { Alerts } from '../model/place.ts';
import type { Proxy } from '../model/proxy.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { LogFormat } from '../model/rules.ts';
import { destinationOf, destinationPortOf } from '../model/session-address.ts';
import type { Stream } from '../model/stream.ts';
import { clientName, httpLine, tcpLine } from './fast-line.ts';
import { logSettings, parseLogFormat } from './log-format.ts';

export const HTTP_FORMAT =
  '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r';
export const TCP_FORMAT = '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq';
export const HTTP_CLF_FORMAT =
  '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl';
export const TCP_CLF_FORMAT =
  '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq "" "" ';

/** What is logged of a connection when no format was chosen. */
function connectLine(stream: Stream): string {
  const { frontend, session } = stream;
  const mode = frontend.mode === 'http' ? 'HTTP' : 'TCP';
  const destination = destinationOf(stream);
  if (destination === undefined) {
    return `Connect from unknown source to listener ${session.listener.id} (${frontend.name}/${mode})`;
  }
  return `Connect from ${clientName(stream)} to ${destination}:${destinationPortOf(stream)} (${frontend.name}/${mode})`;
}

/** Formats of HAProxy hold no error, so whatever is said is a bug of ours. */
const noAlerts: Alerts = {
  alert(message) {
    throw new Error(message);
  },
  warning() {},
  notice() {},
  diag() {},
};

function compile(text: string, configuration: Configuration): LogFormat {
  const ctx = { configuration, alerts: noAlerts, position: 'log' } as unknown as RuleContext;
  return parseLogFormat({ text, column: 0 }, ctx) as LogFormat;
}

function handWritten(source: string, general: LogFormat, build: (stream: Stream) => string): LogFormat {
  // Before the stream's end there are no words to read: then the general builder answers.
  return {
    source,
    constant: undefined,
    build: (stream) => (stream.end === undefined ? general.build(stream) : build(stream)),
  };
}

/** Gives every proxy without a `log-format` of its own the format that its options ask for. */
export function namedLogFormats(configuration: Configuration): (proxy: Proxy) => LogFormat {
  const ctx = { configuration } as unknown as RuleContext;
  const { uriBytes } = logSettings(ctx);
  const http = handWritten(HTTP_FORMAT, compile(HTTP_FORMAT, configuration), (stream) =>
    httpLine(stream, uriBytes),
  );
  const tcp = handWritten(TCP_FORMAT, compile(TCP_FORMAT, configuration), tcpLine);
  const connect: LogFormat = { source: 'Connect from …', constant: undefined, build: connectLine };
  const httpClf = compile(HTTP_CLF_FORMAT, configuration);
  const tcpClf = compile(TCP_CLF_FORMAT, configuration);
  return (proxy) => {
    if (proxy.logFormat !== undefined) return proxy.logFormat;
    switch (proxy.logFormatKind) {
      case 'http':
        return http;
      case 'tcp':
        return tcp;
      case 'clf':
        return proxy.mode === 'http' ? httpClf : tcpClf;
      default:
        return connect;
    }
  };
}
