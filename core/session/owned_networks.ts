// What is a session's inside, besides its addresses themselves, and what forbids it.
import type { Peer } from '../ipc/messages.ts';
import { bitsOf, networkOf, overlaps, parseIp, sameNetwork } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { AddressSpace, NetworkConflict } from './address_space.ts';
import type { Session } from './session.ts';

/** Each once: the addresses, the networks that come with them, and what lies behind the client. */
export function ownedNetworks(
  inside: readonly (IpAddress | null)[],
  { iroutes }: SessionPolicy,
  space: AddressSpace,
): Cidr[] {
  const addresses = inside.filter((address) => address !== null);
  const all = [
    ...addresses.map((address) => networkOf(address, bitsOf(address.family))),
    ...addresses.map((address) => space.leaseOf(address)),
    ...iroutes,
  ];
  return all.filter((each, index) => index === all.findIndex((other) => sameNetwork(each, other)));
}

/** What stands against the networks behind a client; undefined when nothing does. */
export function findConflict(
  { session, policy: { iroutes } }: Session,
  peer: Peer,
  space: AddressSpace,
  serverNetworks: () => readonly Cidr[],
): NetworkConflict | undefined {
  if (iroutes.length === 0) return undefined;
  const inside = space.conflictOf(iroutes, session);
  if (inside !== undefined) return inside;
  const others = [
    ...serverNetworks().map((other) => ({ with: 'server', other }) as const),
    // The way to the client itself must not lead through its tunnel.
    ...hostOf(peer).map((other) => ({ with: 'peer', other }) as const),
  ];
  for (const network of iroutes) {
    const found = others.find(({ other }) => overlaps(network, other));
    if (found !== undefined) return { network, ...found };
  }
  return undefined;
}

function hostOf({ address }: Peer): Cidr[] {
  const outside = parseIp(address);
  return outside === undefined ? [] : [networkOf(outside, bitsOf(outside.family))];
}
