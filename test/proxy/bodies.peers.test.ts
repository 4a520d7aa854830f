/**
 * The same bodies through decoders that are not ours and not Node's: curl, Python's zlib and a real Chromium. Each gives
 * the SHA-256 of what it decoded; a program that is not installed is a named skip.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Proxy as ProxyProcess, startProxy } from '../tool/proxy.ts';
import {
  bodiesConfiguration,
  bodyOf,
  contents,
  framings,
  largeSize,
  type Origin,
  sizes,
  startOrigin,
} from './bodies/origin.ts';

const run = promisify(execFile);
const curl = '/usr/bin/curl';
const python = '/usr/bin/python3';
const browser = '/usr/bin/chromium';
/** A browser takes its time on a busy machine. */
const BROWSER_MAX_MS = 120_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

let origin: Origin;
let proxy: ProxyProcess;

beforeAll(async () => {
  origin = await startOrigin();
  proxy = await startProxy({ cfg: bodiesConfiguration, ports: { origin: origin.port, script: origin.port } });
});

afterAll(async () => {
  await proxy?.stop();
  await origin?.stop();
});

interface Asked {
  path: string;
  hash: string;
}

/** Every content and framing at a few sizes, the large one once for each content. */
function questions(): Asked[] {
  const asked: Asked[] = [];
  const ask = (content: (typeof contents)[number], size: number, framing: string): void => {
    const hash = createHash('sha256').update(bodyOf(content, size)).digest('hex');
    asked.push({ path: `/${content}/${size}/${framing}`, hash });
  };
  for (const content of contents) {
    for (const framing of framings) {
      for (const size of sizes) if (size > 0) ask(content, size, framing);
    }
    ask(content, largeSize, 'chunked');
  }
  return asked;
}

const urlOf = (path: string): string => `http://127.0.0.1:${proxy.ports['gzip']}${path}`;
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** One process asks for everything on one connection; a gzip stream has to end where the message ends. */
const pythonProgram = `
import hashlib, http.client, sys, zlib
port, paths = int(sys.argv[1]), sys.argv[2:]
for path in paths:
    connection = http.client.HTTPConnection('127.0.0.1', port)
    connection.request('GET', path, headers={'Accept-Encoding': 'gzip'})
    reply = connection.getresponse()
    body = reply.read()
    if reply.getheader('Content-Encoding') == 'gzip':
        decoder = zlib.decompressobj(31)
        body = decoder.decompress(body) + decoder.flush()
        assert decoder.eof and not decoder.unused_data, path
    print(hashlib.sha256(body).hexdigest())
    connection.close()
`;

describe('bodies decoded by others', () => {
  test.skipIf(!existsSync(curl))('curl --compressed', async () => {
    for (const { path, hash } of questions()) {
      const { stdout } = await run(curl, ['-sSf', '--compressed', urlOf(path)], {
        encoding: 'buffer',
        maxBuffer: MAX_OUTPUT_BYTES,
      });
      expect(`${path} ${sha256(stdout)}`).toBe(`${path} ${hash}`);
    }
  });

  test.skipIf(!existsSync(curl))('curl over HTTP/1.0, which gets no coding and no chunks', async () => {
    const args = ['-sSf', '-0', '--compressed', urlOf('/html/65536/chunked')];
    const { stdout } = await run(curl, args, { encoding: 'buffer', maxBuffer: MAX_OUTPUT_BYTES });
    expect(sha256(stdout)).toBe(sha256(bodyOf('html', 65_536)));
  });

  test.skipIf(!existsSync(python))("Python's zlib", async () => {
    const asked = questions();
    const args = ['-c', pythonProgram, String(proxy.ports['gzip']), ...asked.map(({ path }) => path)];
    const { stdout } = await run(python, args, { encoding: 'utf8' });
    const got = stdout.trim().split('\n');
    expect(got.map((hash, index) => `${asked[index]?.path} ${hash}`)).toEqual(
      asked.map(({ path, hash }) => `${path} ${hash}`),
    );
  });

  test.skipIf(!existsSync(browser))('Chromium', async () => {
    const chrome = await chromium.launch({
      executablePath: browser,
      args: ['--no-sandbox'],
      timeout: BROWSER_MAX_MS,
    });
    try {
      const page = await chrome.newPage();
      page.setDefaultTimeout(BROWSER_MAX_MS);
      await page.goto(urlOf('/html/1024/sized'));
      for (const { path, hash } of questions()) {
        // Text, because the function runs in the page, where this file's types are not.
        const got = await page.evaluate(`(async () => {
          const body = await (await fetch(${JSON.stringify(path)}, { cache: 'no-store' })).arrayBuffer();
          const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
          return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
        })()`);
        expect(`${path} ${got}`).toBe(`${path} ${hash}`);
      }
    } finally {
      await chrome.close();
    }
  });
});
