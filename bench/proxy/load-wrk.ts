/**
 * The closed-loop load: wrk, pinned, with a Lua script written for each request. Bounded by its own duration, and
 * killed when it stays longer. A figure is only as good as its answers: errors are counted and returned.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pinned } from './machine.ts';
import type { Request } from './scenarios.ts';

const run = promisify(execFile);

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly errors: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const luaText = (text: string): string => `"${text.replace(/[\\"\n\r]/g, (c) => `\\${c.charCodeAt(0)}`)}"`;

const REPORT = `
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT requests=%.0f us=%.0f bytes=%.0f errors=%.0f p50=%.0f p99=%.0f\\n",
    summary.requests, summary.duration, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`;

/** wrk's script for this request; `bodyPath` names the file that is posted. */
export const wrkScript = (request: Request, bodyPath: string): string => {
  const lines = [`wrk.method = ${luaText(request.method)}`];
  for (const [name, value] of Object.entries(request.headers)) {
    lines.push(`wrk.headers[${luaText(name)}] = ${luaText(value)}`);
  }
  if (request.method === 'POST') lines.push(`wrk.body = io.open(${luaText(bodyPath)}, "rb"):read("*a")`);
  return lines.join('\n') + REPORT;
};

export interface Load {
  readonly port: number;
  readonly request: Request;
  readonly connections: number;
  readonly seconds: number;
  readonly cpus: string;
  readonly directory: string;
  readonly bodyBytes: Buffer | undefined;
}

export const runWrk = async (load: Load): Promise<LoadResult> => {
  const bodyPath = join(load.directory, 'wrk-body');
  const scriptPath = join(load.directory, 'wrk.lua');
  if (load.bodyBytes) writeFileSync(bodyPath, load.bodyBytes);
  writeFileSync(scriptPath, wrkScript(load.request, bodyPath));
  const command = pinned(load.cpus, [
    'wrk',
    ...['-t', '1', '-c', String(load.connections), '-d', `${load.seconds}s`, '--timeout', '10s'],
    ...['-s', scriptPath, `http://127.0.0.1:${load.port}${load.request.path}`],
  ]);
  const { stdout } = await run(command[0]!, command.slice(1), { timeout: (load.seconds + 20) * 1000 });
  const found = /RESULT requests=(\d+) us=(\d+) bytes=(\d+) errors=(\d+) p50=(\d+) p99=(\d+)/.exec(stdout);
  if (!found) throw new Error(`wrk said nothing of use: ${stdout.slice(0, 400)}`);
  const [requests, us, bytes, errors, p50Us, p99Us] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { requests, seconds: us / 1e6, bytes, errors, p50Us, p99Us };
};
