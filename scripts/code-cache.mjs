// Makes dist/*.cjs.cache: V8's compiled code of each bundle, taken after a warm-up run, so that it holds the functions
// a start and a request really use. Made on the machine that runs it (npm install), for its very Node. A start without
// a cache is slower and nothing else, so no failure here is an error.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { cacheHead } = createRequire(import.meta.url)('../bin/boot.cjs');
const bundles = ['sluice-early', 'sluice-control', 'sluice-master', 'sluice-data'].map((name) =>
  join(root, 'dist', `${name}.cjs`),
);
const WARM_UP_REQUESTS = 40;
const MAX_WAIT_MS = 30_000;
const LOOK_EVERY_MS = 10;

function isStale(bundle) {
  if (!existsSync(bundle)) return false;
  if (!existsSync(`${bundle}.cache`)) return true;
  const head = cacheHead(readFileSync(bundle, 'latin1'));
  return readFileSync(`${bundle}.cache`).latin1Slice(0, head.length) !== head;
}

/** Waits for <condition>; false when it did not come true in time. */
async function comesTrue(condition) {
  const deadlineMs = Date.now() + MAX_WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return true;
}

function program(words, now) {
  const env = { ...process.env, SLUICE_CACHE_NOW: now };
  delete env.NODE_OPTIONS;
  delete env.NODE_EXTRA_CA_CERTS;
  return [
    process.execPath,
    ['--require', join(root, 'scripts/keep-scripts.cjs'), join(root, 'bin/sluice'), ...words],
    env,
  ];
}

function request(port, path) {
  return new Promise((resolve) => {
    const headers = { 'Accept-Encoding': 'gzip' };
    const sent = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      response.resume().once('close', () => resolve(response.statusCode));
    });
    sent.once('error', () => resolve(0));
  });
}

/** What most configurations hold. No regex may run: its first use sets a flag of V8's that is part of what a cache is valid for. */
function configuration(proxyPort, serverPort, threads) {
  return `global
  nbthread ${threads}
  no-standby
  maxconn 1000
  log 127.0.0.1:${serverPort} local0
defaults
  mode http
  log global
  option httplog
  option dontlognull
  option redispatch
  retries 3
  maxconn 500
  timeout http-request 1s
  timeout queue 1s
  timeout http-keep-alive 1s
  timeout check 1s
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend warm
  bind 127.0.0.1:${proxyPort}
  acl api path_beg /api /v1
  acl page path_end .html .php
  acl old path_reg ^/old/v[0-9]+
  acl site hdr(host) -i example.org www.example.org
  acl near src 127.0.0.0/8
  acl never always_false
  http-request set-var(txn.path) path
  http-request set-header X-Warm "%[method] %[path,lower]"
  http-request add-header X-By warm
  http-request del-header X-Forwarded-Host
  http-request set-path /new if never old
  http-request redirect location /login code 302 if { path /login } !near
  http-request deny deny_status 403 if { path /denied }
  http-response set-header X-Out yes if near
  http-response del-header Server
  compression algo gzip
  compression type text/html
  use_backend servers if api || page site
  default_backend servers
backend servers
  balance roundrobin
  option forwardfor
  option httpchk GET /health
  default-server inter 1s fall 3 rise 2
  server s1 127.0.0.1:${serverPort} weight 10 check
  server s2 127.0.0.1:${serverPort} weight 20 backup maxconn 10
`;
}

/** Serves <WARM_UP_REQUESTS> requests, then has every thread of the master and of its worker write its cache. */
async function warmUpServing(folder, threads) {
  const origin = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end('<p>warm</p>'.repeat(500));
  });
  await new Promise((resolve) => origin.listen(0, '127.0.0.1', resolve));
  const probe = createServer();
  const port = await new Promise((resolve) =>
    probe.listen(0, '127.0.0.1', () => resolve(probe.address().port)),
  );
  await new Promise((resolve) => probe.close(resolve));
  const file = join(folder, 'warm.cfg');
  writeFileSync(file, configuration(port, origin.address().port, threads));
  const now = join(folder, `now-${threads}`);
  const [command, words, env] = program(['-W', '-f', file], now);
  const child = spawn(command, words, { env, stdio: 'ignore' });
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  await comesTrue(async () => ended() || (await request(port, '/')) > 0);
  const paths = ['/', '/api/x', '/denied', '/page?q=1'];
  for (let n = 0; n < WARM_UP_REQUESTS && !ended(); n++) await request(port, paths[n % paths.length]);
  const wanted = bundles.filter((bundle) => existsSync(bundle) && !bundle.endsWith('sluice-early.cjs'));
  writeFileSync(now, '');
  await comesTrue(() => ended() || wanted.every((bundle) => !isStale(bundle)));
  child.kill('SIGKILL');
  origin.close();
  origin.closeAllConnections();
}

/** Makes the caches that are missing or belong to another build, or all of them. */
export async function makeCodeCaches({ onlyWhenStale = false } = {}) {
  if (onlyWhenStale && !bundles.some(isStale)) return;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-warm-'));
  try {
    for (const words of [['-vv'], ['-cc', 'defined(HOME) && version_atleast(2.0)']]) {
      const [command, all, env] = program(words, join(folder, 'never'));
      spawnSync(command, all, { env, stdio: 'ignore', timeout: MAX_WAIT_MS });
    }
    if (existsSync(bundles[1])) await warmUpServing(folder, 2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
