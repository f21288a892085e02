import type { AdminStatistics } from '../core/ipc/admin.ts';
import type { LoginReply, TunnelCounters, TunnelEnd } from '../core/ipc/messages.ts';
import type { Bytes, Milliseconds } from '../core/units.ts';
import { LoginTimes } from './login_times.ts';

/** What has happened since the start; nothing here is ever reset. */
export class Statistics {
  private logins = 0;
  private failedLogins = 0;
  private tunnels = 0;
  private readonly ends: Partial<Record<TunnelEnd, number>> = {};
  private closed = 0;
  private totalTunnelMs: Milliseconds = 0;
  private longestTunnelMs: Milliseconds = 0;
  private rxBytes: Bytes = 0;
  private txBytes: Bytes = 0;
  private mtu: AdminStatistics['mtu'] = null;
  readonly loginTimes = new LoginTimes();

  /** A step of a login was answered; `refused`: it was an attempt, and a wrong one. */
  loginAnswered(reply: LoginReply, refused: boolean): void {
    if (reply.kind === 'complete') this.logins++;
    else if (refused) this.failedLogins++;
  }

  tunnelOpened(): void {
    this.tunnels++;
  }

  /** `lastedMs`: undefined where the session is gone already and nobody knows any more. */
  tunnelClosed(end: TunnelEnd, counters: TunnelCounters, lastedMs: Milliseconds | undefined): void {
    this.ends[end] = (this.ends[end] ?? 0) + 1;
    this.rxBytes += counters.rxBytes;
    this.txBytes += counters.txBytes;
    if (lastedMs === undefined) return;
    this.closed++;
    this.totalTunnelMs += lastedMs;
    this.longestTunnelMs = Math.max(this.longestTunnelMs, lastedMs);
  }

  /** Of a tunnel that is up. */
  sawMtu(mtu: Bytes): void {
    const { min, max } = this.mtu ?? { min: mtu, max: mtu };
    if (this.mtu === null || mtu < min || mtu > max) {
      this.mtu = { min: Math.min(min, mtu), max: Math.max(max, mtu) };
    }
  }

  /** `live`: the traffic of the tunnels that are open now. */
  read(live: { readonly rxBytes: Bytes; readonly txBytes: Bytes }): AdminStatistics {
    const count = (...ends: TunnelEnd[]): number =>
      ends.reduce((sum, end) => sum + (this.ends[end] ?? 0), 0);
    return {
      logins: this.logins,
      failedLogins: this.failedLogins,
      tunnels: this.tunnels,
      closedTunnels: Object.values(this.ends).reduce((sum, ended) => sum + ended, 0),
      averageLoginMs: this.loginTimes.averageMs,
      longestLoginMs: this.loginTimes.longestMs,
      mtu: this.mtu,
      timedOut: count('session-timeout', 'hours-over', 'account-expired', 'dpd-timeout'),
      idledOut: count('idle-timeout'),
      endedByError: count('protocol-error'),
      averageTunnelMs: this.closed === 0 ? 0 : this.totalTunnelMs / this.closed,
      longestTunnelMs: this.longestTunnelMs,
      rxBytes: this.rxBytes + live.rxBytes,
      txBytes: this.txBytes + live.txBytes,
    };
  }
}
