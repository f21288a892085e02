// Kernel settings that a VPN server needs. What cannot be set is a warning with the line to run:
// in a container /proc/sys is often read-only, and the host may have set it already.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Bytes } from '../core/units.ts';

/** Settings that have been changed; `close` puts them back, except where somebody else has since. */
export interface ChangedSettings {
  /** Sentences for the operator. */
  readonly warnings: readonly string[];
  close(): void;
}

export interface ForwardingOptions {
  /** The TUN device: nobody on it may advertise routes to us. */
  readonly device: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/**
 * Lets the kernel forward packets between the TUN device and the others. Interfaces that learn
 * their IPv6 routes from router advertisements go on doing so, which forwarding would end.
 */
export function openForwarding(
  { device, ipv4, ipv6 }: ForwardingOptions,
  folder = PROC_SYS,
): ChangedSettings {
  const settings = new Settings(folder);
  if (ipv4) settings.raise('net.ipv4.ip_forward', 1);
  if (ipv6) {
    // Before forwarding: with that, the kernel forgets the routes of all who have 1 here.
    for (const name of settings.children('net.ipv6.conf')) {
      if (['all', 'default', device].includes(name)) continue;
      const key = `net.ipv6.conf.${name}.accept_ra`;
      if (settings.read(key) === 1) settings.raise(key, 2);
    }
    settings.raise('net.ipv6.conf.all.forwarding', 1);
  }
  return settings;
}

/** Raises the bounds of socket buffers to `bytes`; not put back, since others may use them then. */
export function raiseBuffers(bytes: Bytes, folder = PROC_SYS): readonly string[] {
  const settings = new Settings(folder);
  settings.raise('net.core.rmem_max', bytes);
  settings.raise('net.core.wmem_max', bytes);
  return settings.warnings;
}

/** Lengthens the queues between workers, before they are opened; not put back either. */
export function raiseMailboxQueue(folder = PROC_SYS): readonly string[] {
  const settings = new Settings(folder);
  settings.raise('net.unix.max_dgram_qlen', MAILBOX_DATAGRAMS);
  return settings.warnings;
}

const PROC_SYS = '/proc/sys';
/** What systemd sets; the kernel's own 10 is less than one batch of packets. */
const MAILBOX_DATAGRAMS = 512;

class Settings implements ChangedSettings {
  readonly warnings: string[] = [];
  private readonly changed: { readonly key: string; readonly from: number; readonly to: number }[] =
    [];
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Does nothing when the value is as high already. */
  raise(key: string, value: number): void {
    const from = this.read(key);
    if (from !== undefined && from >= value) return;
    const failure = this.write(key, value);
    if (failure !== undefined) {
      this.warnings.push(`${key} could not be set (${failure}): run "sysctl -w ${key}=${value}"`);
    } else if (from !== undefined) {
      this.changed.push({ key, from, to: value });
    }
  }

  read(key: string): number | undefined {
    try {
      return Number(readFileSync(this.file(key), 'utf8'));
    } catch {
      return undefined;
    }
  }

  children(key: string): string[] {
    try {
      return readdirSync(this.file(key));
    } catch {
      return [];
    }
  }

  close(): void {
    for (const { key, from, to } of this.changed.splice(0).reverse()) {
      if (this.read(key) === to) this.write(key, from);
    }
  }

  private write(key: string, value: number): string | undefined {
    try {
      writeFileSync(this.file(key), `${value}\n`, { flag: 'r+' });
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  /** Only the four words of a key are divided by dots: an interface may be called eth0.5. */
  private file(key: string): string {
    const [, before = key, name, after] = /^(net\.ipv6\.conf)\.(.*)\.(\w+)$/.exec(key) ?? [];
    const parts = name === undefined || after === undefined ? [] : [name, after];
    return path.join(this.folder, ...before.split('.'), ...parts);
  }
}
