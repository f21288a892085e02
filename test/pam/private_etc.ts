// An /etc of a test's own: users, passwords and PAM services that exist in a mount namespace only.
// It is a copy of the real one, since modules rename files in it; when the last process of the
// namespace is gone, so is the mount, also after a kill.
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { helperPath } from '../../server/auth/helper_path.ts';

const MODULE_SOURCE = fileURLToPath(new URL('test_module.c', import.meta.url));
const FIRST_UID = 64_000;

/** Why the tests of PAM cannot run here; false = they can. In CI they must. */
export function whyNoPam(): string | false {
  const found = helperPath('wolfguard-pam') !== null;
  const why = !found
    ? 'wolfguard-pam was not built (libpam0g-dev)'
    : process.getuid?.() !== 0 && 'PAM reads passwords as root only';
  if (why !== false && process.env['CI'] === 'true') throw new Error(`in CI: ${why}`);
  return why;
}

export interface SystemUser {
  readonly name: string;
  readonly password: string;
  /** The last six fields of its line in /etc/shadow. */
  readonly aging?: string;
  /** In front of the hash: "!" = locked. */
  readonly lock?: string;
  /** The primary group's number. */
  readonly gid?: number;
}

export class PrivateEtc {
  readonly directory = mkdtempSync(path.join(tmpdir(), 'wolfguard-etc-'));
  #users = 0;

  constructor() {
    // Sockets and pipes of services stay behind.
    cpSync('/etc', this.directory, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => {
        const stats = lstatSync(file);
        return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
      },
    });
    chmodSync(this.directory, 0o755);
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  addUser({ name, password, aging = '20000:0:99999:7:::', lock = '', gid = 65_534 }: SystemUser) {
    this.#users += 1;
    const uid = FIRST_UID + this.#users;
    this.#append('passwd', `${name}:x:${uid}:${gid}::/nonexistent:/usr/sbin/nologin`);
    this.#append('shadow', `${name}:${lock}${hashOf(password)}:${aging}`);
  }

  addGroup(name: string, gid: number, members: readonly string[] = []): void {
    this.#append('group', `${name}:x:${gid}:${members.join(',')}`);
  }

  /** Writes a file of /etc/pam.d. */
  service(name: string, ...rules: string[]): void {
    this.write(`pam.d/${name}`, rules.map((rule) => `${rule}\n`).join(''));
  }

  read = (file: string): string => readFileSync(path.join(this.directory, file), 'utf8');

  write(file: string, text: string): void {
    const target = path.join(this.directory, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text, { mode: 0o600 });
  }

  has = (file: string): boolean => existsSync(path.join(this.directory, file));

  /** Compiles the module of test_module.c into this /etc; its path as the namespace sees it. */
  buildModule(): string {
    const name = 'wolfguard_test_module.so';
    const target = path.join(this.directory, name);
    execFileSync('cc', ['-shared', '-fPIC', '-o', target, MODULE_SOURCE, '-lpam']);
    return `/etc/${name}`;
  }

  /** What runs in front of a program, and becomes it, so that it sees this /etc. */
  get wrapper(): readonly [string, ...string[]] {
    const script = 'mount --bind "$1" /etc && shift && exec "$@"';
    const namespace = ['--mount', '--propagation', 'private'];
    return ['unshare', ...namespace, 'sh', '-c', script, 'sh', this.directory];
  }

  /** wolfguard-pam in the namespace. */
  get helper(): readonly [string, ...string[]] {
    const program = helperPath('wolfguard-pam') ?? '';
    return [...this.wrapper, 'env', ...preloads(program), program];
  }

  #append(file: string, line: string): void {
    appendFileSync(path.join(this.directory, file), `${line}\n`);
  }
}

/** crypt(3) with few rounds: it is not the hash that is tested. */
function hashOf(password: string): string {
  return execFileSync('mkpasswd', ['-m', 'sha512crypt', '-R', '1000', '-s'], {
    input: `${password}\n`,
    encoding: 'utf8',
  }).trim();
}

/**
 * ASan wraps crypt(3) and looks for the real one at start, before pam_unix loads libcrypt: in the
 * sanitized build pam_unix would call a null pointer. ASan must stay the first library.
 */
function preloads(program: string): string[] {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' });
  const asan = /libasan\S* => (\S+)/.exec(libraries)?.[1];
  return asan === undefined ? [] : [`LD_PRELOAD=${asan} libcrypt.so.1`];
}
