/** An examination as a page for a terminal: the verdict first, then what it rests on, then what to try. Pure.
 */
import type { StreamFacts } from '../native/culprit.ts';
import { grouped, printable, seconds, timeText } from '../native/record-words.ts';
import type { Examination } from './examine.ts';

const EVENT_COLUMNS = 9;

function streamLine(stream: StreamFacts): string {
  const place = [stream.frontend, stream.backend || '-', stream.server || '-'].join('/');
  const encoder =
    stream.encoder === ''
      ? ''
      : `  ${stream.encoder} ${grouped(stream.encoderIn)} -> ${grouped(stream.encoderOut)} B`;
  return `  ${String(stream.id).padEnd(6)} ${seconds(stream.ageMs).padStart(10)}  ${stream.state.padEnd(8)} ${place}  ${stream.client}  "${stream.request}"${encoder}\n`;
}

function facts(one: Examination): string {
  const generation = one.generation > 0 ? `, worker generation ${one.generation}` : '';
  const lived = one.diedMs > one.startedMs ? ` after ${seconds(one.diedMs - one.startedMs)}` : '';
  const died = one.kind === 'process' ? '' : `  died     ${timeText(one.diedMs) || 'unknown'}${lived}\n`;
  return (
    `  process  ${one.pid}${generation}, Sluice ${one.version} on Node.js ${one.runtimeVersion}\n` +
    `  started  ${timeText(one.startedMs) || 'unknown'} with ${printable(one.config)}\n${died}` +
    (one.report === '' ? '' : `  report   ${printable(one.report)}\n`)
  );
}

function section(title: string, body: string): string {
  return body === '' ? '' : `\n${title}\n${body}`;
}

/** What helps most next, by what was found. */
export function advice(one: Examination): string[] {
  if (one.kind === 'process') return [];
  const found: string[] = [];
  const { culprit } = one;
  if (culprit?.call.startsWith('slz_') && culprit.stream !== undefined) {
    const { backend } = culprit.stream;
    found.push(
      `take the encoder away from this backend while the cause is sought: set compression algo ${backend} off`,
    );
    found.push("run with 'guard-pages on' in global: the next overrun stops at the very instruction");
  } else if (culprit?.stream !== undefined) {
    found.push(`send that request again to a copy of this configuration: "${culprit.stream.request}"`);
    found.push("run with 'guard-pages on' in global: an overrun stops at the very instruction");
  }
  if (one.stack.length === 0)
    found.push('install gdb where this runs, or use the image of Dockerfile.debug, for the stack');
  found.push('give several cores at once to see what they have in common');
  return found;
}

export function renderExamination(one: Examination): string {
  return `${one.verdict}\n${renderEvidence(one)}`;
}

/** All but the verdict. */
export function renderEvidence(one: Examination): string {
  const events = one.events.map(({ ms, kind, stream, values }) => {
    return `  ${`${ms} ms`.padStart(12)}  ${kind.padEnd(EVENT_COLUMNS)} ${stream === undefined ? '' : `stream ${stream}`}  ${values.join(' ')}\n`;
  });
  const more = one.streamCount - one.streams.length;
  const streams = one.streams.map(streamLine).join('') + (more > 0 ? `  and ${more} more\n` : '');
  return (
    `\n${facts(one)}` +
    one.warnings.map((text) => `  note     ${text}\n`).join('') +
    section(
      'what the process said',
      one.text === '' ? '' : `  ${one.text.split('\n').map(printable).join('\n  ')}\n`,
    ) +
    section('stack', one.stack.map((line) => `  ${printable(line)}\n`).join('')) +
    section(`live streams (${one.streamCount}, oldest first)`, streams) +
    section('last events', events.join('')) +
    section(
      'what to try next',
      advice(one)
        .map((line) => `  - ${line}\n`)
        .join(''),
    )
  );
}
