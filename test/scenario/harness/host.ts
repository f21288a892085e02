// A machine for the test: a network namespace with loopback up and IPv6 free of delays.
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { deleteNamespace, newNamespaceName, pidsInside } from './cleanup.ts';
import { Program, type ProgramOptions } from './program.ts';

/** For the short commands that set a scene up; none of them takes seconds. */
const COMMAND_TIMEOUT_MS = 20_000;

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Host {
  readonly namespace: string;

  constructor() {
    if (process.getuid?.() !== 0) {
      throw new Error('scenario tests make network namespaces: run them as root');
    }
    this.namespace = newNamespaceName();
    command('ip', ['netns', 'add', this.namespace]);
    this.ip('link', 'set', 'lo', 'up');
    // An address that is still being checked for duplicates cannot be bound for a second.
    this.run('sysctl', [
      '-qw',
      'net.ipv6.conf.all.accept_dad=0',
      'net.ipv6.conf.default.accept_dad=0',
    ]);
  }

  /** Runs to the end and returns stdout; throws with stderr when the exit code is not 0. */
  run(program: string, args: readonly string[], input?: string): string {
    const result = this.try(program, args, input);
    if (result.code !== 0) {
      const shown = [program, ...args].join(' ');
      throw new Error(`${shown}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
    }
    return result.stdout;
  }

  /** As `run`, for commands that may fail. */
  try(program: string, args: readonly string[], input?: string): CommandResult {
    const { status, stdout, stderr } = spawnSync('ip', this.#wrapped(program, args), {
      encoding: 'utf8',
      timeout: COMMAND_TIMEOUT_MS,
      ...(input === undefined ? {} : { input }),
    });
    return { code: status, stdout, stderr };
  }

  ip(...args: string[]): string {
    return command('ip', ['-n', this.namespace, ...args]);
  }

  /** Loads nftables rules. */
  nft(rules: string): void {
    this.run('nft', ['-f', '-'], rules);
  }

  /** Starts a program that goes on; `ip netns exec` becomes it, so its pid is the program's. */
  spawn(program: string, args: readonly string[], options?: ProgramOptions): Program {
    return new Program('ip', this.#wrapped(program, args), options);
  }

  /** Names of the network devices here, loopback excepted. */
  devices(): string[] {
    const links = JSON.parse(this.ip('-j', 'link')) as { readonly ifname: string }[];
    return links.map((link) => link.ifname).filter((name) => name !== 'lo');
  }

  /** Names of the nftables tables here. */
  tables(): string[] {
    const stdout = this.run('nft', ['list', 'tables']);
    return stdout.split('\n').filter(Boolean);
  }

  pids(): number[] {
    return pidsInside(this.namespace);
  }

  close(): void {
    deleteNamespace(this.namespace);
  }

  #wrapped(program: string, args: readonly string[]): string[] {
    return ['netns', 'exec', this.namespace, program, ...args];
  }
}

/** Joins two hosts by a veth pair; `device` is its name on each side. Addresses as "a.b.c.d/len". */
export function link(
  left: { readonly host: Host; readonly device: string; readonly addresses: readonly string[] },
  right: { readonly host: Host; readonly device: string; readonly addresses: readonly string[] },
): void {
  command('ip', [
    ...['link', 'add', left.device, 'netns', left.host.namespace, 'type', 'veth'],
    ...['peer', 'name', right.device, 'netns', right.host.namespace],
  ]);
  for (const { host, device, addresses } of [left, right]) {
    for (const address of addresses) {
      host.ip('addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
    }
    host.ip('link', 'set', device, 'up');
  }
}

function command(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
  return stdout;
}
