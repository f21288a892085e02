// Two engines as two workers share a port: what the kernel gives to the wrong one reaches the owner.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DATA, SERVER4, inside4, inside6, ipv4Packet, ipv6Packet } from './harness/cstp.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { Workers } from './harness/workers.ts';

test('a packet on the wrong TUN queue reaches its client through the owner', async () => {
  using pair = await Workers.start();
  using client = await pair.connect(1, { inside4: inside4(2), inside6: inside6(2) });
  pair.owns(inside4(2), 1);
  pair.owns(inside6(2), 1);
  const four = ipv4Packet(SERVER4, inside4(2), { size: 1400 });
  const six = ipv6Packet([0xfd, ...Array<number>(15).fill(1)], inside6(2));
  pair.rig(0).writeTun(four);
  assert.deepEqual(await client.next(DATA), four);
  pair.rig(0).writeTun(six);
  assert.deepEqual(await client.next(DATA), six);
  assert.equal(pair.rig(0).engine.totals().forwardedPackets, 2);
  assert.equal(pair.rig(1).engine.readTunnel(client.tunnel)?.txPackets, 2);
  // An owner that has no such tunnel yet keeps it: nothing goes round in circles.
  pair.owns(inside4(9), 1);
  const early = ipv4Packet(SERVER4, inside4(9));
  pair.rig(0).writeTun(early);
  await until('the packet', () => pair.rig(0).engine.totals().forwardedPackets === 3);
  using late = await pair.connect(1, { inside4: inside4(9) });
  assert.deepEqual(await late.next(DATA), early);
  assert.equal(pair.rig(1).engine.totals().forwardedPackets, 0);
});

test('a packet for a network behind a client reaches it on both queues', async () => {
  using pair = await Workers.start();
  const networks = [...Array<number>(10).fill(0), 0xff, 0xff, 192, 168, 9, 0, 96 + 24];
  const prefix = [0xfd, ...Array<number>(14).fill(0), 2];
  using client = await pair.connect(1, {
    inside4: inside4(2),
    inside6: prefix,
    inside6Prefix: 64,
    networks,
  });
  pair.owns([192, 168, 9, 0], 1, 8);
  pair.owns(prefix, 1, 64);
  const packets = [
    ipv4Packet(SERVER4, [192, 168, 9, 77]),
    ipv6Packet([0xfe, ...Array<number>(15).fill(1)], [...prefix.slice(0, 12), 7, 7, 7, 7]),
  ];
  for (const [queue, forwarded] of [
    [1, 0],
    [0, 2],
  ] as const) {
    for (const packet of packets) {
      pair.rig(queue).writeTun(packet);
      assert.deepEqual(await client.next(DATA), packet);
    }
    assert.equal(pair.rig(queue).engine.totals().forwardedPackets, forwarded);
  }
  pair.rig(1).engine.closeTunnel(client.tunnel, 'admin', false);
  await pair.rig(1).tunnelEnd(client.tunnel);
  pair.rig(1).writeTun(ipv4Packet(SERVER4, [192, 168, 9, 77]));
  await until('the drop', () => pair.rig(1).engine.totals().droppedPackets === 1);
});

test('a whole DTLS channel works through the worker that does not own it', async () => {
  using pair = await Workers.start();
  using client = await pair.connect(1, { inside4: inside4(2), dtls: true });
  using channel = await pair.channelThrough(0, client);
  const forwarded = pair.rig(0).engine.totals().forwardedPackets;
  for (let i = 0; i < 5; i++) assert.equal((await channel.echo()).toString(), 'echo');
  assert.equal(pair.rig(0).engine.totals().forwardedPackets, forwarded + 5);
  const packet = ipv4Packet(inside4(2), SERVER4);
  channel.send(DATA, packet);
  assert.deepEqual(await pair.rig(1).packetsInside(1), [packet]);
  pair.rig(1).writeTun(ipv4Packet(SERVER4, inside4(2)));
  assert.deepEqual(await channel.next(DATA), ipv4Packet(SERVER4, inside4(2)));
  assert.equal(pair.rig(1).engine.readTunnel(client.tunnel)?.channel, 'dtls');
});

test('the claim to an end point ends with its tunnel, and a new one makes a new claim', async () => {
  using pair = await Workers.start();
  using first = await pair.connect(1, { inside4: inside4(2), dtls: true });
  const channel = await pair.channelThrough(0, first);
  pair.rig(1).engine.closeTunnel(first.tunnel, 'admin', false);
  await pair.rig(1).tunnelEnd(first.tunnel);
  const forwarded = (): number => pair.rig(0).engine.totals().forwardedPackets;
  const before = forwarded();
  for (let i = 0; i < 5; i++) {
    channel.send(DATA, ipv4Packet(inside4(2), SERVER4));
    await sleep(30);
  }
  // The first is forwarded and answered by a release; what follows is nobody's.
  assert.ok(forwarded() <= before + 1, `${forwarded() - before} forwarded`);
  channel[Symbol.dispose]();
  using second = await pair.connect(1, { inside4: inside4(3), dtls: true });
  using again = await pair.channelThrough(0, second);
  assert.equal((await again.echo()).toString(), 'echo');
});

test('a client whose NAT moves it to another worker is found by its keys', async () => {
  using pair = await Workers.start();
  using client = await pair.connect(1, { inside4: inside4(2), dtls: true });
  using channel = await UdpChannel.connect(client);
  assert.equal((await channel.echo()).toString(), 'echo');
  const forwarded = (): number => pair.rig(0).engine.totals().forwardedPackets;
  for (const before = forwarded(); forwarded() === before;) {
    channel.move();
    assert.equal((await channel.echo()).toString(), 'echo');
    assert.equal((await channel.echo()).toString(), 'echo');
  }
  assert.equal(pair.rig(1).eventsOf('dtls-opened').length, 1);
});

test('a worker that was replaced learns whose datagrams reach its socket', async () => {
  using pair = await Workers.start();
  using client = await pair.connect(1, { inside4: inside4(2), dtls: true });
  using channel = await pair.channelThrough(0, client);
  await pair.replace(0);
  // Its socket took the place of the old one in the port's group: the same datagrams reach it.
  assert.equal((await channel.echo()).toString(), 'echo');
  assert.equal((await channel.echo()).toString(), 'echo');
  using fresh = await pair.connect(0, { inside4: inside4(3), dtls: true });
  using own = await UdpChannel.connect(fresh);
  assert.equal((await own.echo()).toString(), 'echo');
});

test('the owner is replaced: its clients are gone, and come back to any worker', async () => {
  using pair = await Workers.start();
  using client = await pair.connect(1, { inside4: inside4(2), dtls: true });
  pair.owns(inside4(2), 1);
  using channel = await pair.channelThrough(0, client);
  await pair.replace(1);
  await until('the connection to end', () => client.ended);
  channel.send(DATA, ipv4Packet(inside4(2), SERVER4));
  using back = await pair.connect(0, { inside4: inside4(2), dtls: true });
  pair.owns(inside4(2), 0);
  const packet = ipv4Packet(SERVER4, inside4(2));
  pair.rig(1).writeTun(packet);
  assert.deepEqual(await back.next(DATA), packet);
  using again = await UdpChannel.connect(back);
  assert.equal((await again.echo()).toString(), 'echo');
});
