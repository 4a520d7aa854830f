/** The web stream, read by the platform's own DecompressionStream. */
import { describe, expect, test } from 'vitest';
import { type FormatName, SlzCompressionStream } from './index.ts';

const line = Buffer.from('data: {"id":1,"name":"sluice"}\n\n');

async function unpacked(stream: SlzCompressionStream, format: FormatName): Promise<Buffer> {
  const plain = (stream.readable as ReadableStream).pipeThrough(new DecompressionStream(format));
  return Buffer.from(await new Response(plain as ReadableStream).arrayBuffer());
}

describe.each<FormatName>(['gzip', 'deflate', 'deflate-raw'])('%s', (format) => {
  test.each([0, 1, 1000, 65_536, 3_000_000])('gives back %i bytes', async (size) => {
    const body = Buffer.alloc(size, line);
    const stream = new SlzCompressionStream(format, { mode: 'fast' });
    const writer = stream.writable.getWriter();
    const written = writer.write(body).then(() => writer.close());
    expect((await unpacked(stream, format)).equals(body)).toBe(true);
    await written;
  });
});

test('flushEach makes every chunk decodable at once', async () => {
  const stream = new SlzCompressionStream('gzip', { flushEach: true });
  const plain = (stream.readable as ReadableStream<Uint8Array>).pipeThrough(new DecompressionStream('gzip'));
  const reader = plain.getReader();
  const writer = stream.writable.getWriter();
  for (let count = 0; count < 5; count++) {
    const written = writer.write(line);
    const { value } = await reader.read();
    expect(Buffer.from(value as Uint8Array).equals(line)).toBe(true);
    await written;
  }
  await reader.cancel();
});

test('refuses what CompressionStream refuses', async () => {
  expect(() => new SlzCompressionStream('br' as FormatName)).toThrow(TypeError);
  const stream = new SlzCompressionStream('gzip');
  const writer = stream.writable.getWriter();
  const refused = writer.write('text' as unknown as Uint8Array);
  const closed = expect(writer.closed).rejects.toThrow(TypeError);
  const read = expect(stream.readable.getReader().read()).rejects.toThrow(TypeError);
  await expect(refused).rejects.toThrow(/chunk must be an ArrayBuffer/);
  await Promise.all([closed, read]);
});
