// What may be run as root or decide who comes in: a file that nobody but root can change.
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { finding, readFailure } from './disk_files.ts';
import { quote } from './kind.ts';
import type { Finding } from './problems.ts';
import type { Config } from './schema.ts';

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
/** In such a folder nobody can replace what belongs to others. */
const STICKY = 0o1000;
const ANYBODY_EXECUTES = 0o111;

/** `uid`: who may own it, which is whom it runs as; root is always right. */
export interface TroubleOptions {
  readonly executable: boolean;
  readonly uid?: number;
}

/** Why this file must not be run or loaded; undefined = it may. Looks at the disk each time. */
export function hookFileTrouble(
  path: string,
  { executable, uid = process.getuid?.() ?? 0 }: TroubleOptions,
): string | undefined {
  try {
    const file = statSync(path);
    if (!file.isFile()) return `${quote(path)} is not a file`;
    if (executable && (file.mode & ANYBODY_EXECUTES) === 0)
      return `${quote(path)} is not executable`;
    accessSync(path, executable ? constants.X_OK : constants.R_OK);
    return changeable(path, uid);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return `${quote(path)}: ${readFailure(code, message)}`;
  }
}

/** The hooks that could not be run. */
export const checkHooks = ({ hooks }: Config): Finding[] => [
  ...(['connect', 'disconnect', 'host_update'] as const).flatMap((key) => {
    const path = hooks[key];
    return path === null ? [] : about(`hooks.${key}`, path, true);
  }),
  ...hooks.plugins.flatMap((path) => about('hooks.plugins', path, false)),
];

function about(key: string, path: string, executable: boolean): Finding[] {
  const trouble = hookFileTrouble(path, { executable });
  return trouble === undefined ? [] : [finding(key, trouble)];
}

/** The file, and every folder on the way to it. */
function changeable(path: string, uid: number): string | undefined {
  for (let part = path; ; part = dirname(part)) {
    const info = statSync(part);
    const shown = quote(part);
    if (info.uid !== 0 && info.uid !== uid) return `${shown} belongs to another user than root`;
    const isSticky = part !== path && (info.mode & STICKY) !== 0;
    const groupWrites = (info.mode & GROUP_WRITES) !== 0 && info.gid !== 0;
    if (!isSticky && (groupWrites || (info.mode & OTHERS_WRITE) !== 0)) {
      return `${shown} may be changed by others than root: chmod go-w ${part}`;
    }
    if (part === dirname(part)) return undefined;
  }
}
