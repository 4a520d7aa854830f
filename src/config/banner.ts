/** What -v, -vv and a wrong command line print. */
import { machine, release, type, version } from 'node:os';
import {
  FEATURES,
  HAPROXY_BRANCH,
  HAPROXY_DATE,
  HAPROXY_VERSION,
  SLUICE_URL,
  SLUICE_VERSION,
} from './version.ts';

/** Its third word is the version: scripts read it there. */
export function versionText(): string {
  return (
    `HAProxy version ${HAPROXY_VERSION} ${HAPROXY_DATE} - ${SLUICE_URL}\n` +
    `Sluice ${SLUICE_VERSION}: the language and answers of HAProxy ${HAPROXY_BRANCH}, on Node.js ${process.version}\n` +
    `Running on: ${type()} ${release()} ${version()} ${machine()}\n`
  );
}

function featureList(): string {
  return Object.entries(FEATURES)
    .map(([name, isBuilt]) => `${isBuilt ? '+' : '-'}${name}`)
    .join(' ');
}

export function buildText(): string {
  return `${versionText()}Build options :
  TARGET  = linux-glibc
  NODE    = ${process.version}
  V8      = ${process.versions.v8}

Feature list : ${featureList()}

Default settings :
  bufsize = 16384, maxrewrite = 1024

Built with multi-threading support (MAX_THREADS=64).
Built without TLS.
Built with an SLZ-style stateless encoder of its own.
Compression algorithms supported : identity("identity"), deflate("deflate"), raw-deflate("deflate"), gzip("gzip")

Available polling systems :
      epoll : pref=300,  test result OK
Total: 1 (1 usable), will use epoll.

Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
  <default> : mode=HTTP  side=FE|BE  mux=H1    flags=HTX
  <default> : mode=TCP   side=FE|BE  mux=PASS  flags=

Available filters :
	[COMP] compression
`;
}

export const USAGE = `Usage : sluice [-f <cfgfile|cfgdir>]* [ -vdV ] [ -n <maxconn> ] [ -N <maxpconn> ]
        [ -p <pidfile> ] [ -m <max megs> ] [ -C <dir> ] [-- <cfgfile>*]
        -v displays version ; -vv shows known build options.
        -vq/-vqs/-vqb only displays version, short version, branch.
        -d enters debug mode ; -db only disables background mode.
        -D goes daemon ; -W master-worker mode ; -Ws master-worker mode with systemd notify support.
        -S <addr> opens the master's runtime API there
        -V enters verbose mode (disables quiet mode)
        -C changes to <dir> before loading files.
        -q quiet mode : don't display messages
        -c check mode : only check config files and exit
        -cc check condition : evaluate a condition and exit
        -4 force resolvers to consider IPv4 responses only
        -n sets the maximum total # of connections
        -m limits the usable amount of memory (in MB)
        -N sets the default, per-proxy maximum # of connections
        -L set local peer name (default to hostname)
        -p writes the pid to this file
        -dK{class[,...]} dump registered keywords (use 'help' for list)
        -dr ignores server address resolution failures
        -dW fails if any warning is emitted
        -dD diagnostic mode : warn about suspicious configuration statements
        -sf/-st [pid ]* finishes/terminates old pids.
        -x <unix_socket> get listening sockets from a unix socket
        'sluice prove-reload <cfgfile>*' proves what reloads and restarts lose
        'sluice postmortem <core|report|dir|pid>' says which request was at work
        'sluice check-coredump' says whether a crash leaves a core file
        Other -d options of HAProxy are accepted and ignored.
`;
