// What the session table wants done, as data; the primary does it in order.
import type { TunnelEnd } from '../ipc/messages.ts';
import { sameNetwork } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';
import type { Session, SessionEnd } from './session.ts';

export type SessionEffect =
  | {
      readonly kind: 'close-tunnel';
      readonly worker: number;
      readonly tunnel: number;
      readonly end: TunnelEnd;
      /** Say goodbye first, so that the client does not come back [oc 6.3]. */
      readonly tellClient: boolean;
    }
  /** Packets for that network, which may be a single address, go to this worker; -1 = to nobody. */
  | { readonly kind: 'set-owner'; readonly network: Cidr; readonly worker: number }
  | { readonly kind: 'save'; readonly session: Session }
  | { readonly kind: 'delete'; readonly session: Session; readonly end: SessionEnd };

/** Closes the tunnel that the session has, if it has one. */
export function closeTunnel(
  { state }: Session,
  end: TunnelEnd,
  tellClient: boolean,
): SessionEffect[] {
  if (state.kind === 'waiting') return [];
  return [{ kind: 'close-tunnel', worker: state.worker, tunnel: state.tunnel, end, tellClient }];
}

/** What the worker is told about a tunnel whose session ends. */
export function tunnelEndOf(end: SessionEnd): TunnelEnd {
  if (end === 'logout') return 'user-disconnect';
  return end === 'expired' || end === 'displaced' || end === 'refused' ? 'admin' : end;
}

/** Takes what the session's tunnel owns from its worker, but for what is to be kept. */
export function disown({ state }: Session, keep: readonly Cidr[] = []): SessionEffect[] {
  if (state.kind === 'waiting') return [];
  const kept = (network: Cidr): boolean => keep.some((other) => sameNetwork(network, other));
  return own(
    -1,
    state.networks.filter((network) => !kept(network)),
  );
}

export const own = (worker: number, networks: readonly Cidr[]): SessionEffect[] =>
  networks.map((network) => ({ kind: 'set-owner', network, worker }));
