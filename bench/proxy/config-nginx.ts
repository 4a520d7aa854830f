/**
 * nginx twice: as a candidate (a scenario's features in its nearest words) and as the origin behind all candidates.
 * Its limits are set as wide as haproxy's are by default, its log line carries what `option httplog` carries.
 */
import { userInfo } from 'node:os';
import type { Setup } from './candidates.ts';
import type { Features } from './scenarios.ts';

/** Many: a pool that must not be what is measured. */
const POOL = 1024;

const head = (threads: number, directory: string): string[] => [
  ...(userInfo().uid === 0 ? ['user root;'] : []),
  'daemon off;',
  `worker_processes ${threads};`,
  ...(threads === 1 ? ['master_process off;'] : []),
  `pid ${directory}/nginx.pid;`,
  'error_log stderr error;',
  'events { worker_connections 20000; }',
];

const temporaryPaths = (directory: string): string[] =>
  ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${directory}/${kind};`,
  );

const pool = (name: string, setup: Setup): string[] => [
  `  upstream ${name} {`,
  `    server 127.0.0.1:${setup.originPorts[0]};`,
  `    server 127.0.0.1:${setup.originPorts[1]};`,
  `    keepalive ${POOL};`,
  '  }',
];

const LOG_FORMAT =
  "  log_format bench '$remote_addr:$remote_port [$time_local] bench $upstream_addr $request_time/" +
  '$upstream_connect_time/$upstream_header_time/$upstream_response_time $status $bytes_sent ' +
  '$connections_active/$connection_requests "$request"\';';

const location = (match: string, target: string): string =>
  `    location ${match} { proxy_pass http://${target}; }`;

const policyLocations = (): string[] => [
  '    proxy_set_header X-Bench-Request "$request_method $uri";',
  '    proxy_set_header X-Bench-Proxy bench;',
  '    proxy_set_header X-Remove "";',
  location('~ \\.(css|js|png|jpg)$', 'static'),
  location('~ ^/admin/[0-9]+', 'admin'),
  location('/api/', 'api'),
];

const httpSection = (features: Features, setup: Setup): string[] => [
  'http {',
  ...temporaryPaths(setup.directory),
  ...(features.log ? [LOG_FORMAT] : []),
  ...(features.log
    ? [`  access_log syslog:server=127.0.0.1:${setup.logPort},facility=local0 bench;`]
    : ['  access_log off;']),
  ...(features.policy ? ['pool', 'static', 'admin', 'api'] : ['pool']).flatMap((name) => pool(name, setup)),
  ...Array.from({ length: features.padding }, (_, i) => pool(`padding-${i + 1}`, setup)).flat(),
  '  keepalive_requests 1000000000;',
  '  keepalive_timeout 300s;',
  '  proxy_http_version 1.1;',
  '  proxy_set_header Connection "";',
  '  proxy_set_header Host $http_host;',
  '  proxy_max_temp_file_size 0;',
  '  proxy_request_buffering off;',
  '  client_max_body_size 64m;',
  ...(features.gzip
    ? [
        '  gzip on;',
        '  gzip_proxied any;',
        '  gzip_min_length 1;',
        '  gzip_types text/css;',
        '  gzip_vary on;',
      ]
    : []),
  '  server {',
  `    listen 127.0.0.1:${setup.port} backlog=4096;`,
  '    server_name bench.example www.bench.example;',
  ...(features.policy ? policyLocations() : []),
  location('/', 'pool'),
  '  }',
  '}',
];

const streamSection = (setup: Setup): string[] => [
  'stream {',
  '  upstream pool {',
  `    server 127.0.0.1:${setup.originPorts[0]};`,
  `    server 127.0.0.1:${setup.originPorts[1]};`,
  '  }',
  `  server { listen 127.0.0.1:${setup.port} backlog=4096; proxy_pass pool; proxy_timeout 300s; }`,
  '}',
];

export const nginxConfigText = (features: Features, setup: Setup): string => {
  const body = features.mode === 'tcp' ? streamSection(setup) : httpSection(features, setup);
  return `${[...head(setup.threads, setup.directory), ...body].join('\n')}\n`;
};

export interface OriginSetup {
  readonly ports: readonly [number, number];
  readonly directory: string;
  /** Where the bodies lie, on a file system that is memory. */
  readonly filesDirectory: string;
  readonly smallBody: string;
}

const originServer = (port: number, setup: OriginSetup): string[] => [
  '  server {',
  `    listen 127.0.0.1:${port} backlog=4096;`,
  // What the policy did to a request, for the check before a measurement.
  '    location /api/echo {',
  '      return 200 "$http_x_bench_request|$http_x_bench_proxy|$http_x_remove|$args";',
  '    }',
  // Reads an upload to its end before it answers, without a file and without leaving C.
  '    location /upload {',
  '      client_body_buffer_size 2m;',
  '      proxy_pass_request_body off;',
  '      proxy_method GET;',
  '      proxy_set_header Content-Length "";',
  `      proxy_pass http://unix:${setup.directory}/small.sock:/;`,
  '    }',
  // Keeps an upload, for the check before a measurement.
  '    location /store/ {',
  `      alias ${setup.filesDirectory}/store/;`,
  '      dav_methods PUT;',
  '    }',
  '    location /files/ {',
  `      alias ${setup.filesDirectory}/;`,
  '    }',
  `    location / { return 200 "${setup.smallBody}"; }`,
  '  }',
];

export const originConfigText = (setup: OriginSetup): string => {
  const lines = [
    ...head(1, setup.directory),
    'http {',
    ...temporaryPaths(setup.directory),
    '  access_log off;',
    '  types { text/html html; application/octet-stream bin; }',
    '  default_type text/plain;',
    '  sendfile on;',
    '  open_file_cache max=64 inactive=1h;',
    '  open_file_cache_valid 1h;',
    '  client_max_body_size 64m;',
    '  keepalive_requests 1000000000;',
    '  keepalive_timeout 300s;',
    '  lingering_close off;',
    '  server {',
    `    listen unix:${setup.directory}/small.sock;`,
    `    location / { return 200 "${setup.smallBody}"; }`,
    '  }',
    ...originServer(setup.ports[0], setup),
    ...originServer(setup.ports[1], setup),
    '}',
  ];
  return `${lines.join('\n')}\n`;
};
