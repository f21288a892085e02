// One round of one server: a fresh lab, a tunnel over each channel, bulk in each direction.
import assert from 'node:assert/strict';
import { ALICE } from '../test/scenario/harness/accounts.ts';
import { Client } from '../test/scenario/harness/client.ts';
import { Lab } from '../test/scenario/harness/lab.ts';
import { Ocserv } from '../test/scenario/harness/ocserv.ts';
import { cpuSecondsOf } from '../test/scenario/harness/proc.ts';
import { Server } from '../test/scenario/harness/server.ts';
import { Iperf } from '../test/scenario/harness/traffic.ts';

export const SERVERS = ['ocserv', 'wolfguard'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface Sample {
  readonly server: ServerName;
  readonly round: number;
  readonly channel: 'dtls' | 'tls';
  /** 'up' is from the client to the server. */
  readonly direction: 'up' | 'down';
  readonly goodputMbitPerSecond: number;
  readonly serverCpuSecondsPerGb: number;
  readonly clientCpuSecondsPerGb: number;
  readonly retransmits: number;
}

export async function measureRound(
  name: ServerName,
  round: number,
  seconds: number,
): Promise<Sample[]> {
  const lab = new Lab();
  try {
    const server = await start[name](lab);
    const iperf = new Iperf(lab);
    const samples: Sample[] = [];
    for (const channel of ['dtls', 'tls'] as const) {
      const client = await Client.connect(lab, { account: ALICE, dtls: channel === 'dtls' });
      checkTerms(client, channel);
      for (const direction of ['up', 'down'] as const) {
        const [serverBefore, clientBefore] = [server, client].map(cpuOf);
        const {
          bytes,
          seconds: lasted,
          retransmits,
        } = await iperf.run(direction, `${seconds}s`, server.inside4);
        const [serverAfter, clientAfter] = [server, client].map(cpuOf);
        const gigabytes = bytes / 1e9;
        samples.push({
          server: name,
          round,
          channel,
          direction,
          goodputMbitPerSecond: (bytes * 8) / lasted / 1e6,
          serverCpuSecondsPerGb: ((serverAfter ?? 0) - (serverBefore ?? 0)) / gigabytes,
          clientCpuSecondsPerGb: ((clientAfter ?? 0) - (clientBefore ?? 0)) / gigabytes,
          retransmits,
        });
      }
      await client.logOut();
    }
    return samples;
  } finally {
    await lab.close();
  }
}

const start = {
  ocserv: (lab: Lab) => Ocserv.start(lab, [ALICE]),
  wolfguard: (lab: Lab) =>
    Server.start(lab, { workers: { count: 0 }, log: { level: 'info' } }, [ALICE]),
} as const;

/** The same cipher for both on both channels, and the channel that was asked for. */
function checkTerms(client: Client, channel: 'dtls' | 'tls'): void {
  assert.equal(client.channel, channel);
  assert.match(client.program.output, /with ciphersuite .*AES-256-GCM/);
  if (channel === 'dtls') assert.match(client.program.output, /\(DTLS1\.2\).*AES-256-GCM/);
}

const cpuOf = ({ program }: { readonly program: { readonly pid: number } }): number =>
  cpuSecondsOf(program.pid);
