/** Streams of `mode tcp`: the two letters of who ended it and when. */
import { asks, endsAfter, mute, pause, type Scenario } from './scenario.ts';

const speaks: Scenario['client'] = asks('hello');

const speaksUntilEnd: Scenario['client'] = async ({ open }) => {
  const client = await open();
  await client.send('hello');
  await client.receiveEnd();
  client.close();
};

const closesAfterPeer: Scenario['server'] = async (peer) => {
  await peer.receiveEnd();
  peer.close();
};

export const tcpScenarios: readonly Scenario[] = [
  {
    name: 'tcp-both-close',
    mode: 'tcp',
    server: endsAfter('welcome', 'close'),
    client: async ({ open }) => {
      const client = await open();
      await client.send('hello');
      await client.receive('welcome');
      client.close();
    },
  },
  {
    name: 'tcp-client-first',
    mode: 'tcp',
    server: async (peer) => {
      await peer.receive('hello');
      await peer.send('welcome');
      await peer.receiveEnd();
      peer.close();
    },
    client: async ({ open }) => {
      const client = await open();
      await client.send('hello');
      await client.receive('welcome');
      await client.halfClose();
    },
  },
  { name: 'tcp-server-reset', mode: 'tcp', server: endsAfter('welcome', 'reset'), client: speaks },
  {
    name: 'tcp-client-reset',
    mode: 'tcp',
    server: mute,
    client: async ({ open, served }) => {
      const client = await open();
      await client.send('hello');
      await served(1);
      await pause(60);
      client.reset();
    },
  },
  {
    name: 'tcp-client-timeout',
    mode: 'tcp',
    front: ['timeout client 200ms'],
    server: closesAfterPeer,
    client: speaks,
  },
  {
    name: 'tcp-server-timeout',
    mode: 'tcp',
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: mute,
    client: speaksUntilEnd,
  },
  {
    name: 'tcp-both-timeouts',
    mode: 'tcp',
    front: ['timeout client 200ms'],
    back: ['timeout server 200ms', 'server s1 {s1}'],
    server: mute,
    client: async ({ open }) => {
      await open();
    },
  },
  {
    name: 'tcp-client-fin-timeout',
    mode: 'tcp',
    front: ['timeout client-fin 150ms'],
    server: endsAfter('welcome', 'close'),
    client: speaks,
  },
  {
    name: 'tcp-server-fin-timeout',
    mode: 'tcp',
    back: ['timeout server-fin 150ms', 'server s1 {s1}'],
    server: mute,
    client: async ({ open, served }) => {
      const client = await open();
      await client.send('hello');
      await served(1);
      await client.halfClose();
    },
  },
  {
    name: 'tcp-tunnel-timeout',
    mode: 'tcp',
    back: ['timeout tunnel 200ms', 'server s1 {s1}'],
    server: endsAfter('welcome', 'close'),
    client: async ({ open }) => {
      const client = await open();
      await client.send('hello');
      await client.receive('welcome');
    },
  },
  { name: 'tcp-refused', mode: 'tcp', back: ['server s1 {nobody}'], client: speaks },
  {
    name: 'tcp-refused-with-retries',
    mode: 'tcp',
    back: ['retries 2', 'timeout connect 150ms', 'server s1 {nobody}'],
    client: speaks,
  },
  {
    name: 'tcp-connect-timeout',
    mode: 'tcp',
    back: ['timeout connect 200ms', 'server s1 {silent}'],
    client: speaks,
  },
  {
    name: 'tcp-queue-timeout',
    mode: 'tcp',
    lines: 2,
    back: ['timeout queue 200ms', 'server s1 {s1} maxconn 1'],
    server: closesAfterPeer,
    client: async ({ open, served, logged }) => {
      const first = await open();
      await first.send('first');
      await served(1);
      const second = await open();
      await second.send('second');
      await logged(1);
      first.close();
    },
  },
  { name: 'tcp-no-server-up', mode: 'tcp', back: ['server s1 {s1} disabled'], client: speaks },
  { name: 'tcp-no-backend', mode: 'tcp', noBackend: true, client: speaks },
  {
    name: 'tcp-default-format',
    mode: 'tcp',
    log: 'default',
    server: endsAfter('welcome', 'close'),
    client: speaksUntilEnd,
  },
];
