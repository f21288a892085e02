// Replaces weak hashes in the passwd file once a good login has shown the password. It runs behind
// the login, one hash at a time, and writes all that came together in one go: the first morning
// after a move from ocserv renews everybody.
import type { Logger } from '../../core/log/logger.ts';
import { editPasswdFile } from './passwd_file.ts';
import { replaceHash } from './passwd_lines.ts';
import { hashPassword } from './password_hash.ts';

export interface Renewal {
  readonly name: string;
  readonly password: string;
  /** The hash that the password was checked against: if the file has another by now, it stays. */
  readonly oldHash: string;
}

// Passwords wait here in memory; who finds no room is renewed at the next login.
const MAX_PENDING = 256;
// New hashes that go into one rewrite of the file, so that none waits long.
const MAX_BATCH = 32;

export class HashRenewal {
  readonly #file: string;
  readonly #logger: Logger;
  readonly #pending = new Map<string, Renewal>();
  #work: Promise<void> | null = null;
  #closed = false;

  constructor(components: { readonly logger: Logger }, options: { readonly file: string }) {
    this.#logger = components.logger;
    this.#file = options.file;
  }

  /** Returns at once; failures are logged and never reach the login. */
  request(renewal: Renewal): void {
    if (this.#closed || this.#pending.size >= MAX_PENDING) return;
    this.#pending.set(renewal.name, renewal);
    this.#work ??= this.#drain().finally(() => {
      this.#work = null;
    });
  }

  /** Resolves when nothing is left to renew. */
  async idle(): Promise<void> {
    await this.#work;
  }

  /** Finishes the batch at hand and forgets the rest. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pending.clear();
    await this.#work;
  }

  async #drain(): Promise<void> {
    while (this.#pending.size > 0) {
      const batch = [...this.#pending.values()].slice(0, MAX_BATCH);
      for (const { name } of batch) this.#pending.delete(name);
      try {
        await this.#renew(batch);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.warn(
          { event: 'file.hashes_not_renewed', file: this.#file, reason },
          'weak password hashes could not be renewed',
        );
      }
    }
  }

  async #renew(batch: readonly Renewal[]): Promise<void> {
    const changes: { name: string; oldHash: string; newHash: string }[] = [];
    for (const { name, password, oldHash } of batch) {
      changes.push({ name, oldHash, newHash: await hashPassword(password) });
    }
    const written = await editPasswdFile(this.#file, (bytes) =>
      changes.reduce((text, change) => replaceHash(text, change) ?? text, bytes),
    );
    const line = {
      event: 'file.hashes_renewed',
      file: this.#file,
      hashes: changes.length,
    } as const;
    if (written) this.#logger.info(line, 'hashes renewed');
  }
}
