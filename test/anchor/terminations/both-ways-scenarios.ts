/**
 * Request and response that pass at the same time: whose timeout runs while the client owes the rest of its body and the
 * server the rest of its answer, with and without `option independent-streams` (manual section 4.2).
 */
import { isTaken } from '../../tool/kernel-sockets.ts';
import { answers, ask, date, pause, type Scenario } from './scenario.ts';

const upload = (path: string): string => ask('POST', path, 'Content-Length: 100');
/** One byte every 80 ms, fourteen of them: longer than the timeouts below, and far from silent for as long. */
const BYTES = 14;
const BYTE_EVERY_MS = 80;
const TIMEOUT = '800ms';
const longHead = `HTTP/1.1 200 OK\r\n${date}Content-Length: ${BYTES}\r\n\r\n`;

const tricklesDown: Scenario['server'] = async (peer) => {
  await peer.receiveHead();
  await peer.send(longHead);
  for (let i = 0; i < BYTES; i++) {
    await pause(BYTE_EVERY_MS);
    await peer.send('x');
  }
  await peer.receiveEnd();
};

const owesItsBody: Scenario['client'] = async ({ open }) => {
  const client = await open();
  await client.send(`${upload('/owes')}abc`);
  await client.receiveEnd();
};

const tricklesUp: Scenario['client'] = async ({ open }) => {
  const client = await open();
  await client.send(ask('POST', '/slow', `Content-Length: ${BYTES}`));
  for (let i = 0; i < BYTES; i++) {
    await pause(BYTE_EVERY_MS);
    await client.send('x').catch(() => undefined);
  }
  await client.receiveHead();
};

const answersTheWhole: Scenario['server'] = async (peer) => {
  await peer.receive('x'.repeat(BYTES));
  await pause(60);
  await peer.send(`HTTP/1.1 200 OK\r\n${date}Content-Length: 0\r\n\r\n`);
};

export const bothWaysScenarios: readonly Scenario[] = [
  {
    name: 'both-owe',
    front: ['timeout client 400ms'],
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: answers(`${longHead}x`),
    client: owesItsBody,
  },
  {
    name: 'owes-while-it-is-answered',
    front: [`timeout client ${TIMEOUT}`],
    server: tricklesDown,
    client: owesItsBody,
  },
  {
    name: 'owes-while-it-is-answered-independent',
    front: [`timeout client ${TIMEOUT}`, 'option independent-streams'],
    server: tricklesDown,
    client: owesItsBody,
    bytesVary: true,
  },
  {
    name: 'slow-upload',
    back: [`timeout server ${TIMEOUT}`, 'server s1 {s1}'],
    server: answersTheWhole,
    client: tricklesUp,
  },
  {
    name: 'slow-upload-independent',
    back: [`timeout server ${TIMEOUT}`, 'option independent-streams', 'server s1 {s1}'],
    server: answersTheWhole,
    client: tricklesUp,
  },
  {
    name: 'tcp-one-way',
    mode: 'tcp',
    front: [`timeout client ${TIMEOUT}`],
    server: async (peer) => {
      for (let i = 0; i < BYTES; i++) {
        await pause(BYTE_EVERY_MS);
        await peer.send('x');
      }
      peer.close();
    },
    client: async ({ open }) => {
      const client = await open();
      await client.receiveEnd();
      client.close();
    },
  },
  {
    name: 'answered-and-closed-in-the-upload',
    server: async (peer) => {
      await peer.receiveHead();
      await peer.send(`HTTP/1.1 200 OK\r\n${date}Content-Length: 2\r\n\r\nok`);
      await isTaken(peer);
      await pause(60);
      peer.close();
    },
    client: async ({ open }) => {
      const client = await open();
      await client.send(`${upload('/early')}abc`);
      await client.receive('ok');
      for (let i = 0; i < 6; i++) {
        await pause(60);
        await client.send('x').catch(() => undefined);
      }
    },
  },
];
