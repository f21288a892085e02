import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { Host } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { DEVICE, Server } from './harness/server.ts';
import { FileServer } from './harness/traffic.ts';

const options = { timeout: 60_000 };
/** Larger than any packet on a wire of 1500 bytes: what the device or the kernel is to cut. */
const LARGE = 2000;
/** What one file of 10 MB causes, if it does at all. */
const MANY = 20;
/** Files that may follow until it does. */
const MORE = 10;

for (const engine of [
  { tun_offload: true, udp_gso: true, udp_gro: true },
  { tun_offload: false, udp_gso: true, udp_gro: true },
  { tun_offload: true, udp_gso: false, udp_gro: true },
  { tun_offload: true, udp_gso: true, udp_gro: false },
  { tun_offload: false, udp_gso: false, udp_gro: false },
]) {
  const off = Object.entries(engine).flatMap(([name, on]) => (on ? [] : [name]));
  void suite(`engine, switched off: ${off.join(', ') || 'nothing'}`, async () => {
    const lab = new Lab();
    after(() => lab.close());
    const server = await Server.start(lab, { engine });
    const files = await FileServer.start(lab);
    const client = await Client.connect(lab, { account: ALICE });

    test(
      'files come and go unchanged by DTLS, in large packets or small ones',
      options,
      async () => {
        assert.equal(client.channel, 'dtls');
        countLargePackets(lab.server);
        const download = (): Promise<void> => files.download(lab.client, server.inside4).finished();
        const upload = (): Promise<void> => files.upload(lab.client, server.inside4).finished();
        await download();
        await upload();
        const seen = (name: string): boolean => largePackets(lab.server, name) > MANY;
        // A client that hardly gets to run sends its packets one by one: nothing is to be joined.
        for (let more = 0; more < MORE && engine.udp_gso && !seen('udp_out'); more++) {
          await download();
        }
        for (let more = 0; more < MORE && engine.tun_offload && !seen('tun_in'); more++) {
          await upload();
        }
        assert.equal(seen('udp_out'), engine.udp_gso);
        assert.equal(seen('tun_in'), engine.tun_offload);
        assert.doesNotMatch(server.program.output, /"level":(40|50)/);
      },
    );
  });
}

/** What the engine sends and what it writes to the TUN device; what it reads there is not seen. */
function countLargePackets(host: Host): void {
  host.nft(`
    add table inet large
    add counter inet large udp_out
    add counter inet large tun_in
    add chain inet large out { type filter hook output priority 0; }
    add chain inet large in { type filter hook input priority 0; }
    add rule inet large out udp sport 443 meta length > ${LARGE} counter name udp_out
    add rule inet large in iifname ${DEVICE} meta length > ${LARGE} counter name tun_in`);
}

interface NftCounters {
  readonly nftables: readonly {
    readonly counter?: { readonly name: string; readonly packets: number };
  }[];
}

function largePackets(host: Host, name: string): number {
  const text = host.run('nft', ['-j', 'list', 'counters', 'table', 'inet', 'large']);
  const { nftables } = JSON.parse(text) as NftCounters;
  return nftables.find(({ counter }) => counter?.name === name)?.counter?.packets ?? 0;
}
