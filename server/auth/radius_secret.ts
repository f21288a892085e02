// The secret that we share with RADIUS servers: the first line of a file, read anew when it has
// changed.
import { open } from 'node:fs/promises';
import type { Logger } from '../../core/log/logger.ts';

const READABLE_BY_OTHERS = 0o077;

export class RadiusSecret {
  readonly #logger: Pick<Logger, 'warn'>;
  readonly #file: string;
  #warned = false;

  constructor(logger: Pick<Logger, 'warn'>, file: string) {
    this.#logger = logger;
    this.#file = file;
  }

  /** Rejects with what is wrong; the reason never holds the secret. */
  async read(): Promise<Uint8Array> {
    const file = await open(this.#file);
    try {
      const { mode } = await file.stat();
      if ((mode & READABLE_BY_OTHERS) !== 0 && !this.#warned) {
        this.#warned = true;
        const fields = { event: 'radius.secret_readable', file: this.#file } as const;
        this.#logger.warn(fields, 'the RADIUS secret can be read by others: chmod 600 the file');
      }
      const [line = ''] = (await file.readFile('utf8')).split(/\r?\n/, 1);
      if (line === '') throw new Error(`${this.#file} has no secret in its first line`);
      return new TextEncoder().encode(line);
    } finally {
      await file.close();
    }
  }
}
