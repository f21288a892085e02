// What a rate limit lets through, by the server's own counters.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, suite, test } from 'node:test';
import { ALICE } from './accounts.ts';
import { Client } from './client.ts';
import { Lab } from './lab.ts';
import { Server } from './server.ts';
import { Iperf } from './traffic.ts';

const options = { timeout: 60_000 };
/** After the burst of the beginning, and before the end, whose last segments come late. */
const LEAD_MS = 1000;
/** So long that a bucket which was full at its beginning (128 KiB, 250 ms) is less than 5 % of it. */
const MEASURED_MS = { 1: 22_000, 50: 6000, 500: 6000 } as const;
const INACCURACY = 0.05;
/** TCP cannot stay at a limit with fewer losses. */
const DROPPED_SHARE = 0.01;

/** TCP both ways through a tunnel with such a limit both ways. */
export function limitedTcp(megabits: keyof typeof MEASURED_MS, dtls: boolean): void {
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
        const { rate, share } = await measure(direction);
        const seen = `${rate.toFixed(2)} Mbit/s, ${(share * 100).toFixed(1)} % dropped`;
        t.diagnostic(seen);
        assert.ok(rate <= megabits * (1 + INACCURACY), seen);
        // A machine that is slower than the limit hardly meets it.
        const slow = megabits > 100 && share < DROPPED_SHARE;
        if (!slow) assert.ok(rate >= megabits * (1 - INACCURACY), seen);
      });
    }

    async function measure(direction: 'up' | 'down') {
      const running = iperf.run(direction, seconds, '10.77.0.1');
      await sleep(LEAD_MS);
      const from = await look();
      await sleep(MEASURED_MS[megabits]);
      const to = await look();
      await running;
      const up = direction === 'up';
      const bytes = up ? to.rxBytes - from.rxBytes : to.txBytes - from.txBytes;
      const packets = up ? to.rxPackets - from.rxPackets : to.txPackets - from.txPackets;
      const dropped = to.droppedPackets - from.droppedPackets;
      const rate = (bytes * 8) / (to.atMs - from.atMs) / 1000;
      return { rate, share: dropped / packets };
    }

    async function look() {
      const { counters } = await server.sessionOf(ALICE.user);
      return { ...counters, atMs: performance.now() };
    }
  });
}
