// A parsed file, read again whenever the file has changed: no reload is needed after `wolfguard
// passwd`, `wolfguard otp` or an editor.
import { statSync } from 'node:fs';
import type { Logger } from '../../core/log/logger.ts';

/** What is kept of a file. */
export interface ParsedLines {
  /** Lines that were skipped, without what is in them. */
  readonly problems: readonly { readonly line: number; readonly reason: string }[];
}

export interface FileCacheOptions<Table extends ParsedLines> {
  readonly file: string;
  readonly read: (file: string) => Promise<Buffer>;
  readonly parse: (bytes: Buffer) => Table;
}

// Two writes in one tick of the kernel's file clock (4 ms at 250 Hz) look alike: a file that was
// younger than this when it was read is read once more.
const CLOCK_GRAIN_MS = 50;

export class FileCache<Table extends ParsedLines> {
  readonly #options: FileCacheOptions<Table>;
  readonly #logger: Logger;
  #known: { readonly stamp: string; readonly table: Table } | null = null;
  #reading: Promise<Table> | null = null;
  /** "line reason" of what was logged already: the file is read again after every change. */
  #reported = new Set<string>();

  constructor(components: { readonly logger: Logger }, options: FileCacheOptions<Table>) {
    this.#logger = components.logger;
    this.#options = options;
  }

  /** The file as it is now. Throws what `read` throws. */
  async current(): Promise<Table> {
    // A read that began before we came may have seen an older file than we must.
    await this.#reading?.catch(() => undefined);
    const stamp = this.#stampOfFile();
    if (this.#known !== null && stamp === this.#known.stamp) return this.#known.table;
    // One read serves all logins that notice the change.
    this.#reading ??= this.#read(stamp).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(stamp: string | null): Promise<Table> {
    const { file, read, parse } = this.#options;
    const table = parse(await read(file));
    this.#known = stamp === null ? null : { stamp, table };
    this.#report(table);
    return table;
  }

  /** null for a file that is missing or may still change unseen. */
  #stampOfFile(): string | null {
    try {
      // Synchronous: it takes a hundredth of the way through the thread pool, at every login.
      const { ino, size, mtimeNs, ctimeNs, mtimeMs } = statSync(this.#options.file, {
        bigint: true,
      });
      const settled = Date.now() - Number(mtimeMs) > CLOCK_GRAIN_MS;
      return settled ? `${ino} ${size} ${mtimeNs} ${ctimeNs}` : null;
    } catch {
      return null;
    }
  }

  #report(table: Table): void {
    const problems = new Map(table.problems.map((p) => [`${p.line} ${p.reason}`, p]));
    for (const [key, { line, reason }] of problems) {
      if (this.#reported.has(key)) continue;
      const { file } = this.#options;
      this.#logger.warn(
        { event: 'file.line_skipped', file, line, reason },
        'a line of the file is skipped',
      );
    }
    this.#reported = new Set(problems.keys());
  }
}
