/** What a service supervisor hears of a master: datagrams at NOTIFY_SOCKET, by a path or an abstract name. */
import { spawn } from 'node:child_process';
import { expect, it } from 'vitest';
import { atTestEnd } from '../tool/at-end.ts';
import { startMaster } from '../tool/master.ts';
import { rawClient } from '../tool/raw-socket.ts';
import { until } from '../tool/until.ts';

const CFG = `global
  nbthread 1
  no-standby
frontend fe
  mode http
  timeout client 60s
  bind 127.0.0.1:{port:fe}
`;

/** Prints every datagram with a line of dashes behind it. */
const LISTENER = `
import socket, sys
name = sys.argv[1]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(('\\0' + name[1:]) if name[0] == '@' else name)
print('---', flush=True)
while True:
    print(s.recv(4096).decode() + '---', flush=True)
`;

it.each(['path', 'abstract'])('is told when it serves, reloads, fails and stops (%s)', async (kind) => {
  const name = kind === 'path' ? `/tmp/sluice-notify-${process.pid}` : `@sluice-notify-${process.pid}`;
  const listener = spawn('python3', ['-c', LISTENER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  atTestEnd(() => {
    listener.kill();
    if (kind === 'path') spawn('rm', ['-f', name]);
  });
  let heard = '';
  listener.stdout.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
  });
  await until(() => heard !== '');
  const master = await startMaster({ cfg: CFG, args: ['-Ws'], env: { NOTIFY_SOCKET: name } });
  const next = (part: RegExp) =>
    until(
      () => part.test(heard),
      undefined,
      () => `${part} in ${heard}`,
    );
  await next(new RegExp(`^---\\nREADY=1\\nMAINPID=${master.pid}\\nSTATUS=Ready.\\n---\\n$`));
  heard = '';
  await master.ask('reload');
  await next(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=[^\n]+\n---\nREADY=1\n/);
  heard = '';
  master.rewrite((text) => `${text}  bnid\n`);
  await master.ask('reload');
  await next(/READY=1\n[^-]*STATUS=Reload failed!\n/);
  heard = '';
  expect((await master.proxy.stop('SIGTERM')).code).toBe(0);
  await next(/^STOPPING=1\n/);
});

it('a configuration may name the generation in its log tag', async () => {
  const cfg = CFG.replace(
    'no-standby',
    'no-standby\n  log ${log} local0\n  log-tag "haproxy/$\\{SLUICE_GENERATION}"',
  ).replace('mode http', 'mode http\n  log global\n  option httplog\n  http-request return status 200');
  const master = await startMaster({ cfg: cfg.replace('$\\{', '${') });

  const client = await rawClient(master.proxy.ports['fe'] as number);
  await client.send('GET / HTTP/1.0\r\n\r\n');
  await client.receiveEnd();
  const worker = await master.current();
  await until(() =>
    master.proxy.logs.lines.some((line) => JSON.stringify(line).includes(`haproxy/1[${worker}]`)),
  );
});
