/** The master's runtime API without processes: prefixes, prompts, modes, and answers that come from a worker. */
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { SettledAnswer } from './answer.ts';
import { type Level, newClient } from './command.ts';
import { Conversation } from './conversation.ts';
import { processTable, uptimeText } from './master-commands.ts';
import type { MasterDoor, ProcessRow, WorkerPipe } from './master-door.ts';
import { MasterSession } from './master-session.ts';

/** A worker that says what it was sent, and closes when its client does. */
class Echo implements WorkerPipe {
  private readonly pid: number;
  private text = '';
  private take = (_text: string): void => {};
  private finish = (): void => {};

  constructor(pid: number) {
    this.pid = pid;
  }
  send(text: string): void {
    this.text += text;
  }
  end(): void {
    this.take(`${this.pid}:${JSON.stringify(this.text)}\n\n`);
    this.finish();
  }
  hold(): void {}
  onText(take: (text: string) => void): void {
    this.take = take;
  }
  onEnd(finish: () => void): void {
    this.finish = finish;
  }
  destroy(): void {}
}

function row(pid: number, fields: Partial<ProcessRow> = {}): ProcessRow {
  return {
    pid,
    reloads: 0,
    startedMs: 0,
    version: '9.9',
    isOld: false,
    notes: [],
    descriptors: [4, -1],
    ...fields,
  };
}

class Bench implements MasterDoor {
  readonly version = '9.9';
  readonly pid = 100;
  readonly startedMs = 0;
  readonly descriptors = [6, 7] as const;
  rows = [row(201), row(200, { reloads: 1, isOld: true, notes: ['10.0.0.1:5 keeps it'] })];
  failed = 0;
  readonly connected: [number, Level][] = [];

  reloads(): { tried: number; failed: number } {
    return { tried: 1, failed: this.failed };
  }
  workers(): readonly ProcessRow[] {
    return this.rows;
  }
  remarks = () => [];
  environment(): [string, string][] {
    return [['HOME', '/root']];
  }
  startupLog(): string {
    return 'said\n';
  }
  lastOutcome(): { isDone: boolean; log: string } {
    return { isDone: true, log: 'said\n' };
  }
  connect(pid: number, level: Level): WorkerPipe {
    this.connected.push([pid, level]);
    return new Echo(pid);
  }
  reload(isHard: boolean): Promise<{ isDone: boolean; log: string }> {
    return Promise.resolve({ isDone: !isHard, log: 'loading' });
  }
}

async function talk(received: string, level: Level = 'admin', door = new Bench()): Promise<string> {
  const session = new MasterSession(door, newClient(level, 1000));
  let sent = '';
  const flow = session.take(received);
  for (let given: SettledAnswer | undefined; ; ) {
    const next = flow.next(given);
    if (next.done === true) return sent;
    given = undefined;
    if (typeof next.value === 'string') sent += next.value;
    else given = await next.value;
  }
}

describe('prefixes', () => {
  it('send one command, or when alone all that follow, to a worker', async () => {
    expect(await talk('@1 show info\n')).toBe('201:"show info\\n"\n\n');
    expect(await talk('@!200 a; show version\n')).toBe('200:"a\\n"\n\n9.9\n\n');
    expect(await talk('@1; a; @ show version; @0\nshow version\n')).toBe('201:"a\\n"\n\n9.9\n\n9.9\n\n');
    expect(await talk('  @+1   a\n')).toBe('201:"a\\n"\n\n');
  });

  it('that name nobody make what follows forgotten', async () => {
    expect(await talk('@2 show version\nshow version\n')).toBe(
      "Can't find the target PID matching the prefix '@2'\n",
    );
    for (const word of ['@!99', '@x', '@!', '@1show', '@!100', '@@!9']) {
      expect(await talk(`${word} a\n`)).toBe(`Can't find the target PID matching the prefix '${word}'\n`);
    }
  });

  it('bring payloads along', async () => {
    expect(await talk('@1 add map x <<E\nk v\n\nE\nshow version\n')).toBe(
      '201:"add map x <<E\\nk v\\n\\nE\\n"\n\n9.9\n\n',
    );
    expect(await talk('show version <<\nx\n\n')).toBe('9.9\n\n');
  });

  it('bring level and modes along', async () => {
    const door = new Bench();
    expect(await talk('expert-mode on; experimental-mode on; @1 a\n', 'admin', door)).toBe(
      '201:"expert-mode on -;experimental-mode on -;a\\n"\n\n',
    );
    await talk('operator; @1 a; user; @1 a\n', 'admin', door);
    expect(door.connected.map(([, level]) => level)).toEqual(['admin', 'operator', 'user']);
  });
});

