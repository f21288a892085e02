// Where relative paths of an ocserv.conf lead.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ConfLine } from './conf_file.ts';
import type { FindPath } from './translate.ts';

/** Nobody knows where that ocserv was started: beside its file first, then here. */
export const besideOrHere =
  (source: string, workingDirectory: string): FindPath =>
  (written) => {
    if (path.isAbsolute(written)) return path.normalize(written);
    const near = path.join(path.dirname(path.resolve(workingDirectory, source)), written);
    return existsSync(near) ? near : path.resolve(workingDirectory, written);
  };

/**
 * As ocserv finds them. `base`: where it was started, or "/" for a daemon, which goes there first.
 * Behind its start the main process stands in chroot-dir, and runs programs from there; the profile
 * is read by workers, which see nothing outside of it.
 */
export function asOcserv(base: string, lines: readonly ConfLine[]): FindPath {
  const chroot = lines.findLast(({ name, vhost }) => name === 'chroot-dir' && vhost === '')?.value;
  const cell = chroot === undefined || chroot === '' ? undefined : path.resolve(base, chroot);
  return (written, option) => {
    if (cell === undefined) return path.resolve(base, written);
    if (PROGRAMS.has(option)) return path.resolve(cell, written);
    const inside = path.join(cell, written);
    return option === 'user-profile' && existsSync(inside) ? inside : path.resolve(base, written);
  };
}

const PROGRAMS = new Set(['connect-script', 'disconnect-script', 'host-update-script']);
