/** The demo's origin: each kind of body is what its type says. */
import { Script } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portOf, startServer } from './server.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let base = '';

beforeAll(async () => {
  server = await startServer('s1', 0);
  base = `http://127.0.0.1:${portOf(server)}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('HTML shows the request and escapes what the client sent', async () => {
  const response = await fetch(`${base}/?<b>`, { headers: { 'X-Probe': '<script>' } });
  expect(response.headers.get('content-type')).toContain('text/html');
  const text = await response.text();
  expect(text).toContain('&#60;script&#62;');
  expect(text).not.toContain('<td><script>');
});

test('JSON names the server', async () => {
  const response = await fetch(`${base}/api/time`);
  expect(await response.json()).toMatchObject({ server: 's1', path: '/api/time' });
});

test('the image is a PNG', async () => {
  const bytes = Buffer.from(await (await fetch(`${base}/logo.png`)).arrayBuffer());
  expect(bytes.subarray(1, 4).toString()).toBe('PNG');
  expect(bytes.subarray(-8, -4).toString()).toBe('IEND');
});

test('JavaScript parses', async () => {
  const text = await (await fetch(`${base}/app.js`)).text();
  expect(() => new Script(text)).not.toThrow();
});

test('events come one by one', async () => {
  const response = await fetch(`${base}/events`);
  const { value } = await response.body!.getReader().read();
  expect(Buffer.from(value!).toString()).toMatch(/^data: event 1 of s1 at .*\n\n$/);
});