describe('prompts', () => {
  it('say who is talked to, and what is on', async () => {
    expect(await talk('prompt\nshow version\n@1\nx\n@master\nquit\n')).toBe(
      'master> 9.9\n\nmaster> 201> 201:"x\\n"\n\n201> master> master> ',
    );
    expect(await talk('prompt\nexpert-mode on\nexperimental-mode on\nmcli-debug-mode on\n')).toBe(
      'master> master(e)> master(xe)> master(xed)> ',
    );
    expect(await talk('prompt timed\n@1\n')).toMatch(/^\[\d+:\d\d:\d\d:\d\d\] master> \[.*\] 201> $/);
    expect(await talk('prompt n\n')).toMatch(/^Usage: prompt /);
    const door = new Bench();
    door.failed = 2;
    expect(await talk('prompt\n', 'admin', door)).toBe('master[ReloadFailed]> ');
  });
});

describe('commands of the master', () => {
  it('answer as HAProxy does', async () => {
    expect(await talk('echo a b; show cli level; show env HOME; show startup-logs\n')).toBe(
      'a b\n\nadmin\n\nHOME=/root\n\nsaid\n\n',
    );
    expect(await talk('reload\n')).toBe('Success=1\n--\nloading\n\n');
    expect(await talk('hard-reload\n')).toBe('Success=0\n--\nloading\n\n');
    expect(await talk('show info\n')).toMatch(/^Unknown command: 'show', but maybe/);
    expect(await talk('help\n')).toMatch(/\n {2}reload {34}: achieve a soft-reload/);
    expect(await talk('show proc x\n')).toBe("'show proc' only supports 'debug' as argument\n\n");
  });

  it('need a level', async () => {
    expect(await talk('reload; show proc; show version\n', 'user')).toBe(
      'Permission denied\n\nPermission denied\n\n9.9\n\n',
    );
    expect(await talk('operator\nexpert-mode on\n', 'user')).toBe('Permission denied!\nPermission denied!\n');
  });

  it('list processes', () => {
    expect(processTable(new Bench(), false, 93_784_000)).toBe(
      '#<PID>          <type>          <reloads>       <uptime>        <version>      \n' +
        '100             master          1 [failed: 0]   1d02h03m04s     9.9            \n' +
        '# workers\n' +
        '201             worker          0               1d02h03m04s     9.9            \n' +
        '# old workers\n' +
        '200             worker          1               1d02h03m04s     9.9            \n' +
        '# 200: 10.0.0.1:5 keeps it\n',
    );
    expect(processTable(new Bench(), true, 0).split('\n')[0]).toMatch(
      /\t\t <ipc_fd\[0\]> {5}<ipc_fd\[1\]> {4}$/,
    );
    expect(uptimeText(5000, 0)).toBe('0d00h00m00s');
  });
});

it('@@ gives the connection to a worker until that closes it, then it is the master’s again', async () => {
  const door = new Bench();
  const pipe = new Echo(201);
  const sent: string[] = [];
  let answer = (_text: string): void => {};
  let close = (): void => {};
  pipe.send = (text) => sent.push(text);
  pipe.onText = (take) => (answer = take);
  pipe.onEnd = (finish) => (close = finish);
  door.connect = () => pipe;
  const server = createServer({ allowHalfOpen: true }, (socket) =>
    new Conversation(socket, new MasterSession(door, newClient('admin', 5000))).begin(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = connect((server.address() as { port: number }).port, '127.0.0.1');
  await new Promise<void>((resolve) => client.once('connect', () => resolve()));
  const received = () =>
    new Promise<string>((resolve) => client.once('data', (data) => resolve(String(data))));
  client.write('@@1 show info; x\n');
  await waitFor(() => sent.length > 0);
  client.write('show version\n');
  await waitFor(() => sent.length > 1);
  expect(sent).toEqual(['show info; x\n', 'show version\n']);
  const fromWorker = received();
  answer('from the worker\n');
  expect(await fromWorker).toBe('from the worker\n');
  close();
  const fromMaster = received();
  client.write('show version\n');
  expect(await fromMaster).toBe('9.9\n\n');
  end(client);
  server.close();
});

function end(client: Socket): void {
  client.destroy();
}

async function waitFor(isTrue: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000 && !isTrue(); turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(isTrue()).toBe(true);
}

it('a worker that cannot be reached is said', async () => {
  const door = new Bench();
  door.connect = () => undefined as never;
  expect(await talk('@1 a\n', 'admin', door)).toBe("Can't connect to the target CLI!\n");
});
