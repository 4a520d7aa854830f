/** HTTP streams that the client, or the proxy's own rules, bring to their end. */
import { answers, ask, asks, mute, pause, request, response, type Scenario } from './scenario.ts';

const ok = response('200 OK', 'hello');

export const httpClientScenarios: readonly Scenario[] = [
  { name: 'plain', server: answers(ok), client: asks(request('/a?b=c')) },
  {
    name: 'two-on-a-connection',
    lines: 2,
    server: answers(ok, response('404 Not Found', 'nothing')),
    client: async ({ open, logged }) => {
      const client = await open();
      await client.send(request('/1'));
      await logged(1);
      await pause(150);
      await client.send(request('/2'));
      await logged(2);
    },
  },
  { name: 'http-1-0', server: answers(ok), client: asks('GET /old HTTP/1.0\r\n\r\n') },
  {
    name: 'head',
    server: answers(response('200 OK', 'hello').slice(0, -5)),
    client: asks(ask('HEAD', '/h')),
  },
  {
    name: 'slow-head',
    server: answers(ok),
    client: async ({ open }) => {
      const client = await open();
      await pause(120);
      await client.send('GET /slow HTTP/1.1\r\nHost: a.example\r\n');
      await pause(120);
      await client.send('\r\n');
    },
  },
  {
    name: 'odd-characters',
    server: answers(ok),
    client: asks(request('/a"b\\c{d|e}#'.slice(0, -1), 'User-Agent: x')),
  },
  {
    name: 'captures',
    front: [
      'http-request capture req.hdr(user-agent) len 12',
      'http-request capture req.hdr(x-none) len 8',
      'http-request capture path len 20',
    ],
    server: answers(ok),
    client: asks(request('/captured', 'User-Agent: Mozilla/5.0 (X11)')),
  },
  {
    name: 'captured-headers',
    front: [
      'capture request header User-Agent len 12',
      'capture request header X-None len 8',
      'capture response header Server len 6',
    ],
    server: answers(response('200 OK', 'hello', 'Server: Apache/2.4')),
    client: asks(request('/', 'User-Agent: Mozilla/5.0 (X11)')),
  },
  { name: 'denied', front: ['http-request deny if { path /no }'], client: asks(request('/no')) },
  { name: 'denied-429', front: ['http-request deny deny_status 429'], client: asks(request('/no')) },
  { name: 'denied-in-backend', back: ['http-request deny', 'server s1 {s1}'], client: asks(request('/no')) },
  { name: 'redirected', front: ['http-request redirect location /there'], client: asks(request('/here')) },
  {
    name: 'returned',
    front: ['http-request return status 200 content-type text/plain string hello'],
    client: asks(request('/own')),
  },
  {
    name: 'tarpitted',
    front: ['timeout tarpit 200ms', 'http-request tarpit'],
    client: asks(request('/slowly')),
  },
  { name: 'bad-request', client: asks('GET / HTTP/1.1\r\nHost: a.example\r\nX A: b\r\n\r\n') },
  { name: 'bad-request-line', client: asks('BROKEN\r\n\r\n') },
  { name: 'target-too-long', client: asks(request(`/${'a'.repeat(20_000)}`)) },
  { name: 'fields-too-large', client: asks(request('/big', `X-A: ${'a'.repeat(20_000)}`)) },
  {
    name: 'request-timeout',
    front: ['timeout http-request 200ms'],
    client: asks('GET / HTTP/1.1\r\nHost: a.ex'),
  },
  { name: 'nothing-sent', front: ['timeout http-request 200ms'], client: asks('') },
  {
    name: 'client-timeout-in-head',
    front: ['timeout client 200ms'],
    client: asks('GET / HTTP/1.1\r\nHost: a.ex'),
  },
  {
    name: 'keep-alive-timeout',
    front: ['timeout http-keep-alive 150ms'],
    server: answers(ok),
    client: async ({ open, logged }) => {
      const client = await open();
      await client.send(request('/then-nothing'));
      await logged(1);
      await client.receiveEnd();
    },
  },
  {
    name: 'gone-before-a-word',
    client: async ({ open, taken }) => {
      const client = await open();
      await taken(client);
      await pause(60);
      client.close();
    },
  },
  {
    name: 'gone-in-head',
    client: async ({ open, taken }) => {
      const client = await open();
      await client.send('GET / HTTP/1.1\r\nHo');
      await taken(client);
      await pause(60);
      client.close();
    },
  },
  {
    name: 'reset-in-head',
    client: async ({ open, taken }) => {
      const client = await open();
      await client.send('GET / HTTP/1.1\r\nHo');
      await taken(client);
      await pause(60);
      client.reset();
    },
  },
  {
    name: 'gone-while-waiting',
    back: ['option abortonclose', 'server s1 {s1}'],
    server: mute,
    client: async ({ open, served }) => {
      const client = await open();
      await client.send(request('/waits'));
      await served(1);
      await pause(100);
      client.close();
    },
  },
  {
    name: 'gone-while-sending',
    server: mute,
    client: async ({ open, served }) => {
      const client = await open();
      await client.send(`${ask('POST', '/up', 'Content-Length: 100')}abc`);
      await served(1);
      await pause(100);
      client.close();
    },
  },
  {
    name: 'stalled-while-sending',
    front: ['timeout client 200ms'],
    server: mute,
    client: asks(`${ask('POST', '/up', 'Content-Length: 100')}abc`),
  },
  {
    name: 'bad-chunk',
    server: mute,
    client: async ({ open, served }) => {
      const client = await open();
      await client.send(`${ask('POST', '/up', 'Transfer-Encoding: chunked')}3\r\nabc\r\n`);
      await served(1);
      await client.send('nonsense\r\n');
    },
  },
  {
    name: 'reset-in-response',
    server: answers(`${response('200 OK', '').replace('Content-Length: 0', 'Content-Length: 100')}hello`),
    client: async ({ open }) => {
      const client = await open();
      await client.send(request('/down'));
      // HAProxy tells the kernel that more is coming, and the kernel waits for it up to 200 ms: later than that.
      await Promise.all([client.receive('hello'), pause(350)]);
      client.reset();
    },
  },
  {
    name: 'stalled-in-response',
    bytesVary: true,
    front: ['timeout client 250ms'],
    server: answers(response('200 OK', 'x'.repeat(12_000_000))),
    client: async ({ open, logged }) => {
      const client = await open();
      client.pause();
      await client.send(request('/down'));
      await logged(1);
    },
  },
];
