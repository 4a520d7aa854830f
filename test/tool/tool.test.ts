/** The test tools themselves: they must be able to fail. */
import { expect, test } from 'vitest';
import { ask, rawClient } from './raw-socket.ts';
import { answering, scriptedServer } from './scripted-server.ts';
import { syslogSink } from './syslog-sink.ts';
import { until } from './until.ts';

test('a wait ends with what it waited for', async () => {
  await expect(until(() => false, 20, 'the moon')).rejects.toThrow('not within 20 ms: the moon');
});

test('a scripted server runs its steps and a raw client sees them', async () => {
  const server = await scriptedServer([
    { receive: 'head' },
    { send: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' },
    'close',
  ]);
  const response = await ask(server.port, 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n');
  expect(response.status).toBe(200);
  expect(response.body.toString()).toBe('ok');
  expect(server.received).toEqual(['GET /a HTTP/1.1\r\nHost: h\r\n\r\n']);
});

test('chunks are joined, trailers skipped', async () => {
  const server = await scriptedServer(
    answering(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n',
    ),
  );
  const client = await rawClient(server.port);
  for (let round = 0; round < 2; round++) {
    await client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    expect((await client.receiveMessage()).body.toString()).toBe('abcde');
  }
  client.close();
});

test('a reset is not a clean end', async () => {
  const server = await scriptedServer([{ receive: 1 }, 'reset']);
  const client = await rawClient(server.port);
  await client.send('x');
  expect((await client.receiveEnd()).end).toBe('reset');
});

test('half-close leaves the other direction open', async () => {
  const server = await scriptedServer([{ wait: 'end' }, { send: 'late' }, 'close']);
  const client = await rawClient(server.port);
  await client.send('all of it');
  await client.halfClose();
  expect(await client.receive('late')).toBe('late');
  expect(server.received).toEqual(['all of it']);
});

test('a script that fails is thrown by stop', async () => {
  const server = await scriptedServer([{ receive: 'never', boundMs: 20 }]);
  await rawClient(server.port);
  await until(() => server.errors.length > 0);
  const [error] = server.errors;
  expect(error?.message).toContain('receiving never');
  (server.errors as Error[]).length = 0;
});

test('a syslog line is taken apart', async () => {
  const sink = await syslogSink();
  const { createSocket } = await import('node:dgram');
  const socket = createSocket('udp4');
  socket.send('<134>Nov 21 08:00:00 sluice[42]: front back/s1 1/2/3', sink.port, '127.0.0.1');
  const line = await sink.next();
  socket.close();
  expect(line).toMatchObject({ facility: 16, level: 6, pid: 42, text: 'front back/s1 1/2/3' });
});
