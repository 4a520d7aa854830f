/** Command lines that launchers use, and those that make no sense. */
import { describe, expect, it } from 'vitest';
import { type CommandLine, parseCommandLine } from './command-line.ts';

const parse = (text: string) => parseCommandLine(text === '' ? [] : text.split(' '));

describe('a command line', () => {
  it('is read as HAProxy reads it', () => {
    expect(parse('-d -dM -dI -dW -f a.cfg -L peer0 -p x.pid -C /etc -n 100 -N 10 -f b -- c d')).toMatchObject(
      {
        files: ['a.cfg', 'b', 'c', 'd'],
        isDebug: true,
        areWarningsFatal: true,
        localPeer: 'peer0',
        pidFile: 'x.pid',
        directory: '/etc',
        maxconn: 100,
        proxyMaxconn: 10,
      },
    );
  });
  it('takes pids after -sf and -st, as many as there are', () => {
    const line = parse('-S fd@3 -f a -sf 12 13 -st 14 -x /run/s') as CommandLine;
    expect([line.softStopPids, line.hardStopPids, line.transferSocket]).toEqual([[12, 13], [14], '/run/s']);
  });
  it('wants a master with -W and one that tells with -Ws', () => {
    expect(parse('-W -f a')).toMatchObject({ isMaster: true, isNotifying: false });
    expect(parse('-Ws -f a')).toMatchObject({ isMaster: true, isNotifying: true });
  });
  it('prints tables', () =>
    expect((parse('-dKcfg,smp -dKall') as CommandLine).dumps).toEqual(['cfg', 'smp', 'all']));
  it('accepts and ignores what HAProxy debugs with', () => {
    for (const flag of ['-db', '-dM', '-dMfail', '-dS', '-dZ', '-dt'])
      expect(parse(flag)).not.toHaveProperty('error');
  });
  it.each([
    ['-z', "unknown option '-z'"],
    ['-f', "option '-f' expects an argument"],
    ['a.cfg', "unexpected argument 'a.cfg'"],
    ['-n many', "option '-n' expects a number, not 'many'"],
  ])('%s', (text, error) => expect(parse(text)).toMatchObject({ error }));
  it('is answered with all options only where they help', () => {
    expect(parse('-dC')).toMatchObject({ isUsageDue: false });
    expect(parse('-z')).toMatchObject({ isUsageDue: true });
  });
  it('goes to the background, or stays in front', () => {
    expect(parse('-D -f a')).toMatchObject({ isDaemon: true, isForeground: false });
    expect(parse('-db -m 100 -f a')).toMatchObject({ isDaemon: false, isForeground: true, memoryMb: 100 });
  });
});
