// Asks the wolfguard-crypt program whether a password belongs to a crypt(3) hash: a process per
// question, because libcrypt blocks while it computes.
import { spawn } from 'node:child_process';
import { helperPath } from './helper_path.ts';

/** 'missing': the program was not built. 'failed': it ran and could not tell. */
export type CryptAnswer = 'match' | 'no-match' | 'missing' | 'failed';

// Far beyond any sane hash; a little less than the program's own alarm.
const TIMEOUT_MS = 25_000;
const EXIT_MATCH = 0;
const EXIT_NO_MATCH = 1;

/** Never rejects. */
export function askCrypt(
  password: string,
  hash: string,
  program = helperPath('wolfguard-crypt'),
): Promise<CryptAnswer> {
  if (program === null) return Promise.resolve('missing');
  return new Promise((resolve) => {
    const helper = spawn(program, [], {
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    helper.on('error', () => resolve('failed'));
    helper.on('exit', (code) => resolve(answerOf(code)));
    // A helper that ends early closes the pipe; its exit code tells why.
    helper.stdin.on('error', () => undefined);
    helper.stdin.end(Buffer.concat([lengthPrefixed(password), lengthPrefixed(hash)]));
  });
}

function answerOf(exitCode: number | null): CryptAnswer {
  if (exitCode === EXIT_MATCH) return 'match';
  return exitCode === EXIT_NO_MATCH ? 'no-match' : 'failed';
}

function lengthPrefixed(text: string): Buffer {
  const body = Buffer.from(text, 'utf8');
  const header = Buffer.alloc(4);
  header.writeUInt32BE(body.length);
  return Buffer.concat([header, body]);
}
