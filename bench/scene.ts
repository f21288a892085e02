// A server in namespaces of its own, ready to be measured, and what can be asked about it.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { Ocserv } from '../test/scenario/harness/ocserv.ts';
import { cpuSecondsOf, processTree, pssKibOf } from '../test/scenario/harness/proc.ts';
import { Server } from '../test/scenario/harness/server.ts';
import type { Table } from '../test/scenario/harness/toml.ts';
import { checkNic, type SessionFacts } from './checks.ts';

export const SERVERS = ['ocserv', 'wolfguard'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface SceneOptions {
  /** Of wolfguard; 0 = one per core. */
  readonly workers?: number;
  /** false: both ends of the cable hand the kernel's trains on cut, as a plain card would. */
  readonly nicSegmentation?: boolean;
  /** true: both ends of the cable join what arrives (GRO), as network cards do and veths do not. */
  readonly nicJoining?: boolean;
  /** The password check costs next to nothing. */
  readonly cheapPasswords?: boolean;
  /** JavaScript of wolfguard's workers never rests. */
  readonly busyJavaScript?: boolean;
  /** Of wolfguard, beside what the other options say. */
  readonly settings?: Readonly<Record<string, Table>>;
  /** Of the cable between server and client, bytes; 1500 unless said. */
  readonly mtu?: number;
}

const preload = (name: string): string => fileURLToPath(new URL(`load/${name}`, import.meta.url));

export class Scene {
  readonly lab: Lab;
  readonly name: ServerName;
  readonly #server: Ocserv | Server;

  private constructor(lab: Lab, name: ServerName, server: Ocserv | Server) {
    this.lab = lab;
    this.name = name;
    this.#server = server;
  }

  static async open(name: ServerName, options: SceneOptions = {}): Promise<Scene> {
    const lab = new Lab();
    removeAtExit(lab.directory);
    try {
      const nicSegmentation = options.nicSegmentation ?? true;
      for (const host of [lab.server, lab.client]) {
        const off = ['-K', 'outside', 'tx-udp-segmentation', 'off', 'gso', 'off'];
        if (!nicSegmentation) host.run('ethtool', off);
        if (options.nicJoining === true) host.run('ethtool', ['-K', 'outside', 'gro', 'on']);
        if (options.mtu !== undefined) {
          host.run('ip', ['link', 'set', 'outside', 'mtu', `${options.mtu}`]);
        }
        const features = host.run('ethtool', ['-k', 'outside']);
        checkNic(features, nicSegmentation, options.nicJoining ?? false);
      }
      const server = await (name === 'ocserv' ? startOcserv : startWolfguard)(lab, options);
      return new Scene(lab, name, server);
    } catch (error) {
      await lab.close();
      throw error;
    }
  }

  /** The server's address inside. */
  get inside4(): string {
    return this.#server.inside4;
  }

  /** User and system time of all the server's processes so far. */
  cpuSeconds(): number {
    return cpuSecondsOf(this.#server.program.pid);
  }

  /** Of all the server's processes, shared pages split among them. */
  memoryKib(): number {
    return processTree(this.#server.program.pid).reduce((sum, pid) => sum + pssKibOf(pid), 0);
  }

  /** Pids of wolfguard's workers; none with ocserv. */
  async workers(): Promise<readonly number[]> {
    return this.#server instanceof Server ? this.#server.workers() : [];
  }

  /** The sessions that are connected now, as the server itself describes them. */
  async sessions(): Promise<SessionFacts[]> {
    if (this.#server instanceof Ocserv) return sessionsOfOcserv(this.lab);
    return (await this.#server.ask<'users'>({ command: 'users' })).map((session) => ({
      channel: session.connection?.live?.channel ?? 'tls',
      tlsCipher: session.connection?.tlsCipher ?? '',
      dtlsCipher: session.connection?.live?.dtlsCipher ?? '',
    }));
  }

  /** Warnings that wolfguard has logged, for example that the kernel refused an offload. */
  warnings(): string[] {
    if (this.#server instanceof Ocserv) return [];
    return this.#server.log
      .filter((record) => Number(record['level']) >= WARN)
      .map((record) => String(record['msg']));
  }

  close(): Promise<void> {
    return this.lab.close();
  }
}

/** Of pino. */
const WARN = 40;

async function startOcserv(lab: Lab, options: SceneOptions): Promise<Ocserv> {
  const server = await Ocserv.start(lab, [ALICE]);
  if (options.cheapPasswords === true) {
    // MD5 instead of 5,000 rounds of SHA-512; the file is read anew at each login.
    const hash = execFileSync('openssl', ['passwd', '-1', '-stdin'], {
      input: `${ALICE.password}\n`,
      encoding: 'utf8',
    });
    writeFileSync(lab.file('ocserv.passwd'), `${ALICE.user}:*:${hash}`, { mode: 0o600 });
  }
  return server;
}

function startWolfguard(lab: Lab, options: SceneOptions): Promise<Server> {
  const preloads = [
    ...(options.cheapPasswords === true ? [preload('cheap_hash.mjs')] : []),
    ...(options.busyJavaScript === true ? [preload('busy_javascript.mjs')] : []),
  ].map((file) => `--import ${file}`);
  const settings = {
    workers: { count: options.workers ?? 0, ...options.settings?.['workers'] },
    // As ocserv has it here: everything comes from one address.
    ban: { max_score: 0 },
    log: { level: 'info' },
    ...options.settings,
  };
  const wrapper = preloads.length === 0 ? [] : ['env', `NODE_OPTIONS=${preloads.join(' ')}`];
  return Server.start(lab, settings, [ALICE], wrapper);
}

function sessionsOfOcserv(lab: Lab): SessionFacts[] {
  const json = lab.server.run('occtl', ['-s', lab.file('occtl.socket'), '-j', 'show', 'users']);
  const users = JSON.parse(json) as readonly Readonly<Record<string, unknown>>[];
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return users.map((user) => {
    const dtlsCipher = text(user['DTLS cipher']);
    const channel = dtlsCipher.includes('DTLS') ? 'dtls' : 'tls';
    return { channel, tlsCipher: text(user['TLS ciphersuite']), dtlsCipher };
  });
}

const directories = new Set<string>();

/** Ctrl-C ends the run without closing its labs: namespaces go by themselves, folders do not. */
function removeAtExit(directory: string): void {
  if (directories.size === 0) {
    process.on('exit', () => {
      for (const one of directories) rmSync(one, { recursive: true, force: true });
    });
  }
  directories.add(directory);
}
