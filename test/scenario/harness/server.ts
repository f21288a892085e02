// wolfguard itself on the lab's server host, with a configuration of the test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { askServer } from '../../../cli/wolfctl/client.ts';
import type { AdminCommand, AdminResults, AdminSession } from '../../../core/ipc/admin.ts';
import { ALICE, BOB, writeAccounts, type Account } from './accounts.ts';
import type { CommandResult } from './host.ts';
import { PORT, type Lab } from './lab.ts';
import type { Exit, Program } from './program.ts';
import { isAlive, processTree } from './proc.ts';
import { sanitized, sanitizerEnvironment } from './sanitizer.ts';
import { renderToml, type Settings } from './toml.ts';
import { eventually } from './wait.ts';

/** Loading TypeScript, opening the device and starting all processes on a busy machine. */
const START_TIMEOUT_MS = 20_000;
/** Telling every client, ending every process, removing device and tables. */
const STOP_TIMEOUT_MS = 15_000;

const WOLFGUARD = fileURLToPath(new URL('../../../cli/wolfguard.ts', import.meta.url));
export const WOLFCTL = fileURLToPath(new URL('../../../cli/wolfctl.ts', import.meta.url));

export const DEVICE = 'wolf0';

export class Server {
  readonly inside4 = '10.77.0.1';
  readonly inside6 = 'fd00:77::1';
  readonly socket: string;
  program: Program;
  readonly #lab: Lab;
  readonly #config: string;
  readonly #wrapper: readonly string[];

  private constructor(lab: Lab, config: string, wrapper: readonly string[]) {
    this.#lab = lab;
    this.#config = config;
    this.socket = lab.file('run/admin.sock');
    this.#wrapper = wrapper;
    this.program = this.#launch();
  }

  /**
   * Starts it and waits until it answers; `settings` are laid over those of defaultSettings.
   * `wrapper`: a command in front of it that becomes it (setpriv and its like).
   */
  static async start(
    lab: Lab,
    settings: Settings = {},
    accounts: readonly Account[] = [ALICE, BOB],
    wrapper: readonly string[] = [],
  ): Promise<Server> {
    const server = new Server(lab, Server.writeFiles(lab, settings, accounts), wrapper);
    lab.onClose(() => server.program.stop(STOP_TIMEOUT_MS));
    await server.ready();
    return server;
  }

  /** Writes what a start reads; returns the path of the configuration. */
  static writeFiles(
    lab: Lab,
    settings: Settings = {},
    accounts: readonly Account[] = [ALICE, BOB],
  ): string {
    writeAccounts(lab.file('passwd'), accounts);
    const config = lab.file('wolfguard.toml');
    writeFileSync(config, renderToml(defaultSettings(lab), settings));
    return config;
  }

  /** Writes its file anew; a reload or a restart reads it. */
  configure(settings: Settings): void {
    writeFileSync(this.#config, renderToml(defaultSettings(this.#lab), settings));
  }

  /** Starts the same server again after it has ended. */
  async startAgain(): Promise<void> {
    this.program = this.#launch();
    await this.ready();
  }

  async ready(): Promise<void> {
    const pid = await eventually('wolfguard is ready', START_TIMEOUT_MS, async () => {
      if (!this.program.running) throw new Error(`wolfguard ended:\n${this.program.output}`);
      const status = await this.ask({ command: 'status' });
      return status.authPid !== null && !status.workerPids.includes(null) ? status.pid : false;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.program.output.slice(-4000)}`);
    });
    assert.equal(pid, this.program.pid);
  }

  /** One command over the admin socket. */
  ask<C extends AdminCommand['command']>(
    command: Extract<AdminCommand, { command: C }>,
  ): Promise<AdminResults[C]> {
    return askServer<C>(this.socket, command);
  }

  /** The only session of this user; fails when there is none or more than one. */
  async sessionOf(user: string): Promise<AdminSession> {
    const sessions = (await this.ask<'sessions'>({ command: 'sessions' })).filter(
      (session) => session.user === user,
    );
    const [session, ...others] = sessions;
    assert.ok(
      session !== undefined && others.length === 0,
      `${sessions.length} sessions of ${user}`,
    );
    return session;
  }

  /** Pids of the worker processes, by worker number. */
  async workers(): Promise<readonly number[]> {
    const { workerPids } = await this.ask<'status'>({ command: 'status' });
    return workerPids.filter((pid) => pid !== null);
  }

  /** Runs wolfctl to its end. */
  wolfctl(...args: string[]): CommandResult {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [WOLFCTL, '--socket', this.socket, ...args],
      { encoding: 'utf8', timeout: 20_000 },
    );
    return { code: status, stdout, stderr };
  }

  /** The records of the log so far; lines that are not JSON are left out. */
  get log(): readonly Readonly<Record<string, unknown>>[] {
    return this.program.output.split('\n').flatMap((line) => {
      try {
        return line.startsWith('{') ? [JSON.parse(line) as Record<string, unknown>] : [];
      } catch {
        return [];
      }
    });
  }

  /** SIGTERM, then a check that nothing is left behind. */
  stop(): Promise<Exit> {
    return this.end(() => this.program.signal('SIGTERM'));
  }

  /** Ends the server by `how` and checks that no process, device, nft table of its own or socket is left. */
  async end(how: () => void): Promise<Exit> {
    const processes = processTree(this.program.pid);
    how();
    const exit = await this.program.waitForExit(STOP_TIMEOUT_MS);
    await eventually('no process is left', 5000, () => {
      const left = processes.filter(isAlive);
      if (left.length > 0) throw new Error(`processes ${left.join(', ')}`);
      return true;
    });
    const host = this.#lab.server;
    // The kernel takes a device away when the last descriptor is gone, a moment after the exit.
    await eventually('the TUN device is gone', 2000, () => !host.devices().includes(DEVICE));
    assert.deepEqual(
      host.tables().filter((table) => table.includes('wolfguard_')),
      [],
    );
    await assert.rejects(this.ask({ command: 'status' }));
    return exit;
  }

  #launch(): Program {
    const serve = [process.execPath, WOLFGUARD, 'serve', '-c', this.#config];
    const [program = '', ...args] = [...this.#wrapper, ...serve];
    return this.#lab.server.spawn(program, args, { env: sanitizerEnvironment() });
  }
}

/** What every test starts from; 10.77.0.1 and fd00:77::1 are the server's own addresses. */
function defaultSettings(lab: Lab): Settings {
  return {
    listen: { tcp: [`[::]:${PORT}`], udp: [`[::]:${PORT}`] },
    // The sanitizers need system calls that the sandbox forbids.
    workers: { count: 2, sandbox: !sanitized },
    state: { dir: lab.file('state'), runtime_dir: lab.file('run') },
    tls: {
      certificate: lab.certificate.certificatePath,
      private_key: lab.certificate.keyPath,
    },
    'auth.file': { path: lab.file('passwd') },
    network: { device: DEVICE, ipv4: '10.77.0.0/16', ipv6: 'fd00:77::/64' },
    policy: { routes: ['10.77.0.0/16', 'fd00:77::/64'] },
    admin: { socket: lab.file('run/admin.sock') },
    log: { level: 'debug' },
  };
}
