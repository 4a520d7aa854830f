/**
 * The bodies that the origin serves and the checks compare with: made from a fixed seed, so that every run and every
 * machine moves the same bytes. The HTML imitates a shop's listing page: repeated markup around words drawn with
 * Zipf's frequencies and numbers that differ, which is what an encoder meets in the street. State: none.
 */
import { createHash } from 'node:crypto';

export interface Body {
  readonly bytes: Buffer;
  readonly sha256: string;
  /** The file's name below the origin's /files/, or '' when the origin's configuration holds it. */
  readonly file: string;
}

/** xorshift32: small, fast, the same everywhere. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
};

const SYLLABLES =
  'an ber con da el fi gra hi in jo ka lu men nor o par qui re sta tor un vel wi ya zen'.split(' ');

const vocabulary = (random: () => number, count: number): string[] => {
  const words: string[] = [];
  for (let i = 0; i < count; i++) {
    let word = '';
    const syllables = 1 + Math.floor(random() * 3);
    for (let s = 0; s < syllables; s++) word += SYLLABLES[Math.floor(random() * SYLLABLES.length)];
    words.push(word);
  }
  return words;
};

/** HTML of exactly `length` bytes; a comment fills the end. */
const html = (length: number, seed: number): Buffer => {
  const random = randomFrom(seed);
  const words = vocabulary(random, 1200);
  const word = (): string => words[Math.floor(words.length ** random()) - 1] ?? 'the';
  const sentence = (count: number): string => {
    let text = word();
    for (let i = 1; i < count; i++) text += ` ${word()}`;
    return `${text[0]?.toUpperCase()}${text.slice(1)}.`;
  };
  const parts = [
    '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Listing</title>\n',
    '<link rel="stylesheet" href="/static/css/site.css">\n<script src="/static/js/site.js" defer></script>\n',
    '</head>\n<body>\n<main class="listing">\n',
  ];
  let size = parts.join('').length;
  const end = '</main>\n</body>\n</html>\n';
  for (let item = 1; ; item++) {
    const slug = `${word()}-${word()}-${Math.floor(random() * 1e6)}`;
    const part =
      `<article class="item" id="item-${item}">\n  <h2><a href="/items/${slug}">${sentence(4)}</a></h2>\n` +
      `  <img src="/images/${slug}.jpg" width="320" height="240" alt="${word()}">\n` +
      `  <p class="text">${sentence(6 + Math.floor(random() * 30))} ${sentence(8)}</p>\n` +
      `  <span class="price">${(random() * 1000).toFixed(2)}</span> <button type="button">Add</button>\n</article>\n`;
    if (size + part.length + end.length + 9 > length) break;
    parts.push(part);
    size += part.length;
  }
  const fill = length - size - end.length - 8;
  parts.push('<!-- ', '.'.repeat(fill), '-->', end);
  return Buffer.from(parts.join(''), 'latin1');
};

const noise = (length: number, seed: number): Buffer => {
  const random = randomFrom(seed);
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32LE(Math.floor(random() * 0x1_0000_0000), i);
  return bytes;
};

const body = (bytes: Buffer, file: string): Body => ({
  bytes,
  sha256: createHash('sha256').update(bytes).digest('hex'),
  file,
});

/** 128 bytes that need no quoting in the origin's configuration. */
const SMALL_TEXT = 'The quick brown fox jumps over the lazy dog. '.repeat(3).slice(0, 127).concat('!');
const KIB = 1024;

/** 18 MB in all; made once per run. */
export const makeBodies = (): ReadonlyMap<string, Body> =>
  new Map([
    ['small', body(Buffer.from(SMALL_TEXT, 'latin1'), '')],
    ['up-1m', body(noise(1024 * KIB, 0x5eed0001), '')],
    ['down-64k', body(noise(64 * KIB, 0x5eed0002), 'down-64k.bin')],
    ['down-1m', body(noise(1024 * KIB, 0x5eed0003), 'down-1m.bin')],
    ['down-16m', body(Buffer.alloc(16 * 1024 * KIB, noise(64 * KIB, 0x5eed0004)), 'down-16m.bin')],
    ['html-4k', body(html(4 * KIB, 0x5eed0005), 'html-4k.html')],
    ['html-64k', body(html(64 * KIB, 0x5eed0006), 'html-64k.html')],
    ['html-1m', body(html(1024 * KIB, 0x5eed0007), 'html-1m.html')],
  ]);
