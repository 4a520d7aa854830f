/**
 * Where storms are made: origins, a proxy of any brand with the same configuration, loads. Used by the tests beside it and by
 * bench/reload. A lab owns all it starts; end() ends it.
 */
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { originAsk } from '../../src/prove/asks.ts';
import { type Brand, haproxyBrand, nginxBrand, sluiceBrand } from '../../src/prove/brand.ts';
import { busyClients, keepAliveClients, oneShotClients, pipeliningClients } from '../../src/prove/clients.ts';
import { type LoadThread, type OriginThread, startLoad, startOrigins } from '../../src/prove/crew.ts';
import { FreePorts } from '../../src/prove/free-ports.ts';
import type { LoadPlan } from '../../src/prove/load.ts';
import type { ClientKind } from '../../src/prove/load-connection.ts';
import { type Launch, ProxyRun } from '../../src/prove/proxy-run.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ANSWER_WITHIN_MS = 20_000;
export const FAULT_PATH = '/fault/';

export interface LabPlan {
  /** Lines for `global` beyond the usual. */
  readonly global?: string;
  readonly listeners?: number;
  readonly threads?: number;
  /** Words for every `server`. */
  readonly server?: string;
  /** More words for the command line. */
  readonly words?: readonly string[];
}

export const brands = {
  sluice: (): Brand => sluiceBrand([process.execPath, join(root, 'bin/sluice')]),
  /** With bugs on purpose (`npm run build:faults`), met by requests for FAULT_PATH and a name. */
  faulty: (variable = 'NODE_OPTIONS='): Brand =>
    sluiceBrand([
      'env',
      'SLUICE_FAULTS=1',
      `SLUICE_FAULT_URI=${FAULT_PATH}`,
      variable,
      process.execPath,
      join(root, 'bin/sluice'),
    ]),
  /** Another build of Sluice, in a folder of its own. */
  sluiceAt: (folder: string): Brand => sluiceBrand([process.execPath, join(folder, 'bin/sluice')]),
  haproxy: (path: string, name = 'haproxy'): Brand => haproxyBrand(name, [path]),
  nginx: (path: string): Brand => nginxBrand(path),
};

/** The kinds of clients a storm is made of: <scale> 1 is about 30 connections. */
export function stormClients(ports: readonly number[], scale = 1): ClientKind[] {
  const gets = ports.map((port) => ({ port, asks: [originAsk(128), originAsk(5_000)] }));
  const posts = ports.map((port) => ({ port, asks: [originAsk(200, 3_000), originAsk(64)] }));
  return [
    { ...keepAliveClients({ targets: gets, connections: 12 * scale }), name: 'keep-alive' },
    { ...keepAliveClients({ targets: posts, connections: 4 * scale }), name: 'uploads' },
    busyClients({ targets: gets, connections: 4 * scale }),
    oneShotClients({ targets: gets, connections: 6 * scale }),
    pipeliningClients({ targets: gets, connections: 2 * scale }, 4),
  ];
}

export class Lab {
  readonly dir = mkdtempSync(join(tmpdir(), 'sluice-storm-'));
  readonly brand: Brand;
  readonly ports: number[] = [];
  private readonly plan: LabPlan;
  private readonly loads: LoadThread[] = [];
  private readonly runs: ProxyRun[] = [];
  private origins: OriginThread | undefined;

  private constructor(brand: Brand, plan: LabPlan) {
    this.brand = brand;
    this.plan = plan;
  }

  static async open(brand: Brand, plan: LabPlan = {}): Promise<Lab> {
    const lab = new Lab(brand, plan);
    const free = new FreePorts();
    for (let i = 0; i < (plan.listeners ?? 1); i++) lab.ports.push(await free.take());
    lab.origins = await startOrigins(join(root, 'bin/prove-crew.cjs'), 2);
    lab.write();
    return lab;
  }

  get cfgPath(): string {
    return join(this.dir, 'storm.cfg');
  }

  /** Writes the configuration, <spoilt> with something that no proxy accepts. */
  write(spoilt = false): void {
    const text = this.brand.family === 'nginx' ? this.nginxText() : this.haproxyText();
    writeFileSync(this.cfgPath, spoilt ? `${text}\nno-such-section x\n` : text);
  }

