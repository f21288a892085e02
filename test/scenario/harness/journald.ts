// systemd's journald as an instance of its own: no kernel messages, no audit, its sockets and its
// files in a folder of the test.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { system } from '../../../native/system.ts';
import { Program } from './program.ts';
import { eventually } from './wait.ts';

const START_TIMEOUT_MS = 10_000;
const PROGRAM = '/usr/lib/systemd/systemd-journald';
const NAMESPACE = 'wolfguard';

export type JournalEntry = Readonly<Record<string, string>>;

export class Journald {
  readonly #folder: string;
  #program: Program;

  private constructor(folder: string) {
    this.#folder = folder;
    for (const name of ['sockets', 'log']) mkdirSync(path.join(folder, name), { recursive: true });
    this.#program = this.#launch();
  }

  static async start(folder: string): Promise<Journald> {
    const journald = new Journald(folder);
    await journald.#ready();
    return journald;
  }

  /** A command in front of another, for which this journald is the machine's. */
  get wrapper(): readonly string[] {
    return ['unshare', '--mount', 'sh', '-c', IN_ITS_RUN, this.#folder];
  }

  /** Its socket for syslog's datagrams. */
  get syslogSocket(): string {
    return path.join(this.#folder, 'sockets/dev-log');
  }

  async restart(whileDown: () => Promise<void>): Promise<void> {
    await this.stop();
    await whileDown();
    this.#program = this.#launch();
    await this.#ready();
  }

  async stop(): Promise<void> {
    await this.#program.stop(START_TIMEOUT_MS);
  }

  /** What journalctl reads of the program `wolfguard`, oldest first. */
  entries(): JournalEntry[] {
    const [folder = ''] = readdirSync(path.join(this.#folder, 'log'));
    const { stdout, stderr } = spawnSync(
      'journalctl',
      [
        '--directory',
        path.join(this.#folder, 'log', folder),
        '-t',
        'wolfguard',
        '-o',
        'json',
        '--all',
      ],
      { encoding: 'utf8' },
    );
    if (stderr !== '') throw new Error(stderr);
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as JournalEntry);
  }

  #launch(): Program {
    return new Program('unshare', [...this.wrapper.slice(1), PROGRAM, NAMESPACE]);
  }

  async #ready(): Promise<void> {
    await eventually('journald listens', START_TIMEOUT_MS, () => {
      if (!this.#program.running) throw new Error(`journald ended:\n${this.#program.output}`);
      return system().sendUnixDatagram(this.syslogSocket, Buffer.from('are you there?')) === 'sent';
    });
  }
}

/** What both see: its sockets under the name for itself and the one for all, and its own files. */
const IN_ITS_RUN = `
  mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/log &&
  mkdir /run/systemd /var/log/journal && mount --bind "$0/log" /var/log/journal &&
  ln -s "$0/sockets" /run/systemd/journal && ln -s "$0/sockets" /run/systemd/journal.${NAMESPACE} &&
  exec "$@"`;
