// A passwd file in a folder of its own, with cheap hashes so that tests are quick.
import { argon2Sync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import type { Logger } from '../../../../core/log/logger.ts';

/** Strong enough for the parser, weak enough to take microseconds. */
export function cheapHash(password: string): string {
  const nonce = Buffer.from('0123456789abcdef');
  const parameters = { memory: 8, passes: 1, parallelism: 1, tagLength: 32 };
  const tag = argon2Sync('argon2id', { ...parameters, message: password, nonce });
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=8,t=1,p=1$${base64(nonce)}$${base64(tag)}`;
}

export class PasswdFixture {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-auth-'));
  readonly file = path.join(this.folder, 'passwd');
  /** Run before the folder goes: ends processes that still write into it. */
  readonly beforeRemoval: (() => Promise<unknown>)[] = [];
  /** What was logged, parsed. */
  readonly logged: Record<string, unknown>[] = [];
  readonly logger: Logger = pino({}, { write: (line) => this.#keep(line) });

  constructor(t: TestContext, ...lines: string[]) {
    t.after(async () => {
      await Promise.all(this.beforeRemoval.map((end) => end()));
      rmSync(this.folder, { recursive: true });
    });
    this.write(...lines);
  }

  write(...lines: string[]): void {
    writeFileSync(this.file, lines.map((line) => `${line}\n`).join(''), { mode: 0o600 });
  }

  lines = (): string[] => readFileSync(this.file, 'utf8').split('\n').slice(0, -1);

  #keep(line: string): void {
    this.logged.push(JSON.parse(line) as Record<string, unknown>);
  }
}
