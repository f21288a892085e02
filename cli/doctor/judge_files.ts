// Where the state is kept, and who may read what is secret.
import type { Bytes } from '../../core/units.ts';
import { ok, problem, unchecked, warning } from './finding.ts';
import type { Finding } from './finding.ts';

export interface StateFacts {
  /** state.dir */
  readonly path: string;
  readonly state:
    /** The server makes it in `parent`. */
    | { readonly kind: 'missing'; readonly parent: string; readonly canMake: boolean }
    | { readonly kind: 'there'; readonly writable: boolean }
    | { readonly kind: 'no-folder' };
  /** Of statfs(2), of the folder or the one that it will be made in; null = unknown. */
  readonly disk: { readonly magic: number; readonly freeBytes: Bytes } | null;
  readonly isRoot: boolean;
}

/** statfs(2) */
const IN_MEMORY = new Map([
  [0x0102_1994, 'tmpfs'],
  [0x8584_58f6, 'ramfs'],
]);
const OVERLAY = 0x794c_7630;
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff53_4d42, 'CIFS'],
  [0xfe53_4d42, 'SMB'],
]);
/** Sessions of 100,000 clients and bans of as many sources take less. */
const ROOM: Bytes = 256 * 1024 * 1024;

export function judgeState({ path, state, disk, isRoot }: StateFacts): Finding[] {
  const id = 'state-dir';
  if (state.kind === 'no-folder') {
    return [problem(id, `${path} is no folder`, 'name another one in state.dir')];
  }
  const writable = state.kind === 'there' ? state.writable : state.canMake;
  const where = state.kind === 'there' ? path : state.parent;
  if (!writable && !isRoot) return [unchecked(id, `${where} is for root to write`)];
  if (!writable) {
    const mend = 'mount it read-write, or name another folder in state.dir';
    return [problem(id, `cannot write to ${where}`, mend)];
  }
  return [judgeDisk(path, disk) ?? ok(id, state.kind === 'there' ? path : `${path} will be made`)];
}

function judgeDisk(path: string, disk: StateFacts['disk']): Finding | undefined {
  const id = 'state-dir';
  if (disk === null) return undefined;
  const { magic, freeBytes } = disk;
  const memory = IN_MEMORY.get(magic);
  const mend = 'name a folder on a disk in state.dir';
  if (memory !== undefined) {
    return warning(
      id,
      `${path} is in memory (${memory}): sessions and bans end with a reboot`,
      mend,
    );
  }
  if (magic === OVERLAY) {
    const what = `${path} is in a container's own layer (overlayfs): sessions and bans go with the container`;
    return warning(id, what, `mount a volume there (docker run -v wolfguard:${path})`);
  }
  const network = NETWORK.get(magic);
  if (network !== undefined) {
    return warning(id, `${path} is on ${network}, where locks of databases are not safe`, mend);
  }
  if (freeBytes >= ROOM) return undefined;
  const mib = Math.floor(freeBytes / (1024 * 1024));
  return warning(
    id,
    `${path} has ${mib} MiB of room left`,
    'free some, or name another folder in state.dir',
  );
}

export interface SecretFacts {
  readonly path: string;
  /** The key that names it. */
  readonly key: string;
  /** null = it is missing or hidden, which is said elsewhere. */
  readonly owner: { readonly uid: number; readonly gid: number; readonly mode: number } | null;
}

/** One finding for all that are well kept. */
export function judgeSecrets(files: readonly SecretFacts[]): Finding[] {
  const seen = files.filter(({ owner }) => owner !== null);
  const found = seen.flatMap((file) => judgeSecret(file) ?? []);
  if (found.length > 0) return found;
  const names = seen.map(({ path }) => path).join(', ');
  return names === '' ? [] : [ok('secret-file', `for root's eyes only: ${names}`)];
}

function judgeSecret({ path, key, owner }: SecretFacts): Finding | undefined {
  if (owner === null) return undefined;
  const { uid, gid, mode } = owner;
  const shown = (mode & 0o777).toString(8).padStart(3, '0');
  const mend = `chown root:root ${path} && chmod 600 ${path}`;
  if ((mode & 0o004) !== 0 || (mode & 0o022) !== 0) {
    const may = (mode & 0o022) !== 0 ? 'others than root may change' : 'everybody may read';
    return problem('secret-file', `${may} ${path} (mode ${shown}), which ${key} names`, mend);
  }
  if (uid !== 0) {
    return warning('secret-file', `${path} belongs to uid ${uid} and not to root (${key})`, mend);
  }
  if ((mode & 0o040) === 0 || gid === 0) return undefined;
  return warning('secret-file', `the group ${gid} may read ${path} (mode ${shown}; ${key})`, mend);
}
