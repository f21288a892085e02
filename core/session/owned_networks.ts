// What is a session's inside: what its worker owns, what the client hears of it, what forbids it.
import type { Peer, TunnelGrant } from '../ipc/messages.ts';
import { bitsOf, networkOf, overlaps, parseIp, sameNetwork } from '../net/address.ts';
import type { Cidr, IpAddress } from '../net/address.ts';
import type { SessionPolicy } from '../policy/policy.ts';
import type { AddressSpace, NetworkConflict } from './address_space.ts';
import { groupOf } from './session.ts';
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

/** What the worker is told, with the prefixes that its addresses have. */
export function grantOf(session: Session, space: AddressSpace): TunnelGrant {
  const { inside4, inside6 } = session;
  const withPrefix = (address: IpAddress) => ({ address, prefix: space.prefixOf(address) });
  return {
    session: session.session,
    user: session.user,
    group: groupOf(session),
    inside4: inside4 && withPrefix(inside4),
    inside6: inside6 && withPrefix(inside6),
    policy: session.policy,
    sessionEndsAt: session.ending?.at ?? null,
    sessionEndsBy: session.ending?.end ?? 'session-timeout',
  };
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
