/** Converters on addresses. */
import { Address, embeddedIpv4 } from '../../base/ip.ts';
import { converter } from '../declare.ts';

function masked(address: Address, mask: Uint8Array): Address {
  const octets = new Uint8Array(address.octets.length);
  for (let i = 0; i < octets.length; i++) octets[i] = (address.octets[i] as number) & (mask[i] as number);
  return new Address(octets);
}

export const addressConverters = [
  converter({
    name: 'ipmask',
    args: ['msk4', 'msk6?'],
    input: 'addr',
    output: 'addr',
    convert: (address, [mask4, mask6]) => {
      const v4 = embeddedIpv4(address);
      if (v4 !== undefined) return masked(v4, mask4);
      return mask6 === undefined ? undefined : masked(address, mask6);
    },
  }),
];
