import type { AdminResults } from '../../../core/ipc/admin.ts';
import type { EpochMs } from '../../../core/units.ts';
import { formatTime } from '../text.ts';
import { formatAge, seconds } from './record.ts';
import type { JsonRecord } from './record.ts';

/** For `show ip bans`. What occtl calls "Since" is when the ban ends, and "_Since" how long until. */
export const banRecord = (ban: AdminResults['ip-bans'][number], now: EpochMs): JsonRecord => ({
  IP: ban.source,
  Since: formatTime(ban.endsAt),
  _Since: formatAge(ban.endsAt - now),
  Score: ban.score,
  'Banned at': formatTime(ban.since),
  raw_banned_at: seconds(ban.since),
  raw_ends_at: seconds(ban.endsAt),
});

/** For `show ip ban points`; "Last at" is the begin of a ban, or the time of the last points. */
export const pointsRecord = (points: AdminResults['ip-ban-points'][number]): JsonRecord => ({
  IP: points.source,
  Score: points.score,
  'Last at': formatTime(points.at),
  raw_last_at: seconds(points.at),
  Banned: points.banned,
});
