// The step "file": people from a passwd file.
//
// What a stranger can measure must not tell who exists. An unknown name is therefore checked
// against a real line of the file, always the same one for a name, and the result thrown away:
// during a move from ocserv the file holds cheap and dear hashes side by side, and a fixed dummy
// would stand out.
import { createHmac, randomBytes } from 'node:crypto';
import type { Logger } from '../../core/log/logger.ts';
import type { Backend, Credentials, Round } from './backend.ts';
import { laneOf } from './check_queue.ts';
import type { CheckQueue } from './check_queue.ts';
import { askCrypt } from './crypt_helper.ts';
import type { CryptAnswer } from './crypt_helper.ts';
import { FileCache } from './file_cache.ts';
import { HashRenewal } from './hash_renewal.ts';
import { readPasswdFile } from './passwd_file.ts';
import { parsePasswd } from './passwd_lines.ts';
import type { PasswdEntry, PasswdTable } from './passwd_lines.ts';
import { UNMATCHABLE_HASH, isWeak, verifyPassword } from './password_hash.ts';
import type { PasswordHash } from './password_hash.ts';

export interface FileBackendComponents {
  readonly logger: Logger;
  readonly queue: CheckQueue;
  /** Stands in for the wolfguard-crypt program in tests. */
  readonly crypt?: typeof askCrypt;
}

export class FileBackend implements Backend {
  readonly name = 'file';
  readonly #logger: Logger;
  readonly #queue: CheckQueue;
  readonly #crypt: typeof askCrypt;
  readonly #passwd: FileCache<PasswdTable>;
  readonly #renewal: HashRenewal;
  readonly #renews: boolean;
  readonly #decoyKey = randomBytes(32);
  #reportedCrypt = false;

  constructor(
    components: FileBackendComponents,
    options: {
      readonly file: string;
      /** false: another program reads the file too, which may not know our hashes. */
      readonly renewHashes?: boolean;
    },
  ) {
    this.#renews = options.renewHashes ?? true;
    this.#logger = components.logger;
    this.#queue = components.queue;
    this.#crypt = components.crypt ?? askCrypt;
    this.#passwd = new FileCache(components, {
      file: options.file,
      read: readPasswdFile,
      parse: parsePasswd,
    });
    this.#renewal = new HashRenewal(components, options);
  }

  async verify(credentials: Credentials, signal: AbortSignal): Promise<Round> {
    const { user, password } = credentials;
    let table;
    try {
      table = await this.#passwd.current();
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : String(error));
    }
    const entry = usable(table.entries.get(user));
    const check = (): Promise<CryptAnswer> =>
      entry === null ? this.#checkDecoy(table, user, password) : this.#check(entry.hash, password);
    const checked = await this.#queue.run(signal, check, laneOf(credentials));
    if (checked.kind === 'full') return unavailable('Too many logins at once');
    if (checked.kind === 'aborted') return unavailable('The login took too long');
    if (entry === null) return { kind: 'refused' };
    if (checked.value === 'missing' || checked.value === 'failed') {
      this.#reportCrypt(checked.value);
      return unavailable('A password hash could not be checked');
    }
    if (checked.value === 'no-match' || entry.locked) return { kind: 'refused' };
    if (this.#renews && isWeak(entry.hash))
      this.#renewal.request({ name: user, password, oldHash: entry.hashText });
    return { kind: 'accepted', groups: entry.groups };
  }

  /** Resolves when all hashes that good logins showed to be weak are renewed. */
  renewed(): Promise<void> {
    return this.#renewal.idle();
  }

  close(): Promise<void> {
    return this.#renewal.close();
  }

  #check(hash: PasswordHash, password: string): Promise<CryptAnswer> {
    return verifyPassword(hash, password, this.#crypt);
  }

  async #checkDecoy(table: PasswdTable, user: string, password: string): Promise<CryptAnswer> {
    const decoy = this.#decoy(table, user);
    const answer = await this.#check(decoy, password);
    return answer === 'match' ? 'no-match' : answer;
  }

  #decoy(table: PasswdTable, user: string): PasswordHash {
    const hashes = [...table.entries.values()].flatMap(({ hash }) => hash ?? []);
    const draw = createHmac('sha256', this.#decoyKey).update(user).digest().readUInt32BE();
    return hashes[draw % hashes.length] ?? UNMATCHABLE_HASH;
  }

  /** Once: the login of everybody with such a hash would repeat it. */
  #reportCrypt(answer: 'missing' | 'failed'): void {
    if (this.#reportedCrypt) return;
    this.#reportedCrypt = true;
    this.#logger.error(
      { event: 'file.crypt_failed', answer },
      answer === 'missing'
        ? 'crypt(3) hashes cannot be checked: wolfguard-crypt was not built (install libcrypt-dev and build again)'
        : 'a crypt(3) hash cannot be checked: wolfguard-crypt failed',
    );
  }
}

/** A line that somebody can log in with, were the password right. */
function usable(
  entry: PasswdEntry | undefined,
): (PasswdEntry & { readonly hash: PasswordHash }) | null {
  return entry?.hash == null ? null : { ...entry, hash: entry.hash };
}

const unavailable = (reason: string): Round => ({ kind: 'unavailable', reason });
