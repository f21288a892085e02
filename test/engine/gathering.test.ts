// The packet thread rests during an upload, and only then.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { DATA, SERVER4, inside4, ipv4Packet } from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { VpnClient } from './harness/vpn_client.ts';

const QUIET_MS = 300;
/** Timers and what is left over; one that rested all the time would sleep 2000 times. */
const SLEEPS_WHEN_QUIET = 60;

/** How often this process's packet thread has gone to sleep so far. */
function sleepsOfPacketThread(): number {
  for (const thread of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    if (!status.startsWith('Name:\twolf-packets\n')) continue;
    return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
  }
  throw new Error('there is no packet thread');
}

test('after a burst of uploads the packet thread sleeps until something comes', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, { inside4: inside4(2), dtls: true });
  using channel = await UdpChannel.connect(client);
  const packet = ipv4Packet(inside4(2), SERVER4, { size: 1300 });
  let arrived = 0;
  for (let burst = 0; burst < 200; burst += 1) {
    for (let n = 0; n < 20; n += 1) channel.send(DATA, packet);
    await turn();
    arrived += rig.readTun().length;
  }
  assert.ok(arrived > 1000, `${arrived} packets came through`);
  assert.equal((await channel.echo()).toString(), 'echo');
  const before = sleepsOfPacketThread();
  await sleep(QUIET_MS);
  const sleeps = sleepsOfPacketThread() - before;
  assert.ok(sleeps < SLEEPS_WHEN_QUIET, `it slept ${sleeps} times within ${QUIET_MS} ms`);
  assert.equal((await channel.echo()).toString(), 'echo');
});
