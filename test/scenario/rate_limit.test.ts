import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, suite, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { Iperf } from './harness/traffic.ts';

const options = { timeout: 60_000 };
/** After the burst of the beginning, and before the end, whose last segments come late. */
const LEAD_MS = 1000;
/** A slow one takes long to be even. */
const MEASURED_MS = { 1: 6000, 50: 2500, 500: 2500 } as const;
const INACCURACY = 0.05;
/** TCP cannot stay at a limit with fewer losses. */
const DROPPED_SHARE = 0.01;

for (const [megabits, dtls] of [
  [1, true],
  [50, true],
  [500, false],
] as const) {
  void suite(`TCP through a tunnel of ${megabits} Mbit/s`, async () => {
    const lab = new Lab();
    after(() => lab.close());
    const limit = `${megabits}Mbit`;
    const seconds = `${Math.ceil((LEAD_MS + MEASURED_MS[megabits]) / 1000)}s`;
    const server = await Server.start(lab, { policy: { rx_limit: limit, tx_limit: limit } });
    await Client.connect(lab, { account: ALICE, dtls });
    const iperf = new Iperf(lab);

    for (const direction of ['up', 'down'] as const) {
      test(`${direction} it gets what it may have, and no more`, options, async (t) => {
        const running = iperf.run(direction, seconds, '10.77.0.1');
        await sleep(LEAD_MS);
        const from = await look();
        await sleep(MEASURED_MS[megabits]);
        const to = await look();
        await running;
        const bytes = direction === 'up' ? to.rxBytes - from.rxBytes : to.txBytes - from.txBytes;
        const packets =
          direction === 'up' ? to.rxPackets - from.rxPackets : to.txPackets - from.txPackets;
        const rate = (bytes * 8) / (to.atMs - from.atMs) / 1000;
        const dropped = to.droppedPackets - from.droppedPackets;
        t.diagnostic(`${rate.toFixed(2)} Mbit/s, ${dropped} packets dropped`);
        assert.ok(rate <= megabits * (1 + INACCURACY), `${rate} Mbit/s`);
        // A machine that is slower than the limit hardly meets it.
        const slow = megabits > 100 && dropped < DROPPED_SHARE * packets;
        if (slow) t.diagnostic('the machine was slower than the limit');
        else assert.ok(rate >= megabits * (1 - INACCURACY), `${rate} Mbit/s`);
      });
    }

    async function look() {
      const { counters } = await server.sessionOf(ALICE.user);
      return { ...counters, atMs: performance.now() };
    }
  });
}
