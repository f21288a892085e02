// What the session table wants done, as data; the primary does it in order.
import type { TunnelEnd } from '../ipc/messages.ts';
import { sameIp } from '../net/address.ts';
import type { IpAddress } from '../net/address.ts';
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
  /** Packets for that address go to this worker; -1 = to nobody. */
  | { readonly kind: 'set-owner'; readonly address: IpAddress; readonly worker: number }
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

/** Takes the addresses of the session's tunnel from their worker, but for those to keep. */
export function disown({ state }: Session, keep: readonly IpAddress[] = []): SessionEffect[] {
  if (state.kind === 'waiting') return [];
  const kept = (address: IpAddress): boolean => keep.some((other) => sameIp(address, other));
  return own(
    -1,
    state.addresses.filter((address) => !kept(address)),
  );
}

export const own = (worker: number, addresses: readonly IpAddress[]): SessionEffect[] =>
  addresses.map((address) => ({ kind: 'set-owner', address, worker }));
