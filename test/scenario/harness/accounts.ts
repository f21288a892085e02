// Password files. The lines are the same for ocserv and for wolfguard.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

export interface Account {
  readonly user: string;
  readonly password: string;
  readonly groups?: readonly string[];
}

export const ALICE: Account = { user: 'alice', password: 'correct horse' };
export const BOB: Account = { user: 'bob', password: 'battery staple' };

/** Writes "name:groups:hash" lines with crypt(3) SHA-512 hashes. */
export function writeAccounts(file: string, accounts: readonly Account[]): void {
  const lines = accounts.map(
    ({ user, password, groups = ['*'] }) => `${user}:${groups.join(',')}:${hash(password)}\n`,
  );
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

function hash(password: string): string {
  return execFileSync('openssl', ['passwd', '-6', '-stdin'], {
    input: `${password}\n`,
    encoding: 'utf8',
  }).trim();
}
