/** Hot path. Converters that hash: the small ones used for balancing and sampling (a non-zero argument applies the full avalanche),
 * and cryptographic digests.
 */

import { avalanche, crc32, crc32c, djb2, sdbm, wt6 } from '../../base/hash.ts';
import { crypto } from '../../base/late-modules.ts';
import type { Stream } from '../../model/stream.ts';
import { converter } from '../declare.ts';
import { textOf } from '../types.ts';
import { Variable } from '../variable.ts';

function smallHash(name: string, hash: (key: string) => number) {
  return converter({
    name,
    args: ['sint?'],
    input: 'bin',
    output: 'sint',
    convert: (data, [spread]) => (spread ? avalanche(hash(data)) : hash(data)),
  });
}

function digest(algorithm: string, data: string): string {
  return crypto().createHash(algorithm).update(data, 'latin1').digest().toString('latin1');
}

let known: Set<string> | undefined;

/** Asked when the configuration is read. */
function wrongAlgorithm(name: string): string | undefined {
  known ??= new Set(
    crypto()
      .getHashes()
      .map((hash) => hash.toLowerCase()),
  );
  return known.has(name.toLowerCase()) ? undefined : 'algorithm must be a valid OpenSSL message digest name';
}

function keyOf(key: string | Variable, stream: Stream): string | undefined {
  return key instanceof Variable
    ? textOf(key.get(stream), 'any')
    : Buffer.from(key, 'base64').toString('latin1');
}

export const hashConverters = [
  smallHash('crc32', crc32),
  smallHash('crc32c', crc32c),
  smallHash('djb2', djb2),
  smallHash('sdbm', sdbm),
  smallHash('wt6', wt6),
  converter({
    name: 'sha1',
    args: [],
    input: 'bin',
    output: 'bin',
    convert: (data) => digest('sha1', data),
  }),
  converter({
    name: 'sha2',
    args: ['sint?'],
    input: 'bin',
    output: 'bin',
    check: ([bits]) =>
      bits === undefined || [224, 256, 384, 512].includes(bits)
        ? undefined
        : `Unsupported number of bits: '${bits}'`,
    convert: (data, [bits]) => digest(`sha${bits ?? 256}`, data),
  }),
  converter({
    name: 'digest',
    args: ['str'],
    input: 'bin',
    output: 'bin',
    check: ([algorithm]) => wrongAlgorithm(algorithm),
    convert: (data, [algorithm]) => digest(algorithm, data),
  }),
  converter({
    name: 'hmac',
    args: ['str', 'str or var'],
    input: 'bin',
    output: 'bin',
    check: ([algorithm]) => wrongAlgorithm(algorithm),
    convert: (data, [algorithm, secret], stream) => {
      const key = keyOf(secret, stream);
      if (key === undefined) return undefined;
      return crypto()
        .createHmac(algorithm, Buffer.from(key, 'latin1'))
        .update(data, 'latin1')
        .digest()
        .toString('latin1');
    },
  }),
  converter({
    name: 'secure_memcmp',
    args: ['var'],
    input: 'bin',
    output: 'bool',
    convert: (data, [variable], stream) => {
      const other = textOf(variable.get(stream), 'any');
      if (other === undefined) return undefined;
      if (other.length !== data.length) return false;
      // No early end: the time must not tell where the two differ.
      let difference = 0;
      for (let i = 0; i < data.length; i++) difference |= data.charCodeAt(i) ^ other.charCodeAt(i);
      return difference === 0;
    },
  }),
];
