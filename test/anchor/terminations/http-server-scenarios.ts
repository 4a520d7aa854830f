/** HTTP streams that the server, the queue, or the lack of a server bring to their end. */
import { isTaken } from '../../tool/kernel-sockets.ts';
import {
  answers,
  ask,
  asks,
  date,
  endsAfter,
  mute,
  pause,
  request,
  response,
  type Scenario,
} from './scenario.ts';

const ok = response('200 OK', 'hello');
const chunkedHead = `HTTP/1.1 200 OK\r\n${date}Transfer-Encoding: chunked\r\n\r\n`;
const closeHead = `HTTP/1.1 200 OK\r\n${date}Connection: close\r\n\r\n`;
const shortBody = response('200 OK', 'hello').replace('Content-Length: 5', 'Content-Length: 50');

const upgrade = request('/chat', 'Connection: Upgrade', 'Upgrade: chat');
const switching = `HTTP/1.1 101 Switching Protocols\r\n${date}Connection: Upgrade\r\nUpgrade: chat\r\n\r\n`;

/** Two requests for one place: the first holds it, the second is what the scenario is about. */
const twoForOnePlace: Scenario['client'] = async ({ open, served }) => {
  const holder = await open();
  await holder.send(request('/holds'));
  await served(1);
  const waiting = await open();
  await waiting.send(request('/waits'));
  await waiting.receiveHead();
};

