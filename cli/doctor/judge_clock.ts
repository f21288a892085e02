// A wrong clock breaks certificates and one-time passwords, and says nothing of itself.
import type { EpochMs } from '../../core/units.ts';
import { ok, problem, warning } from './finding.ts';
import type { Finding } from './finding.ts';

export interface ClockFacts {
  readonly now: EpochMs;
  /** Whether somebody keeps it right; null = the kernel does not say. */
  readonly synchronised: boolean | null;
  /** Beginnings of what is served now: an earlier clock is wrong for sure. */
  readonly notBefore: readonly EpochMs[];
  /** One-time passwords by time are among the steps of the chains. */
  readonly usesTotp: boolean;
}

/** When this check was written: no clock of a machine that runs it stands before. */
const EARLIEST: EpochMs = Date.UTC(2026, 0, 1);

export function judgeClock({ now, synchronised, notBefore, usesTotp }: ClockFacts): Finding[] {
  const shown = new Date(now).toISOString().slice(0, 16).replace('T', ' ');
  const mend = 'timedatectl set-ntp true, or apt-get install chrony';
  const latest = Math.max(EARLIEST, ...notBefore);
  if (now < latest) {
    const behind = new Date(latest).toISOString().slice(0, 10);
    return [
      problem('clock', `the clock says ${shown} UTC; what is served was made on ${behind}`, mend),
    ];
  }
  if (synchronised === true) return [ok('clock', `${shown} UTC, kept right by NTP`)];
  if (synchronised === null) return [ok('clock', `${shown} UTC`)];
  const consequence = usesTotp ? ': one-time passwords are refused when it drifts' : '';
  return [warning('clock', `${shown} UTC, and nothing keeps it right${consequence}`, mend)];
}
