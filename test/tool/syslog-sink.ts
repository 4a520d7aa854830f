/** A UDP syslog server of a test: keeps every datagram in order and waits for the one that matters. */
import { createSocket } from 'node:dgram';
import { atTestEnd } from './at-end.ts';
import { freePort } from './free-port.ts';
import { SLOW_MACHINE_MS, until } from './until.ts';

/** One datagram. <text> is what follows `process[pid]: ` in the usual format, or else all after the priority. */
export interface LogLine {
  readonly raw: string;
  readonly facility: number;
  readonly level: number;
  readonly pid: number;
  readonly text: string;
}

export interface SyslogSink {
  readonly port: number;
  readonly lines: readonly LogLine[];
  /** The next line not yet taken. */
  next(boundMs?: number): Promise<LogLine>;
  /** The first line, taken or not, whose text matches. */
  find(pattern: RegExp, boundMs?: number): Promise<LogLine>;
  stop(): Promise<void>;
}

/** Listens on a free UDP port of 127.0.0.1 (or on <port>). */
export async function syslogSink(port?: number): Promise<SyslogSink> {
  const usedPort = port ?? (await freePort());
  const lines: LogLine[] = [];
  let taken = 0;
  const socket = createSocket('udp4', (bytes) => lines.push(parseLine(bytes.toString('latin1'))));
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(usedPort, '127.0.0.1', resolve);
  });

  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= new Promise((resolve) => socket.close(() => resolve()));
    return stopped;
  };
  atTestEnd(stop);

  return {
    port: usedPort,
    lines,
    stop,
    async next(boundMs = SLOW_MACHINE_MS) {
      await until(
        () => lines.length > taken,
        boundMs,
        () => `log line ${taken + 1}`,
      );
      return lines[taken++] as LogLine;
    },
    find(pattern, boundMs = SLOW_MACHINE_MS) {
      const seen = () => `a log line like ${pattern}; got\n${lines.map((line) => line.raw).join('\n')}`;
      return until(() => lines.find((line) => pattern.test(line.text)), boundMs, seen) as Promise<LogLine>;
    },
  };
}

function parseLine(raw: string): LogLine {
  const line = raw.replace(/[\r\n]+$/, '');
  const priority = Number(/^<(\d{1,3})>/.exec(line)?.[1] ?? 0);
  const afterPriority = line.replace(/^<\d{1,3}>/, '');
  const tag = /^.*?\S+\[(\d+)\]:? (.*)$/s.exec(afterPriority);
  return {
    raw: line,
    facility: priority >> 3,
    level: priority & 7,
    pid: Number(tag?.[1] ?? 0),
    text: tag?.[2] ?? afterPriority,
  };
}
