import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { runtimeDirOf } from '../quick_start_config.ts';

const INSTALLED = '/run/wolfguard/admin.sock';
/** Where `wolfguard ocserv` listens when its file names no other place: ocserv's own default. */
const OCSERV = '/var/run/occtl.socket';
/** Where `npm start` keeps its files, below the current folder. */
const QUICK_START_STATE = '.wolfguard';

/**
 * The socket to talk to where none is named: the installed server's, this folder's quick start, or
 * that of `wolfguard ocserv`, whichever is there. A link called occtl looks for ocserv's first.
 */
export function defaultSocketPath(
  exists: (file: string) => boolean = existsSync,
  calledAs = process.argv[1] ?? '',
): string {
  const quickStart = path.join(runtimeDirOf(path.resolve(QUICK_START_STATE)), 'admin.sock');
  const usual =
    path.basename(calledAs) === 'occtl' ? [OCSERV, INSTALLED] : [INSTALLED, quickStart, OCSERV];
  return usual.find((socket) => exists(socket)) ?? usual[0] ?? INSTALLED;
}