export const httpServerScenarios: readonly Scenario[] = [
  { name: 'refused', back: ['server s1 {nobody}'], client: asks(request('/')) },
  {
    name: 'refused-with-retries',
    back: ['retries 2', 'timeout connect 150ms', 'server s1 {nobody}'],
    client: asks(request('/')),
  },
  {
    name: 'redispatched',
    back: [
      'retries 1',
      'option redispatch',
      'timeout connect 150ms',
      'server s1 {nobody} weight 200',
      'server s2 {s2} weight 1',
    ],
    server: answers(ok),
    client: asks(request('/')),
  },
  {
    name: 'connect-timeout',
    back: ['timeout connect 200ms', 'server s1 {silent}'],
    client: asks(request('/')),
  },
  {
    name: 'connect-timeout-with-a-retry',
    back: ['retries 1', 'timeout connect 200ms', 'server s1 {silent}'],
    client: asks(request('/')),
  },
  {
    name: 'gone-while-connecting',
    back: ['option abortonclose', 'server s1 {silent}'],
    client: async ({ open }) => {
      const client = await open();
      await client.send(request('/'));
      await pause(150);
      client.close();
    },
  },
  { name: 'no-server-up', back: ['server s1 {s1} disabled'], client: asks(request('/')) },
  { name: 'no-backend', noBackend: true, client: asks(request('/')) },
  {
    name: 'queue-timeout',
    lines: 2,
    back: ['timeout queue 200ms', 'timeout server 2s', 'server s1 {s1} maxconn 1'],
    server: mute,
    client: twoForOnePlace,
  },
  {
    name: 'queued-then-served',
    lines: 2,
    back: ['server s1 {s1} maxconn 1'],
    server: async (peer, index) => {
      await peer.receiveHead();
      if (index === 0) await pause(600);
      await peer.send(ok.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
      peer.socket.end();
    },
    client: twoForOnePlace,
  },
  {
    name: 'gone-from-the-queue',
    lines: 2,
    back: ['option abortonclose', 'timeout server 2s', 'server s1 {s1} maxconn 1'],
    server: mute,
    client: async ({ open, served, taken }) => {
      const holder = await open();
      await holder.send(request('/holds'));
      await served(1);
      const waiting = await open();
      await waiting.send(request('/waits'));
      await taken(waiting);
      await pause(100);
      waiting.close();
    },
  },
  {
    name: 'queue-full',
    lines: 3,
    back: ['timeout queue 1s', 'timeout server 3s', 'server s1 {s1} maxconn 1 maxqueue 1'],
    server: mute,
    client: async ({ open, served, taken }) => {
      const first = await open();
      await first.send(request('/1'));
      await served(1);
      for (const path of ['/2', '/3']) {
        const client = await open();
        await client.send(request(path));
        await taken(client);
        await pause(20);
      }
    },
  },
  {
    name: 'server-timeout',
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: mute,
    client: asks(request('/')),
  },
  { name: 'closed-before-head', server: endsAfter('', 'close'), client: asks(request('/')) },
  { name: 'reset-before-head', server: endsAfter('', 'reset'), client: asks(request('/')) },
  {
    name: 'closed-in-head',
    server: endsAfter('HTTP/1.1 200 OK\r\nContent-Le', 'close'),
    client: asks(request('/')),
  },
  {
    name: 'server-timeout-in-head',
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: answers('HTTP/1.1 200 OK\r\nContent-Le'),
    client: asks(request('/')),
  },
  { name: 'bad-response', server: answers('HTTP/1.1 200 OK\r\nX A: b\r\n\r\n'), client: asks(request('/')) },
  {
    name: 'no-response-at-all',
    server: answers('hello, I am no HTTP server\r\n\r\n'),
    client: asks(request('/')),
  },
  {
    name: 'response-head-too-large',
    server: answers(response('200 OK', 'hello', `X-A: ${'a'.repeat(20_000)}`)),
    client: asks(request('/')),
  },
  {
    name: 'response-denied',
    back: ['http-response deny', 'server s1 {s1}'],
    server: answers(ok),
    client: asks(request('/')),
  },
  { name: 'closed-in-body', server: endsAfter(shortBody, 'close'), client: asks(request('/')) },
  { name: 'reset-in-body', server: endsAfter(shortBody, 'reset'), client: asks(request('/')) },
  {
    name: 'closed-in-chunks',
    server: endsAfter(`${chunkedHead}5\r\nhello\r\n`, 'close'),
    client: asks(request('/')),
  },
  {
    name: 'bad-chunk-from-server',
    server: async (peer) => {
      await peer.receiveHead();
      await peer.send(`${chunkedHead}5\r\nhello\r\n`);
      await isTaken(peer);
      await pause(60);
      await peer.send('nonsense\r\n');
    },
    client: asks(request('/')),
  },
  {
    name: 'stalled-in-body',
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: answers(shortBody),
    client: asks(request('/')),
  },
  { name: 'to-the-close', server: endsAfter(`${closeHead}hello`, 'close'), client: asks(request('/')) },
  {
    name: 'to-the-close-but-reset',
    server: endsAfter(`${closeHead}hello`, 'reset'),
    client: asks(request('/')),
  },
  {
    name: 'interim-first',
    server: async (peer) => {
      await peer.receiveHead();
      await peer.send(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n`);
      await pause(120);
      await peer.send(ok);
    },
    client: asks(request('/')),
  },
  {
    name: 'expectation-met',
    server: async (peer) => {
      await peer.receiveHead();
      await peer.send('HTTP/1.1 100 Continue\r\n\r\n');
      await peer.receive('abc');
      await peer.send(ok);
    },
    client: async ({ open }) => {
      const client = await open();
      await client.send(ask('POST', '/', 'Content-Length: 3', 'Expect: 100-continue'));
      await client.receive('100 Continue\r\n\r\n');
      await client.send('abc');
    },
  },
  {
    name: 'not-modified',
    server: answers(`HTTP/1.1 304 Not Modified\r\n${date}ETag: "x"\r\n\r\n`),
    client: asks(request('/')),
  },
  {
    name: 'answered-early',
    server: async (peer) => {
      await peer.receive('abc');
      await peer.send(response('413 Content Too Large', 'no', 'Connection: close'));
      peer.socket.end();
    },
    client: async ({ open, logged }) => {
      const client = await open();
      await client.send(`${ask('POST', '/up', 'Content-Length: 100')}abc`);
      await client.receive('no');
      client.close();
      await logged(1);
    },
  },
  {
    name: 'server-close',
    lines: 2,
    back: ['option http-server-close', 'server s1 {s1}'],
    server: answers(ok),
    client: async ({ open, logged }) => {
      const client = await open();
      await client.send(request('/1'));
      await logged(1);
      await client.send(request('/2'));
      await logged(2);
    },
  },
  {
    name: 'tunnel-timeout',
    back: ['timeout tunnel 200ms', 'server s1 {s1}'],
    server: answers(switching),
    client: asks(upgrade),
  },
  {
    name: 'tunnel-ended-by-server',
    server: endsAfter(`${switching}hello`, 'close'),
    client: async ({ open }) => {
      const client = await open();
      await client.send(upgrade);
      await client.receiveEnd();
      client.close();
    },
  },
  {
    name: 'tunnel-ended-by-client',
    server: async (peer) => {
      await peer.receiveHead();
      await peer.send(`${switching}hello`);
      await peer.receiveEnd();
      peer.close();
    },
    client: async ({ open }) => {
      const client = await open();
      await client.send(upgrade);
      await client.receive('hello');
      await pause(50);
      client.close();
    },
  },
  { name: 'default-format', log: 'default', server: answers(ok), client: asks(request('/')) },
];
