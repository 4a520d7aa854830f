/**
 * Request and response that pass at the same time: whose timeout runs while the client owes the rest of its body and the
 * server the rest of its answer, with and without `option independent-streams` (manual section 4.2).
 */
import { answers, ask, date, pause, type Scenario } from './scenario.ts';

const upload = (path: string): string => ask('POST', path, 'Content-Length: 100');
const longHead = `HTTP/1.1 200 OK\r\n${date}Content-Length: 8\r\n\r\n`;

/** One byte every 60 ms, eight of them: longer than the timeouts below, never silent for as long. */
const tricklesDown: Scenario['server'] = async (peer) => {
  await peer.receiveHead();
  await peer.send(longHead);
  for (let i = 0; i < 8; i++) {
    await pause(60);
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
  await client.send(ask('POST', '/slow', 'Content-Length: 8'));
  for (let i = 0; i < 8; i++) {
    await pause(60);
    await client.send('x').catch(() => undefined);
  }
  await client.receiveHead();
};

const answersTheWhole: Scenario['server'] = async (peer) => {
  await peer.receive('xxxxxxxx');
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
    front: ['timeout client 200ms'],
    server: tricklesDown,
    client: owesItsBody,
  },
  {
    name: 'owes-while-it-is-answered-independent',
    front: ['timeout client 200ms', 'option independent-streams'],
    server: tricklesDown,
    client: owesItsBody,
    bytesVary: true,
  },
  {
    name: 'slow-upload',
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: answersTheWhole,
    client: tricklesUp,
  },
  {
    name: 'slow-upload-independent',
    back: ['timeout server 200ms', 'option independent-streams', 'server s1 {s1}'],
    server: answersTheWhole,
    client: tricklesUp,
  },
  {
    name: 'tcp-one-way',
    mode: 'tcp',
    front: ['timeout client 200ms'],
    server: async (peer) => {
      for (let i = 0; i < 6; i++) {
        await pause(60);
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
