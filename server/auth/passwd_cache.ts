// The parsed passwd file, read again whenever the file has changed: no reload is needed after
// `wolfguard passwd` or an editor.
import { statSync } from 'node:fs';
import type { Logger } from 'pino';
import { parsePasswd } from './passwd_lines.ts';
import type { PasswdTable } from './passwd_lines.ts';
import { readPasswdFile } from './passwd_file.ts';

// Two writes in one tick of the kernel's file clock (4 ms at 250 Hz) look alike: a file that was
// younger than this when it was read is read once more.
const CLOCK_GRAIN_MS = 50;

export class PasswdCache {
  readonly #file: string;
  readonly #logger: Logger;
  #table: PasswdTable = { entries: new Map(), problems: [] };
  #stamp: string | null = null;
  #reading: Promise<PasswdTable> | null = null;
  /** "line reason" of what was logged already: the file is read again after every change. */
  #reported = new Set<string>();

  constructor(components: { readonly logger: Logger }, options: { readonly file: string }) {
    this.#logger = components.logger;
    this.#file = options.file;
  }

  /** The file as it is now. Throws WolfguardError PASSWD_MISSING or PASSWD_ACCESS. */
  async current(): Promise<PasswdTable> {
    // A read that began before we came may have seen an older file than we must.
    await this.#reading?.catch(() => undefined);
    const stamp = this.#stampOfFile();
    if (stamp !== null && stamp === this.#stamp) return this.#table;
    // One read serves all logins that notice the change.
    this.#reading ??= this.#read(stamp).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(stamp: string | null): Promise<PasswdTable> {
    const table = parsePasswd(await readPasswdFile(this.#file));
    this.#table = table;
    this.#stamp = stamp;
    this.#report(table);
    return table;
  }

  /** null for a file that is missing or may still change unseen. */
  #stampOfFile(): string | null {
    try {
      // Synchronous: it takes a hundredth of the way through the thread pool, at every login.
      const { ino, size, mtimeNs, ctimeNs, mtimeMs } = statSync(this.#file, { bigint: true });
      const settled = Date.now() - Number(mtimeMs) > CLOCK_GRAIN_MS;
      return settled ? `${ino} ${size} ${mtimeNs} ${ctimeNs}` : null;
    } catch {
      return null;
    }
  }

  #report(table: PasswdTable): void {
    const problems = new Map(table.problems.map((p) => [`${p.line} ${p.reason}`, p]));
    for (const [key, { line, reason }] of problems) {
      if (this.#reported.has(key)) continue;
      this.#logger.warn({ file: this.#file, line, reason }, 'a line of the passwd file is skipped');
    }
    this.#reported = new Set(problems.keys());
  }
}
