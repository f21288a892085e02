// A server and a load client in namespaces of their own, for the figures and for the smoke test.
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ALICE } from '../../test/scenario/harness/accounts.ts';
import { CLIENT_IPV4, PORT, SERVER_IPV4, type Lab } from '../../test/scenario/harness/lab.ts';
import type { Program } from '../../test/scenario/harness/program.ts';

const LOAD = fileURLToPath(new URL('../load.ts', import.meta.url));

/** What load.ts says once its sessions are up. */
export interface Ready {
  readonly connected: number;
  readonly target: string;
  readonly addresses: readonly string[];
}

/** One load client on the lab's client host. */
export class LoadRun {
  readonly program: Program;

  constructor(lab: Lab, args: readonly string[]) {
    const login = ['--user', ALICE.user, '--password', ALICE.password];
    this.program = lab.client.spawn(process.execPath, [
      ...[LOAD, ...args, '--server', `${SERVER_IPV4}:${PORT}`, ...login],
    ]);
    lab.onClose(() => this.program.stop());
  }

  async ready(timeoutMs: number): Promise<Ready> {
    const [line] = await this.program.waitFor(/^\{"event":"ready".*\}$/m, timeoutMs);
    return JSON.parse(line) as Ready;
  }

  async report<T>(timeoutMs: number): Promise<T> {
    const [line] = await this.program.waitFor(/^\{"event":"report".*\}$/m, timeoutMs);
    return JSON.parse(line) as T;
  }
}

/** More outside addresses for the client's machine, for thousands of sessions; their list. */
export function addSources(lab: Lab, count: number): string[] {
  const others = Array.from({ length: count - 1 }, (_, n) => `198.51.100.${n + 10}`);
  for (const address of others) lab.client.ip('addr', 'add', `${address}/24`, 'dev', 'outside');
  return [CLIENT_IPV4, ...others];
}
