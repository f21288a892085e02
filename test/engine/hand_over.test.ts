// A session goes from one tunnel to the next: no packet is lost, none comes twice [oc 7.3].
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DATA, SERVER4, inside4, ipv4Packet } from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';
import { Workers } from './harness/workers.ts';

const ME = inside4(2);
/** A client that may come with a new tunnel at any time: that it closes this one means that. */
const DUE = { inside4: ME, dtls: true, rekeyMs: 1 };

/** Somebody else's tunnel. */
const OTHER = { inside4: inside4(3) };

const down = (n: number): Buffer => ipv4Packet(SERVER4, ME, { text: `down ${n}` });
const up = (n: number): Buffer => ipv4Packet(ME, SERVER4, { text: `up ${n}` });
const isData = ({ type }: { readonly type: number }): boolean => type === DATA;

/** Ends its connection; its worker knows that when it has answered the other client. */
async function leave(client: VpnClient, witness: VpnClient): Promise<void> {
  await new Promise<void>((resolve) => client.socket.end(resolve));
  for (let i = 0; i < 2; i++) await witness.echo();
}

void suite('a new tunnel', { concurrency: true }, () => {
  test('before the old one is closed, on another worker: both are heard, one is spoken to', async () => {
    using pair = await Workers.start();
    pair.owns(ME, 0);
    using first = await pair.connect(0, DUE);
    using channel = await UdpChannel.connect(first);
    await channel.echo();
    pair.rig(0).writeTun(down(0));
    assert.deepEqual(await channel.next(DATA), down(0));

    // What the primary does when it grants the second one.
    pair.owns(ME, 1);
    pair.rig(0).engine.closeTunnel(first.tunnel, 'replaced', false);
    assert.equal((await pair.rig(0).tunnelEnd(first.tunnel)).end, 'replaced');
    pair.rig(0).writeTun(down(1));
    await until('the packet to be handed on', () => {
      return pair.rig(0).engine.totals().forwardedPackets > 0;
    });
    pair.rig(1).writeTun(down(2));
    // The client has not heard of the second one, and goes on with the first.
    channel.send(DATA, up(1));
    first.send(DATA, up(2));
    const heard = await pair.rig(0).packetsInside(2);
    assert.deepEqual(new Set(heard.map(String)), new Set([up(1), up(2)].map(String)));

    using second = await pair.connect(1, DUE);
    for (const n of [1, 2]) assert.deepEqual(await second.next(DATA), down(n));
    pair.rig(0).writeTun(down(3));
    assert.deepEqual(await second.next(DATA), down(3));
    second.send(DATA, up(3));
    assert.deepEqual(await pair.rig(1).packetsInside(1), [up(3)]);
    assert.equal(first.frames.filter(isData).length, 0);

    await until('the end of the first', () => first.ended);
    assert.deepEqual(
      pair
        .rig(0)
        .eventsOf('tunnel-closed')
        .map(({ tunnel }) => tunnel),
      [first.tunnel],
    );
    assert.equal((await second.echo()).toString(), 'echo');
  });

  test('after the old one was closed, on another worker: what comes in between waits', async () => {
    using pair = await Workers.start();
    pair.owns(ME, 0);
    using witness = await pair.connect(0, OTHER);
    using first = await pair.connect(0, DUE);
    using channel = await UdpChannel.connect(first);
    await channel.echo();
    const inFlight = { tls: up(1), dtls: up(2) };
    first.send(DATA, inFlight.tls);
    await leave(first, witness);
    assert.deepEqual(await pair.rig(0).packetsInside(1), [inFlight.tls]);
    channel.send(DATA, inFlight.dtls);
    assert.deepEqual(await pair.rig(0).packetsInside(1), [inFlight.dtls]);
    for (const n of [1, 2, 3]) pair.rig(0).writeTun(down(n));
    assert.deepEqual(pair.rig(0).eventsOf('tunnel-closed'), [], 'it is thought to be alive');

    pair.owns(ME, 1);
    pair.rig(0).writeTun(down(4));
    pair.rig(0).engine.closeTunnel(first.tunnel, 'replaced', false);
    assert.equal((await pair.rig(0).tunnelEnd(first.tunnel)).end, 'replaced');
    using second = await pair.connect(1, DUE);
    for (const n of [1, 2, 3, 4]) assert.deepEqual(await second.next(DATA), down(n));
    assert.equal(pair.rig(0).engine.totals().droppedPackets, 0);
    assert.equal(pair.rig(1).engine.totals().droppedPackets, 0);
  });

  test('on the same worker', async () => {
    using rig = await EngineRig.start();
    using witness = await VpnClient.connect(rig, OTHER);
    using first = await VpnClient.connect(rig, DUE);
    await leave(first, witness);
    for (const n of [1, 2, 3]) rig.writeTun(down(n));
    using second = await VpnClient.connect(rig, DUE);
    for (const n of [1, 2, 3]) assert.deepEqual(await second.next(DATA), down(n));
    assert.equal((await rig.tunnelEnd(first.tunnel)).end, 'replaced');
    // And at once from there, before the old one is closed.
    using third = await VpnClient.connect(rig, DUE);
    rig.writeTun(down(4));
    assert.deepEqual(await third.next(DATA), down(4));
    second.send(DATA, up(1));
    assert.deepEqual(await rig.packetsInside(1), [up(1)]);
    assert.equal(rig.engine.totals().droppedPackets, 0);
  });

  test('that does not come in 5 s: the old one was lost, and what waited is', async () => {
    using rig = await EngineRig.start();
    using witness = await VpnClient.connect(rig, OTHER);
    using first = await VpnClient.connect(rig, DUE);
    await leave(first, witness);
    rig.writeTun(down(1));
    const closedAt = performance.now();
    assert.equal((await rig.tunnelEnd(first.tunnel)).end, 'lost');
    assert.ok(performance.now() - closedAt > 4000);
    await until('the drop', () => rig.engine.totals().droppedPackets === 1);
  });

  test('is not expected before its time: who closes then is gone at once', async () => {
    using rig = await EngineRig.start();
    using first = await VpnClient.connect(rig, { ...DUE, rekeyMs: 60_000 });
    first.socket.end();
    assert.equal((await rig.tunnelEnd(first.tunnel, 3000)).end, 'lost');
  });

  test('nobody waits for one when the session is ended, and nobody is heard any more', async () => {
    using rig = await EngineRig.start();
    using witness = await VpnClient.connect(rig, OTHER);
    using first = await VpnClient.connect(rig, DUE);
    using channel = await UdpChannel.connect(first);
    await channel.echo();
    await leave(first, witness);
    rig.writeTun(down(1));
    rig.engine.closeTunnel(first.tunnel, 'admin', true);
    assert.equal((await rig.tunnelEnd(first.tunnel)).end, 'admin');
    channel.send(DATA, up(1));
    using stranger = await VpnClient.connect(rig, DUE);
    assert.equal((await stranger.echo()).toString(), 'echo');
    assert.equal(stranger.frames.filter(isData).length, 0);
    assert.deepEqual(rig.readTun(), []);
  });
});
