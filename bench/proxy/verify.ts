/**
 * No figure without a right answer: before a candidate is measured on a scenario, its answer is compared with what
 * the origin holds: status, body after decoding, header edits, the upload's bytes, the log line. Throws what is wrong.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import type { Body } from './bodies.ts';
import { exchange } from './exchange.ts';
import type { LogSink } from './log-sink.ts';
import type { Origin } from './origin.ts';
import type { Features, Request } from './scenarios.ts';

/** Answers are fetched this often; the mean of their sizes is the row's "bytes sent". */
const FETCHES = 4;
const LOG_WITHIN_MS = 20_000;

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

export interface Verified {
  /** Mean of all bytes that one answer took on the wire. */
  readonly wireBytes: number;
  /** Mean of the content-coded bodies without framing. */
  readonly bodyBytes: number;
}

export interface World {
  readonly bodies: ReadonlyMap<string, Body>;
  readonly origin: Origin;
  readonly sink: LogSink;
}

const checkAnswer = async (
  port: number,
  request: Request,
  gzip: boolean,
  world: World,
): Promise<Verified> => {
  const sent = world.bodies.get(request.body)!;
  // An upload is answered with the small body.
  const expected = request.method === 'POST' ? world.bodies.get('small')! : sent;
  let wireBytes = 0;
  let bodyBytes = 0;
  for (let i = 0; i < FETCHES; i++) {
    const answer = await exchange(port, request, request.method === 'POST' ? sent.bytes : undefined);
    if (answer.status !== 200) throw new Error(`status ${answer.status} instead of 200`);
    const coding = answer.fields.get('content-encoding') ?? 'identity';
    if (coding !== (gzip ? 'gzip' : 'identity')) throw new Error(`content-encoding is ${coding}`);
    const decoded = gzip ? gunzipSync(answer.body) : answer.body;
    if (sha256(decoded) !== expected.sha256) {
      throw new Error(`the body differs: ${decoded.length} bytes instead of ${expected.bytes.length}`);
    }
    wireBytes += answer.wireBytes / FETCHES;
    bodyBytes += answer.body.length / FETCHES;
  }
  return { wireBytes, bodyBytes };
};

/** The origin says which headers it saw. */
const checkPolicy = async (port: number, request: Request): Promise<void> => {
  const answer = await exchange(port, { ...request, path: '/api/echo?Page=1' });
  const expected = 'GET /api/echo|bench||Page=1';
  const seen = answer.body.toString('latin1');
  if (answer.status !== 200 || seen !== expected) {
    throw new Error(`header edits: the origin saw "${seen}" (${answer.status}) instead of "${expected}"`);
  }
};

const checkUpload = async (port: number, request: Request, world: World): Promise<void> => {
  const name = `upload-${port}`;
  const put: Request = { ...request, method: 'PUT', path: `/store/${name}` };
  const sent = world.bodies.get(request.body)!;
  const answer = await exchange(port, put, sent.bytes);
  const stored = world.origin.stored(name);
  if (answer.status !== 201 && answer.status !== 204) throw new Error(`PUT: status ${answer.status}`);
  if (!stored || sha256(stored) !== sent.sha256) throw new Error(`PUT: ${stored?.length ?? 0} bytes arrived`);
};

const checkLog = async (port: number, request: Request, sink: LogSink): Promise<void> => {
  const path = `/api/logged-through-${port}`;
  await exchange(port, { ...request, path });
  const deadline = Date.now() + LOG_WITHIN_MS;
  while (!sink.lastLines.includes(`"GET ${path} HTTP/1.1"`)) {
    if (Date.now() > deadline)
      throw new Error(`no log line arrived for ${path}; the last: ${sink.lastLines}`);
    await pause(10);
  }
};

export const verify = async (
  port: number,
  features: Features,
  request: Request,
  world: World,
): Promise<Verified> => {
  const verified = await checkAnswer(port, request, features.gzip, world);
  if (features.policy) await checkPolicy(port, request);
  if (request.method === 'POST') await checkUpload(port, request, world);
  if (features.log) await checkLog(port, request, world.sink);
  return verified;
};
