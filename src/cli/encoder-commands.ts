/** `set compression algo`: another encoder for a proxy while it runs, or none. Sluice's own; HAProxy chooses its encoder when it is built.
 */
import { ENCODERS, type EncoderName, encoderOf, switchEncoder } from '../compression/encoder-switch.ts';
import type { Proxy } from '../model/proxy.ts';
import { type Answer, fail } from './answer.ts';
import { type Command, type Control, command } from './command.ts';

const NAMES = Object.keys(ENCODERS) as EncoderName[];

function setEncoder(control: Control, [name, algo]: readonly string[]): Answer {
  const { configuration, live, changed } = control.source;
  if (name === undefined) return fail('A proxy name is expected.\n');
  const found = configuration.proxies.filter((proxy) => proxy.name === name);
  if (found.length === 0) return fail('No such proxy.\n');
  const encoder = NAMES.find((known) => known === algo);
  if (encoder === undefined) {
    return fail(
      `'set compression algo <proxy>' expects one of ${NAMES.map((one) => `'${one}'`).join(', ')}.\n`,
    );
  }
  for (const proxy of found) {
    switchEncoder(live, proxy, encoder);
    if (encoder === 'default') changed.encoders.delete(proxy.index);
    else changed.encoders.set(proxy.index, { encoder, by: 'command' });
  }
  return '';
}

function showEncoders(control: Control, [name]: readonly string[]): Answer {
  const { configuration, live, changed } = control.source;
  const isWanted = (proxy: Proxy) => !proxy.disabled && (name === undefined || proxy.name === name);
  const wanted = configuration.proxies.filter(isWanted);
  if (wanted.length === 0 && name !== undefined) return fail('No such proxy.\n');
  const rows = wanted.map(
    (proxy) => `${proxy.name} ${encoderOf(live, proxy)} ${changed.encoders.get(proxy.index)?.by ?? '-'}\n`,
  );
  return `# proxy algo by\n${rows.join('')}`;
}

export const encoderCommands: readonly Command[] = [
  command(
    'set compression algo',
    '<proxy> <algo>',
    "change a proxy's encoder (default|fast|balanced|store|off)",
    'admin',
    setEncoder,
  ),
  command('show compression algo', '[<proxy>]', 'report the encoder of each proxy', 'user', showEncoders),
];