  private haproxyText(): string {
    const { global = '', threads = 2, server = '' } = this.plan;
    const [a = 0, b = 0] = this.origins?.ports ?? [];
    // A line has at most 64 words, and an address list may be long: one bind for each.
    const binds = this.ports.map((port) => `    bind 127.0.0.1:${port}`).join('\n');
    return `global
    nbthread ${threads}
    maxconn 4000
    stats socket ${this.dir}/stats.sock mode 600 level admin expose-fd listeners
    stats timeout 1m
${global}
defaults
    mode http
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen storm
${binds}
    http-response set-header x-pid %pid
    server s1 127.0.0.1:${a} ${server}
    server s2 127.0.0.1:${b} ${server}
`;
  }

  private nginxText(): string {
    const [a = 0, b = 0] = this.origins?.ports ?? [];
    const listens = this.ports.map((port) => `listen 127.0.0.1:${port};`).join(' ');
    return `daemon off; master_process on; worker_processes ${this.plan.threads ?? 2};
pid ${this.dir}/nginx.pid; error_log stderr; worker_rlimit_nofile 8000;
events { worker_connections 4000; }
http {
    access_log off; keepalive_requests 1000000000; keepalive_timeout 60s;
    client_body_temp_path ${this.dir}/body; proxy_temp_path ${this.dir}/proxy; fastcgi_temp_path ${this.dir}/f;
    uwsgi_temp_path ${this.dir}/u; scgi_temp_path ${this.dir}/s;
    upstream origins { server 127.0.0.1:${a}; server 127.0.0.1:${b}; keepalive 64; }
    server {
        ${listens}
        location / {
            proxy_pass http://origins; proxy_http_version 1.1; proxy_set_header Connection "";
            add_header x-pid $pid;
        }
    }
}
`;
  }

  async start(launch: Launch = 'master'): Promise<ProxyRun> {
    const { brand, dir, ports, plan } = this;
    const run = await ProxyRun.start({
      brand,
      launch,
      files: [this.cfgPath],
      dir,
      cwd: dir,
      port: ports[0] as number,
      ...(plan.words ? { words: plan.words } : {}),
    });
    this.runs.push(run);
    return run;
  }

  load(
    kinds: readonly ClientKind[] = stormClients(this.ports.slice(0, 8)),
    more: Partial<LoadPlan> = {},
  ): LoadThread {
    const plan = { kinds, requestsMax: 0, answerWithinMs: ANSWER_WITHIN_MS, ...more };
    const load = startLoad(join(root, 'bin/prove-crew.cjs'), plan);
    this.loads.push(load);
    return load;
  }

  async end(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop().catch(() => undefined)));
    for (const run of this.runs) await run.end();
    await this.origins?.end();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** A copy of the built program in <folder>, which may then be changed as an upgrade changes it. */
export function copyProgram(folder: string): void {
  for (const name of ['bin', 'dist']) cpSync(join(root, name), join(folder, name), { recursive: true });
  // The addon and what finds it stay where they are: an upgrade of them is a matter of the file system alone.
  for (const name of readdirSync(root)) {
    if (['build', 'node_modules', 'package.json'].includes(name))
      symlinkSync(join(root, name), join(folder, name));
  }
}

/** Replaces the bundles in <folder> as a package manager does, by ones whose version is <next>. */
export function upgrade(folder: string, version: string, next: string): void {
  for (const name of readdirSync(join(folder, 'dist'))) {
    const path = join(folder, 'dist', name);
    if (name.endsWith('.cache')) rmSync(path);
    if (!name.endsWith('.cjs')) continue;
    // The first line is the hash of the text: another build has another one.
    const text = readFileSync(path, 'latin1').replace(/^\/\*\w{32}\*\//, `/*${'5'.repeat(32)}*/`);
    writeFileSync(`${path}.new`, text.replaceAll(JSON.stringify(version), JSON.stringify(next)), 'latin1');
    renameSync(`${path}.new`, path);
  }
}
