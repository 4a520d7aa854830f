/** Sizes as they are written in a configuration: bytes, or k, m, g times 1024. */

const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** The largest size that is accepted: 2^32 - 1 bytes. */
export const SIZE_MAX_BYTES = 0xffff_ffff;

/** Bytes, or undefined when <text> is not a size or is too large. */
export function parseSize(text: string): number | undefined {
  const match = /^([0-9]+)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (FACTORS[(match[2] as string).toLowerCase()] as number);
  return bytes > SIZE_MAX_BYTES ? undefined : bytes;
}
