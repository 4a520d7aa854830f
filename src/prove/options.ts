/** The command line of `sluice prove-reload`. Pure. */
import { parseArgs } from 'node:util';
import type { Move } from './storm.ts';

export interface Options {
  readonly files: readonly string[];
  /** A program beside Sluice, or ''. */
  readonly peer: string;
  readonly isJson: boolean;
  readonly seconds: number;
  readonly connections: number;
  readonly path: string;
  readonly host: string;
  readonly moves: readonly Move[];
}

export const SECONDS_MAX = 600;
export const CONNECTIONS_MAX = 400;
const MOVES: readonly Move[] = ['still', 'restart', 'overlap', 'reload', 'transfer'];

export const USAGE = `Usage : sluice prove-reload <cfgfile|cfgdir>... [options]
  Puts your configuration under load on loopback and moves it in every way there is: restart, a start beside
  the old process (-sf), a reload (SIGUSR2 to -W), a transfer (-x -sf). Says how many requests each of them loses.
  Your listeners are moved to free ports of 127.0.0.1 and your servers replaced by built-in ones; nothing else is
  touched. Ends with 0 when reload and transfer lost nothing, 1 when they did, 2 when it could not be tried.
        --peer <program>   the same for this program too: haproxy, or a path
        --seconds <n>      of load for each way (default 5, at most ${SECONDS_MAX})
        --connections <n>  clients at once (default 32, at most ${CONNECTIONS_MAX})
        --path <path>      what is asked (default /)
        --host <name>      the Host that is asked for (default localhost)
        --moves <a,b>      only these of ${MOVES.join(', ')}
        --json             for machines
        --help             this text
`;

/** What was asked for, or a text to print: the usage, or what is wrong with the words. */
export type Asked = { readonly options: Options } | { readonly usage: string } | { readonly wrong: string };

function number(text: string, name: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`--${name} takes a whole number from 1 to ${most}, not '${text}'`);
  }
  return value;
}

function moves(text: string): readonly Move[] {
  const words = text.split(',').filter((word) => word !== '');
  const strange = words.find((word) => !(MOVES as readonly string[]).includes(word));
  if (strange !== undefined)
    throw new Error(`--moves does not know '${strange}'; it knows ${MOVES.join(', ')}`);
  return MOVES.filter((move) => words.includes(move));
}

function read(words: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      f: { type: 'string', short: 'f', multiple: true, default: [] },
      peer: { type: 'string', default: '' },
      seconds: { type: 'string', default: '5' },
      connections: { type: 'string', default: '32' },
      path: { type: 'string', default: '/' },
      host: { type: 'string', default: 'localhost' },
      moves: { type: 'string', default: MOVES.join(',') },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const files = [...(values.f ?? []), ...positionals];
  if (files.length === 0) throw new Error('no configuration was named');
  if (!/^\/[\x21-\x7e]*$/.test(values.path))
    throw new Error(`--path takes a path such as /health, not '${values.path}'`);
  if (!/^[\x21-\x7e]+$/.test(values.host)) throw new Error(`--host takes a name such as www.example.com`);
  return {
    files,
    peer: values.peer,
    isJson: values.json,
    seconds: number(values.seconds, 'seconds', SECONDS_MAX),
    connections: number(values.connections, 'connections', CONNECTIONS_MAX),
    path: values.path,
    host: values.host,
    moves: moves(values.moves),
  };
}

export function readOptions(words: readonly string[]): Asked {
  try {
    const options = read(words);
    return options === undefined ? { usage: USAGE } : { options };
  } catch (error) {
    // parseArgs explains at length how to pass what it does not know; the first sentence is enough.
    const reason = (error as Error).message.split(/\. (?=[A-Z])/)[0];
    return { wrong: `sluice prove-reload: ${reason}\nSee 'sluice prove-reload --help'.\n` };
  }
}
