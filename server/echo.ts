// Does anybody answer from an address? Asked by the program ping, which knows both families and all
// kinds of kernels: as the routing table has it, and on each device in whose network the address
// lies, since the pool's own route leads to the TUN device and a neighbour is found past it only.
import { spawn } from 'node:child_process';
import os from 'node:os';
import { contains, formatIp, parseCidr } from '../core/net/address.ts';
import type { IpAddress } from '../core/net/address.ts';
import type { Milliseconds } from '../core/units.ts';

export interface EchoOptions {
  /** The TUN device, behind which nobody is yet. */
  readonly device: string;
  /** It cannot be asked, and nobody is taken to answer: said once. */
  readonly onFailure: (reason: string) => void;
  /** Another ping, in tests. */
  readonly program?: string;
  readonly interfaces?: () => NodeJS.Dict<os.NetworkInterfaceInfo[]>;
}

/** A neighbour answers in milliseconds, its address resolution included; ping counts in seconds. */
const WAIT_SECONDS = 1;
/** For a ping that hangs, or a machine that is too busy to start one. */
const LIMIT_MS: Milliseconds = 3_000;
/** Each is a process. Logins beyond that wait a little longer. */
const MAX_RUNNING = 64;

export class Echo {
  readonly #options: EchoOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #failed = false;

  constructor(options: EchoOptions) {
    this.#options = options;
  }

  /** Never rejects. One answer is enough; silence is known when every way has been waited for. */
  answers(address: IpAddress): Promise<boolean> {
    const ways = [undefined, ...this.#devicesAround(address)];
    return new Promise((resolve) => {
      const asked = ways.map(async (device) => {
        if (await this.#ask(address, device)) resolve(true);
      });
      void Promise.all(asked).then(() => resolve(false));
    });
  }

  #devicesAround(address: IpAddress): string[] {
    const interfaces = (this.#options.interfaces ?? os.networkInterfaces)();
    return Object.entries(interfaces).flatMap(([device, networks = []]) => {
      const isAround = networks.some(({ cidr }) => {
        const network = cidr === null ? undefined : parseCidr(cidr)?.network;
        return network !== undefined && contains(network, address);
      });
      return isAround && device !== this.#options.device ? [device] : [];
    });
  }

  async #ask(address: IpAddress, device: string | undefined): Promise<boolean> {
    if (this.#running >= MAX_RUNNING) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running++;
    const on = device === undefined ? [] : ['-I', device];
    const code = await this.#run([
      '-n',
      '-q',
      '-c1',
      `-W${WAIT_SECONDS}`,
      ...on,
      formatIp(address),
    ]);
    this.#running--;
    this.#waiting.shift()?.();
    return code === 0;
  }

  /** 0: answered; null: it did not come to an end by itself. */
  #run(args: readonly string[]): Promise<number | null> {
    const { program = 'ping' } = this.#options;
    return new Promise((resolve) => {
      const ping = spawn(program, args, { stdio: 'ignore' });
      const timer = setTimeout(() => ping.kill('SIGKILL'), LIMIT_MS);
      const settle = (code: number | null): void => {
        clearTimeout(timer);
        resolve(code);
      };
      ping.once('error', (error) => {
        this.#complain(error.message);
        settle(null);
      });
      ping.once('exit', settle);
    });
  }

  #complain(reason: string): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFailure(reason);
  }
}
