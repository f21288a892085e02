import { existsSync } from 'node:fs';
import path from 'node:path';
import { runtimeDirOf } from '../quick_start_config.ts';

const INSTALLED = '/run/wolfguard/admin.sock';
/** Where `npm start` keeps its files, below the current folder. */
const QUICK_START_STATE = '.wolfguard';

/** The socket to talk to where none is named: the installed server's, else this folder's quick start. */
export function defaultSocketPath(exists: (file: string) => boolean = existsSync): string {
  const quickStart = path.join(runtimeDirOf(path.resolve(QUICK_START_STATE)), 'admin.sock');
  return !exists(INSTALLED) && exists(quickStart) ? quickStart : INSTALLED;
}
