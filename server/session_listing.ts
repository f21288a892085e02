// Sessions as administrators see them, with what the workers just said about their tunnels.
import type { AdminSession } from '../core/ipc/admin.ts';
import type { TunnelStatus } from '../core/ipc/messages.ts';
import type { Session } from '../core/session/session.ts';
import { renderSession } from '../core/session/view.ts';
import type { SessionView } from '../core/session/view.ts';
import type { Quotas } from './quotas.ts';
import { publicIdOf } from './session_id.ts';

/** By worker: its tunnels as it sees them now; of a silent one, nothing. */
export type LiveTunnels = ReadonlyMap<number, readonly TunnelStatus[]>;

export interface ListingComponents {
  /** Name of the TUN device. */
  readonly device: string;
  /** Absent: nobody counts. */
  readonly quotas: Pick<Quotas, 'view'> | undefined;
}

/** The server's address inside that a client with this address sees; null = of a null. */
export type LocalAddressFor = (address: string | null) => string | null;

export const withLocalAddresses = (
  session: SessionView,
  localAddressFor: LocalAddressFor,
): AdminSession => ({
  ...session,
  local4: localAddressFor(session.address4),
  local6: localAddressFor(session.address6),
});

export function listSessions(
  sessions: readonly Session[],
  tunnels: LiveTunnels,
  components: ListingComponents,
): SessionView[] {
  const statuses = new Map<string, TunnelStatus>();
  for (const [worker, list] of tunnels) {
    for (const status of list) statuses.set(`${worker}/${status.tunnel}`, status);
  }
  return sessions.map((session) => {
    const { state } = session;
    const key = state.kind === 'connected' ? `${state.worker}/${state.tunnel}` : '';
    return viewSession(session, statuses.get(key), components);
  });
}

/** `status`: of the tunnel that carries it now; undefined when it is not known. */
export function viewSession(
  session: Session,
  status: TunnelStatus | undefined,
  { device, quotas }: ListingComponents,
): SessionView {
  const { quota } = session.policy;
  return renderSession(session, {
    publicId: publicIdOf(session.cookieHash),
    device,
    status,
    quota: quota === null ? null : (quotas?.view(session.user, quota) ?? null),
  });
}
