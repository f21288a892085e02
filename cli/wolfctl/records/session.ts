import type { AdminSession } from '../../../core/ipc/admin.ts';
import { formatTime } from '../text.ts';
import { nameOf, seconds, shortId, vhostOf, told } from './record.ts';
import type { JsonRecord } from './record.ts';

/**
 * For `show sessions` and `show session`. All of ours have logged in, which is what occtl calls
 * authenticated; whether somebody is there now is in `in_use`.
 */
export function sessionRecord(session: AdminSession): JsonRecord {
  const { expiresAt } = session;
  const inUse = session.state === 'connected' ? 1 : 0;
  return {
    Session: shortId(session),
    'Full session': session.publicId,
    Created: formatTime(session.loginAt),
    raw_created: seconds(session.loginAt),
    State: 'authenticated',
    Username: nameOf(session.user),
    Groupname: nameOf(session.group),
    vhost: vhostOf(session),
    'User-Agent': told(session.userAgent),
    'Remote IP': session.peer.address,
    session_is_open: inUse,
    in_use: inUse,
    Expires: expiresAt === null ? undefined : formatTime(expiresAt),
    raw_expires: expiresAt === null ? undefined : seconds(expiresAt),
    ID: session.id,
    IPv4: session.address4 ?? undefined,
    IPv6: session.address6 ?? undefined,
  };
}
