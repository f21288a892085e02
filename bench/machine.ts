// What the figures were measured on.
import { spawnSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import process from 'node:process';

/** Facts by name; a program that is not installed says so. */
export function readMachine(): Readonly<Record<string, string>> {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: String(availableParallelism()),
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
    openssl: process.versions.openssl,
    openconnect: firstLine('openconnect', ['--version']),
    ocserv: firstLine('ocserv', ['--version']),
    iperf3: firstLine('iperf3', ['--version']),
  };
}

function firstLine(program: string, args: readonly string[]): string {
  const { error, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error !== undefined) return 'not installed';
  return `${stdout}${stderr}`.trim().split('\n')[0] ?? '';
}
