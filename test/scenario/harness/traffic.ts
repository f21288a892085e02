// What a tunnel is for: echo, bulk both ways, and files that arrive as they left.
import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import type { Program } from './program.ts';
import { eventually } from './wait.ts';

const FILE_SERVER = fileURLToPath(new URL('file_server.ts', import.meta.url));

/** Much more than 50 MB need through the slowest tunnel on a busy machine. */
const TRANSFER_TIMEOUT_MS = 60_000;

/** Share of `count` echo requests that were answered, 0 to 1; 20 ms apart. */
export function ping(host: Host, address: string, count = 5, bytes = 56): number {
  const { stdout } = host.try('ping', [
    ...['-n', '-q', '-i', '0.02', '-W', '2', '-c', `${count}`, '-s', `${bytes}`, address],
  ]);
  const received = /(\d+) received/.exec(stdout)?.[1] ?? '0';
  return Number(received) / count;
}

export interface Bulk {
  readonly sentBytes: number;
  /** What the other side had received when the sender was done; the rest is on its way. */
  readonly bytes: number;
  readonly seconds: number;
  readonly retransmits: number;
}

interface IperfReport {
  readonly error?: string;
  readonly end: {
    readonly sum_sent: { readonly bytes: number; readonly retransmits?: number };
    readonly sum_received: { readonly bytes: number; readonly seconds: number };
  };
}

/** An iperf3 server on the server's host; lives until the lab is closed. */
export class Iperf {
  readonly #lab: Lab;
  readonly #server: Program;

  constructor(lab: Lab) {
    this.#lab = lab;
    this.#server = lab.server.spawn('iperf3', ['-s', '--forceflush']);
    lab.onClose(() => this.#server.stop());
  }

  /** Moves `amount` ("50M" for -n, "8s" for -t) up (from the lab's client to `address`) or down. */
  async run(direction: 'up' | 'down', amount: string, address: string): Promise<Bulk> {
    await this.#server.waitFor(/Server listening/, 5000);
    const size = amount.endsWith('s') ? ['-t', amount.slice(0, -1)] : ['-n', amount];
    const program = this.#lab.client.spawn('iperf3', [
      ...['-c', address, '-J', ...size, ...(direction === 'down' ? ['-R'] : [])],
    ]);
    await program.waitForExit(TRANSFER_TIMEOUT_MS);
    const report = JSON.parse(program.output) as IperfReport;
    if (report.error !== undefined) throw new Error(`iperf3 ${direction}: ${report.error}`);
    return {
      sentBytes: report.end.sum_sent.bytes,
      bytes: report.end.sum_received.bytes,
      seconds: report.end.sum_received.seconds,
      retransmits: report.end.sum_sent.retransmits ?? 0,
    };
  }
}

export interface FileServerOptions {
  /** What it serves; noise if left out. */
  readonly content?: Buffer;
  /** Two on one host need different ones. */
  readonly port?: number;
}

/** A web server on the server's host that serves one file and takes any; checked by SHA-256. */
export class FileServer {
  readonly sha256: string;
  readonly path: string;
  readonly #program: Program;
  readonly #port: number;

  private constructor(program: Program, path: string, port: number, sha256: string) {
    this.#program = program;
    this.path = path;
    this.#port = port;
    this.sha256 = sha256;
  }

  static async start(lab: Lab, options: FileServerOptions = {}): Promise<FileServer> {
    const { content = randomBytes(10_000_000), port = 8080 } = options;
    const path = lab.file(`file-${port}.bin`);
    writeFileSync(path, content);
    const program = lab.server.spawn(process.execPath, [FILE_SERVER, path, `${port}`]);
    lab.onClose(() => program.stop());
    await program.waitFor(/listening/, 10_000);
    return new FileServer(program, path, port, createHash('sha256').update(content).digest('hex'));
  }

  /** Starts a download that prints the SHA-256 of what came; `rate` as curl's --limit-rate. */
  download(host: Host, address: string, rate?: string): Transfer {
    const limit = rate === undefined ? '' : `--limit-rate ${rate}`;
    const command = `curl -sS --fail --max-time 120 ${limit} ${this.#url(address)} | sha256sum`;
    return new Transfer(host.spawn('sh', ['-c', command]), this.sha256);
  }

  /** Starts an upload of the same file; the server answers with its SHA-256. */
  upload(host: Host, address: string, rate?: string): Transfer {
    const limit = rate === undefined ? [] : ['--limit-rate', rate];
    const program = host.spawn('curl', [
      ...['-sS', '--fail', '--max-time', '120', ...limit],
      ...['-T', this.path, this.#url(address)],
    ]);
    return new Transfer(program, this.sha256);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  #url(address: string): string {
    return `http://${bracketed(address)}:${this.#port}/`;
  }
}

/** A transfer under way. */
export class Transfer {
  readonly program: Program;
  readonly #expected: string;

  constructor(program: Program, expected: string) {
    this.program = program;
    this.#expected = expected;
  }

  /** Resolves when everything came through unchanged. */
  async finished(timeoutMs = TRANSFER_TIMEOUT_MS): Promise<void> {
    await this.program.waitForExit(timeoutMs);
    const got = this.program.output.trim().split(/\s/)[0] ?? '';
    if (got !== this.#expected) {
      throw new Error(`the file came with SHA-256 ${this.#expected} as: ${this.program.output}`);
    }
  }
}

/** Waits until an inside address answers an echo request. */
export async function reachable(host: Host, address: string, timeoutMs = 15_000): Promise<void> {
  await eventually(`${address} answers`, timeoutMs, () => ping(host, address, 1) === 1);
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}
