/** A scenario's features as haproxy.cfg: one text for haproxy and for sluice. State: none. */
import type { Setup } from './candidates.ts';
import type { Features } from './scenarios.ts';

const globalSection = (features: Features, setup: Setup): string[] => [
  'global',
  `    nbthread ${setup.threads}`,
  `    maxconn ${Math.min(features.maxconn, setup.connectionsMax)}`,
  ...(features.log ? [`    log 127.0.0.1:${setup.logPort} local0`] : []),
  '',
];

const defaultsSection = (features: Features): string[] => [
  'defaults',
  `    mode ${features.mode}`,
  '    timeout connect 5s',
  '    timeout client 300s',
  '    timeout server 300s',
  ...(features.mode === 'http' ? [`    http-reuse ${features.reuse}`] : []),
  ...(features.log ? ['    log global', '    option httplog'] : []),
  ...(features.splice ? ['    option splice-response', '    option splice-request'] : []),
  '',
];

const POLICY_RULES = [
  '    acl is_static path_end .css .js .png .jpg',
  '    acl is_admin path_reg ^/admin/[0-9]+',
  '    acl is_api path_beg /api/',
  '    acl is_ours hdr(host) -i bench.example www.bench.example',
  '    http-request set-header X-Bench-Request "%[method] %[path,lower]"',
  '    http-request add-header X-Bench-Proxy bench',
  '    http-request del-header X-Remove',
  '    use_backend static if is_static',
  '    use_backend admin if is_admin',
  '    use_backend api if is_api is_ours',
];

const frontend = (features: Features, setup: Setup): string[] => [
  'frontend bench',
  `    bind 127.0.0.1:${setup.port}`,
  ...(features.policy ? POLICY_RULES : []),
  ...(features.gzip ? ['    compression algo gzip', '    compression type text/html text/css'] : []),
  '    default_backend pool',
  '',
];

const backend = (name: string, setup: Setup): string[] => [
  `backend ${name}`,
  '    balance roundrobin',
  `    server s1 127.0.0.1:${setup.originPorts[0]}`,
  `    server s2 127.0.0.1:${setup.originPorts[1]}`,
  '',
];

/** A proxy that is never asked: it makes the file as long as real ones are (ten lines each). */
const paddingProxy = (index: number, setup: Setup): string[] => [
  `backend padding-${index}`,
  '    balance roundrobin',
  `    acl is_old path_beg /old-${index}/ /older-${index}/`,
  `    acl is_host hdr(host) -i site-${index}.bench.example`,
  `    http-request set-header X-Padding "%[method] ${index}"`,
  `    http-request set-path /new-${index} if is_old is_host`,
  '    http-request del-header X-Forwarded-Host',
  `    server s1 127.0.0.1:${setup.originPorts[0]} weight 10`,
  `    server s2 127.0.0.1:${setup.originPorts[1]} weight 20 backup`,
  '',
];

export const haproxyConfigText = (features: Features, setup: Setup): string => {
  const lines = [
    ...globalSection(features, setup),
    ...defaultsSection(features),
    ...frontend(features, setup),
  ];
  const names = features.policy ? ['pool', 'static', 'admin', 'api'] : ['pool'];
  for (const name of names) lines.push(...backend(name, setup));
  for (let i = 1; i <= features.padding; i++) lines.push(...paddingProxy(i, setup));
  return `${lines.join('\n')}\n`;
};

const SERVERS_PER_BACKEND = 100;

/** A configuration that is only ever checked: 100 servers in each backend. */
export const checkConfigText = (servers: number): string => {
  const lines = [
    'defaults',
    '    mode http',
    '    timeout connect 5s',
    '    timeout client 30s',
    '    timeout server 30s',
    '',
    'frontend bench',
    '    bind 127.0.0.1:8080',
    '    default_backend pool-0',
    '',
  ];
  for (let i = 0; i < servers; i++) {
    if (i % SERVERS_PER_BACKEND === 0) {
      lines.push(`backend pool-${i / SERVERS_PER_BACKEND}`, '    balance roundrobin', '    option httpchk');
    }
    const address = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}:8080`;
    lines.push(`    server s${i} ${address} check inter 2s fall 3 rise 2 weight ${1 + (i % 200)}`);
  }
  return `${lines.join('\n')}\n`;
};
