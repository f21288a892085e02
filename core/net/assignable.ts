// Which addresses a client may be given at all, whoever says so.
import { contains, overlaps, parseCidr } from './address.ts';
import type { Cidr, IpAddress } from './address.ts';

/** "This" network, loopback, link-local, multicast and reserved: no host answers to them through a tunnel. */
const NEVER = [
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3'],
  ...['::/127', 'fe80::/10', 'ff00::/8'],
].flatMap((text) => parseCidr(text)?.network ?? []);

/** Whether a network may lie behind a client: no part of those above, and so not everything. */
export const isRoutable = (network: Cidr): boolean =>
  !NEVER.some((never) => overlaps(never, network));

export const isAssignable = (address: IpAddress): boolean =>
  !NEVER.some((network) => contains(network, address));
