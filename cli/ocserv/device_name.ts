import { existsSync } from 'node:fs';

/** More ocservs than anybody runs on one machine. */
const MOST = 1000;

/**
 * "vpns0", or the next name that no device has: a second ocserv on the machine gets numbers of its
 * own, too.
 */
export function freeDevice(
  wanted: string,
  exists: (name: string) => boolean = (name) => existsSync(`/sys/class/net/${name}`),
): string {
  const stem = wanted.replace(/\d+$/, '');
  for (let n = 0; n < MOST; n++) {
    const name = `${stem}${n}`;
    if (!exists(name)) return name;
  }
  return wanted;
}
