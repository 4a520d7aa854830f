/**
 * What the demo's origin says: a page that shows the request as it arrived behind the proxy, a script, and an answer
 * in JSON. Everything is made of the request and of this file; there is no state.
 */
import type { IncomingMessage } from 'node:http';

/** HAProxy's words, with which the page explains itself. */
const words: readonly (readonly [word: string, meaning: string])[] = [
  ['frontend', 'where clients come in: addresses to listen on, and the rules for what arrives there.'],
  ['backend', 'where requests go: a set of servers, how to choose among them, and how to watch them.'],
  ['listen', 'a frontend and a backend in one section, for a service that needs no more.'],
  ['defaults', 'settings that the sections after it start from.'],
  ['server', 'one address that answers requests, with its weight, its check and its limits.'],
  ['acl', 'a question about a request, with a name: its path, a header, the address it came from.'],
  ['sample', 'a piece of a request or a response, fetched by name and changed by converters.'],
  ['rule', 'an action and the condition under which it is taken, in the order of the file.'],
  ['stick table', 'counters and server choices remembered for each client.'],
  ['check', 'the question a proxy asks a server again and again: are you well?'],
  ['stream', 'one request and its response, from the first byte in to the last byte out.'],
  ['session', 'the life of one client connection, with all the streams it carries.'],
];

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

function table(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table>\n${cells.join('\n')}\n</table>`;
}

/** Fields as they arrived, in order. */
export function fieldsOf(request: IncomingMessage): [string, string][] {
  const rows: [string, string][] = [];
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    rows.push([request.rawHeaders[i] as string, request.rawHeaders[i + 1] as string]);
  }
  return rows;
}

/** The page of server <name> for <request>. */
export function page(name: string, request: IncomingMessage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Sluice: a request through it</title>
<link rel="icon" href="/logo.png">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222; }
th { text-align: left; padding: 0.1em 1em 0.1em 0; white-space: nowrap; vertical-align: top; font-weight: 600; }
td { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
#events { font-family: ui-monospace, monospace; min-height: 3em; }
</style>
</head>
<body>
<h1><img src="/logo.png" alt="" width="48" height="48"> Through the sluice</h1>
<p>Server <b>${escapeHtml(name)}</b> wrote this page. The proxy chose it in turn, asked it over a connection that it
keeps for the next request, and compressed the answer on its way to you. Load the page again and the other server
answers.</p>
<h2>The request as the server saw it</h2>
${table([['Request', `${request.method} ${request.url} HTTP/${request.httpVersion}`], ...fieldsOf(request)])}
<h2>Events, as they happen</h2>
<p>The server sends one a second. Each is compressed and passed on at once: a proxy that waited for more would show
nothing here.</p>
<p id="events"></p>
<h2>The words of the configuration</h2>
${table(words)}
<p>The file is <code>examples/quickstart.cfg</code>. Change it, stop the demo with Ctrl-C and start it again.</p>
<script src="/app.js"></script>
</body>
</html>
`;
}

export const script = `// Shows the server's events and asks its JSON once a second.
const out = document.getElementById('events');
const events = new EventSource('/events');
events.onmessage = (event) => {
  out.textContent = event.data;
};
async function ask() {
  const answer = await fetch('/api/time');
  const { server, time } = await answer.json();
  document.title = server + ' ' + time.slice(11, 19);
}
setInterval(ask, 1000);
ask();
`;

/** The JSON answer of server <name>. */
export function json(name: string, request: IncomingMessage, now: Date): string {
  const answer = {
    server: name,
    time: now.toISOString(),
    path: request.url,
    fields: Object.fromEntries(fieldsOf(request)),
  };
  return `${JSON.stringify(answer, undefined, 2)}\n`;
}
