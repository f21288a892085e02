// Two engines that are two workers of one server: what the primary does for them, a test does.
import assert from 'node:assert/strict';
import { system } from '../../../native/system.ts';
import { EngineRig, freePort, type TunnelWishes } from './engine_rig.ts';
import { UdpChannel } from './udp_channel.ts';
import { until } from './until.ts';
import { VpnClient } from './vpn_client.ts';

const native = system();

/** Two workers that share a port, an owners' table and their mailboxes. */
export class Workers {
  readonly #port: number;
  readonly #owners = native.createOwners(64);
  readonly #mailboxes = [native.openMailbox(), native.openMailbox()];
  readonly #rigs: EngineRig[] = [];

  static async start(): Promise<Workers> {
    const workers = new Workers(await freePort());
    for (const worker of [0, 1]) workers.#rigs[worker] = await workers.#startOne(worker);
    return workers;
  }

  private constructor(port: number) {
    this.#port = port;
  }

  rig(worker: number): EngineRig {
    return this.#rigs[worker] ?? assert.fail();
  }

  owns(address: readonly number[], worker: number, hostBits = 0): void {
    native.setOwner(this.#owners, Uint8Array.from(address), worker, hostBits);
  }

  /** A tunnel of that worker: the kernel chooses who accepts, so it is tried until it is right. */
  async connect(worker: number, wishes: TunnelWishes): Promise<VpnClient> {
    for (;;) {
      const client = await VpnClient.dial(this.rig(worker));
      const { localPort } = client.socket;
      const info = await until('the connection', () =>
        this.#rigs
          .flatMap((rig) => rig.eventsOf('connection').map((event) => ({ rig, event })))
          .find(({ event }) => event.peerPort === localPort),
      );
      if (info.rig === this.rig(worker)) {
        await client.openTunnel(wishes);
        return client;
      }
      client.close();
    }
  }

  /** A DTLS channel whose datagrams reach the socket of that worker. */
  async channelThrough(worker: number, client: VpnClient): Promise<UdpChannel> {
    for (;;) {
      const before = this.rig(worker).engine.totals().forwardedPackets;
      const channel = await UdpChannel.connect(client);
      await channel.echo();
      if (this.rig(worker).engine.totals().forwardedPackets > before) return channel;
      channel[Symbol.dispose]();
    }
  }

  async replace(worker: number): Promise<void> {
    this.rig(worker).close();
    this.#rigs[worker] = await this.#startOne(worker);
  }

  [Symbol.dispose](): void {
    for (const rig of this.#rigs) rig.close();
    for (const fd of [this.#owners, ...this.#mailboxes.flat()]) native.closeFd(fd);
  }

  #startOne(worker: number): Promise<EngineRig> {
    return EngineRig.start({
      worker,
      workers: 2,
      port: this.#port,
      owners: this.#owners,
      inbox: this.#mailboxes[worker]?.[0] ?? -1,
      outboxes: this.#mailboxes.map(([, send]) => send),
    });
  }
}
