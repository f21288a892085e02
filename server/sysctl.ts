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
  /** The TUN device; it is there already. */
  readonly device: string;
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

/**
 * Lets the kernel forward packets between the TUN device and the others, those that come later among
 * them. The switch of each device is turned, and not the one for all: that would also change what
 * belongs to routers only, and turning it off again would turn off what others have turned on. Where
 * it is on already, its owner says which devices forward, and only ours is added.
 */
export function openForwarding(options: ForwardingOptions, folder = PROC_SYS): ChangedSettings {
  const settings = new Settings(folder);
  if (options.ipv4) forwardIpv4(settings, options);
  if (options.ipv6) forwardIpv6(settings, options);
  return settings;
}

function forwardIpv4(settings: Settings, { device }: ForwardingOptions): void {
  const isOn = settings.read(IPV4_FOR_ALL) === 1;
  const names = isOn ? [device] : settings.children('net.ipv4.conf').filter(isSwitched);
  settings.raiseEach(
    names.map((name) => `net.ipv4.conf.${name}.forwarding`),
    1,
    IPV4_FOR_ALL,
  );
}

/** Linux 6.17 has a switch for each device, and with it a host goes on as a host. */
function forwardIpv6(settings: Settings, { device }: ForwardingOptions): void {
  if (settings.read(IPV6_FOR_ALL) === 1) return;
  const names = settings.children('net.ipv6.conf');
  const keys = names.filter(isSwitched).map((name) => `net.ipv6.conf.${name}.force_forwarding`);
  if (keys.some((key) => settings.read(key) !== undefined)) {
    settings.raiseEach(keys, 1, IPV6_FOR_ALL);
    return;
  }
  // Before forwarding: with that, the kernel forgets the routes of all who have 1 here.
  for (const name of names) {
    if (['all', 'default', device].includes(name)) continue;
    const key = `net.ipv6.conf.${name}.accept_ra`;
    if (settings.read(key) === 1) settings.raise(key, 2);
  }
  settings.raise(IPV6_FOR_ALL, 1);
}

const IPV4_FOR_ALL = 'net.ipv4.ip_forward';
const IPV6_FOR_ALL = 'net.ipv6.conf.all.forwarding';

/** Nothing is forwarded that comes from ourselves. */
const isSwitched = (name: string): boolean => name !== 'all' && name !== 'lo';

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
    this.raiseEach([key], value, key);
  }

  /** The same for settings that one switch stands for: what cannot be done by each, is said of that. */
  raiseEach(keys: readonly string[], value: number, forAll: string): void {
    const failures = keys.flatMap((key) => this.tryToRaise(key, value) ?? []);
    const [failure] = failures;
    if (failure === undefined) return;
    this.warnings.push(
      `${forAll} could not be set (${failure}): run "sysctl -w ${forAll}=${value}"`,
    );
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

  private tryToRaise(key: string, value: number): string | undefined {
    const from = this.read(key);
    if (from !== undefined && from >= value) return undefined;
    const failure = this.write(key, value);
    if (failure === undefined && from !== undefined) this.changed.push({ key, from, to: value });
    return failure;
  }

  private write(key: string, value: number): string | undefined {
    try {
      writeFileSync(this.file(key), `${value}\n`, { flag: 'r+' });
      return undefined;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  private file(key: string): string {
    return settingFile(key, this.folder);
  }
}

/** Where a setting stands: only the words of a key are divided by dots, an interface may be eth0.5. */
export function settingFile(key: string, folder = PROC_SYS): string {
  const [, before = key, name, after] = /^(net\.ipv[46]\.conf)\.(.*)\.(\w+)$/.exec(key) ?? [];
  const parts = name === undefined || after === undefined ? [] : [name, after];
  return path.join(folder, ...before.split('.'), ...parts);
}
