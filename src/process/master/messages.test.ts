/** Neither side believes the other: what makes no sense is undefined. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryPieces, fromWorker, textPieces, toWorker } from './messages.ts';

const SOCKET = {
  address: { kind: 'ipv4', host: '127.0.0.1', port: 80, fd: -1, source: ':80' },
  backlog: 10,
  v6only: false,
  v4v6: false,
  namespace: '',
  device: '',
};

describe('messages', () => {
  it('of a worker are checked field by field', () => {
    expect(fromWorker({ kind: 'sockets', total: 1, wanted: [SOCKET] }, 0)?.kind).toBe('sockets');
    const bad = { ...SOCKET, address: { ...SOCKET.address, port: 70_000 } };
    expect(fromWorker({ kind: 'sockets', total: 1, wanted: [bad] }, 0)).toBeUndefined();
    expect(fromWorker({ kind: 'serving' }, 1)).toBeUndefined();
    expect(fromWorker({ kind: 'stale', lines: [1], requests: 0 }, 0)).toBeUndefined();
  });
  it('of the master must have the descriptors that they speak of', () => {
    const answers = [{ socketId: 1 }, { error: 'no' }];
    expect(toWorker({ kind: 'sockets', answers }, 1)?.kind).toBe('sockets');
    expect(toWorker({ kind: 'sockets', answers }, 2)).toBeUndefined();
    expect(toWorker({ kind: 'cli', level: 'admin' }, 0)).toBeUndefined();
    expect(toWorker({ kind: 'warm-up' }, 1)?.kind).toBe('warm-up');
    expect(toWorker({ kind: 'warm-up' }, 0)).toBeUndefined();
    expect(toWorker({ kind: 'cli', level: 'root' }, 1)).toBeUndefined();
  });
  it('of any content are an answer, never an exception', () => {
    const kinds = [
      'booted',
      'sockets',
      'ready',
      'state',
      'configure',
      'serve',
      'retire',
      'cli',
      'history',
      'toString',
    ];
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.record({
        kind: fc.constantFrom(...kinds),
        wanted: fc.jsonValue(),
        answers: fc.jsonValue(),
        facts: fc.jsonValue(),
      }),
    );
    fc.assert(
      fc.property(anything, fc.nat(300), (value, descriptors) => {
        fromWorker(value, descriptors);
        toWorker(value, descriptors);
      }),
    );
  });
  it('are cut so that each fits in a packet', () => {
    const text = '\u0001'.repeat(20_000);
    const pieces = [...textPieces(text)];
    expect(pieces.join('')).toBe(text);
    for (const piece of pieces) expect(Buffer.byteLength(JSON.stringify(piece))).toBeLessThan(65_000);
    const entries = Array.from({ length: 1000 }, (_, at) => ({ at, text: 'x'.repeat(100) }));
    const parts = [...entryPieces(entries)];
    expect(parts.flat()).toEqual(entries);
    for (const part of parts) expect(JSON.stringify(part).length).toBeLessThan(65_000);
  });
});
