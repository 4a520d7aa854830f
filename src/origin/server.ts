/**
 * One server of the demo: plain node:http on one port. It answers HTML, JSON, JavaScript, an image and a slow stream of
 * events, so that every kind of body a proxy meets can be tried by hand. The caller owns the server and closes it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { logo } from './logo.ts';
import { json, page, script } from './pages.ts';

/** How often /events speaks, in milliseconds. */
const EVENT_EVERY_MS = 1000;
/** After so many events the stream ends and a browser comes back by itself. */
const MAX_EVENTS = 3600;

function send(response: ServerResponse, type: string, body: string | Buffer): void {
  response.writeHead(200, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

function sendEvents(name: string, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  let count = 0;
  const speak = () => {
    response.write(`data: event ${++count} of ${name} at ${new Date().toISOString()}\n\n`);
    if (count >= MAX_EVENTS) response.end();
  };
  speak();
  const timer = setInterval(speak, EVENT_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}

function answer(name: string, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?')[0];
  request.resume();
  if (path === '/') send(response, 'text/html; charset=utf-8', page(name, request));
  else if (path === '/app.js') send(response, 'text/javascript; charset=utf-8', script);
  else if (path === '/logo.png') send(response, 'image/png', logo());
  else if (path === '/events') sendEvents(name, response);
  else if (path === '/health') send(response, 'text/plain', 'well\n');
  else if (path?.startsWith('/api/')) send(response, 'application/json', json(name, request, new Date()));
  else {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    response.end(`${name} has no ${path}\n`);
  }
}

/** Starts server <name> on 127.0.0.1:<port> (0: any free one). */
export function startServer(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => answer(name, request, response));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** The port <server> really listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
