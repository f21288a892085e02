// What the figures were measured on, and of which version.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const CONGESTION_CONTROL = '/proc/sys/net/ipv4/tcp_congestion_control';

/** Facts by name; a program that is not installed says so. */
export function readMachine(): Readonly<Record<string, string>> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: String(availableParallelism()),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    // It decides how much of what is sent is lost at a client that takes single packets.
    'congestion control': readFileSync(CONGESTION_CONTROL, 'utf8').trim(),
    node: process.version,
    openssl: process.versions.openssl,
    openconnect: firstLine('openconnect', ['--version']),
    ocserv: firstLine('ocserv', ['--version']),
    iperf3: firstLine('iperf3', ['--version']),
  };
}

/** The commit that is checked out, with a "+" when files of the program differ from it. */
export function readCommit(): string {
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const git = (...args: string[]): string | undefined => {
    const { status, stdout } = spawnSync('git', args, { cwd, encoding: 'utf8' });
    return status === 0 ? stdout.trim() : undefined;
  };
  const commit = git('rev-parse', '--short', 'HEAD');
  if (commit === undefined) return 'unknown';
  const written = [':!bench/results.json', ':!bench/plots', ':!*.md'];
  return git('status', '--porcelain', '-uno', '--', '.', ...written) === '' ? commit : `${commit}+`;
}

function firstLine(program: string, args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return 'not installed';
  return `${stdout}${stderr}`.trim().split('\n')[0] ?? '';
}
