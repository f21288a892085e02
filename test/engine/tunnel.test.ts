// From CONNECT to the end of a tunnel, over TLS alone.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DATA,
  DISCONNECT,
  DPD_REQUEST,
  DPD_RESPONSE,
  SERVER4,
  SERVER6,
  frame,
  inside4,
  inside6,
  ipv4Packet,
  ipv6Packet,
} from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { tcpPacket, virtioHeader } from './harness/super_packet.ts';
import { until } from './harness/until.ts';
import { VpnClient, connectRequest } from './harness/vpn_client.ts';

void suite('opening a tunnel', () => {
  for (const tlsVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`the answer comes first, then frames go both ways, by ${tlsVersion}`, async () => {
      using rig = await EngineRig.start();
      using client = await VpnClient.connect(rig, {}, { tlsVersion });
      assert.match(client.answer, /^HTTP\/1\.1 200 CONNECTED\r\n[^]*\r\n\r\n$/);
      assert.equal((await client.echo()).toString(), 'echo');
      assert.equal(rig.eventsOf('tunnel-opened')[0]?.tunnel, client.tunnel);
      const { tunnels, connections } = rig.engine.totals();
      assert.deepEqual({ tunnels, connections }, { tunnels: 1, connections: 0 });
    });
  }

  test('frames right behind CONNECT, in one record with it, are not lost', async () => {
    using rig = await EngineRig.start();
    const early = Buffer.concat([1, 2, 3].map((n) => frame(DPD_REQUEST, Buffer.of(n))));
    using client = await VpnClient.connect(rig, {}, { early });
    for (const n of [1, 2, 3]) assert.deepEqual(await client.next(DPD_RESPONSE), Buffer.of(n));
  });

  test('frames at any moment behind CONNECT, cut anywhere, arrive whole and in order', async () => {
    using rig = await EngineRig.start();
    const bodies = Array.from({ length: 40 }, (_, n) => Buffer.alloc(1 + n * 37, n));
    const stream = Buffer.concat(bodies.map((body) => frame(DPD_REQUEST, body)));
    for (let delay = 0; delay < 6; delay++) {
      using client = await VpnClient.dial(rig);
      client.socket.write(connectRequest({}));
      // Some pieces meet the http server, some the held relay, some the tunnel.
      for (let at = 0, size = 1; at < stream.length; at += size, size = (size * 7) % 4001) {
        client.socket.write(stream.subarray(at, at + size));
        if (delay > 0) await sleep(delay > 3 ? 0 : delay);
      }
      for (const body of bodies) assert.deepEqual(await client.next(DPD_RESPONSE), body);
    }
  });

  test('an earlier answer of 150 KB comes through whole before that of CONNECT', async () => {
    const big = Buffer.alloc(150_000, 'an answer that is still on its way ');
    using rig = await EngineRig.start({
      onRequest: (_request, response) => void response.end(big),
    });
    using client = await VpnClient.dial(rig);
    client.socket.pause();
    client.socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await sleep(50);
    const connected = client.openTunnel({});
    await sleep(50);
    client.socket.resume();
    await connected;
    const body = client.answer.slice(client.answer.indexOf('\r\n\r\n') + 4);
    assert.equal(body.slice(0, big.length), big.toString());
    assert.match(body.slice(big.length), /^HTTP\/1\.1 200 CONNECTED/);
    assert.equal((await client.echo()).toString(), 'echo');
  });

  test('a socket that JavaScript destroys too early costs its own client only', async () => {
    using rig = await EngineRig.start({ beforeOpen: (socket) => socket.destroy() });
    using client = await VpnClient.dial(rig);
    client.socket.write(connectRequest({}));
    await until('the connection to end', () => client.ended);
    const ends = (): number =>
      rig.eventsOf('connection-closed').length + rig.eventsOf('tunnel-closed').length;
    await until('the event', () => ends() > 0);
    assert.equal(ends(), 1);
    using other = await VpnClient.dial(rig);
    assert.ok(other.socket.encrypted);
  });

  test('a client that goes between hold and openTunnel leaves nothing behind', async () => {
    const clients: VpnClient[] = [];
    using rig = await EngineRig.start({ beforeOpen: () => clients[0]?.reset() });
    const client = await VpnClient.dial(rig);
    clients.push(client);
    client.socket.write(connectRequest({}));
    await until('the end', () => {
      // On its way from thread to thread it is neither a connection nor a tunnel.
      const ends = rig.eventsOf('connection-closed').length + rig.eventsOf('tunnel-closed').length;
      const { connections, tunnels } = rig.engine.totals();
      return ends === 1 && connections + tunnels === 0;
    });
    assert.equal(rig.eventsOf('held').length, 1);
    const opened = rig.eventsOf('tunnel-opened').length;
    assert.equal(rig.eventsOf('tunnel-closed').length, opened);
    assert.equal(rig.eventsOf('connection-closed').length, 1 - opened);
  });

  test('commands for connections that are not there do nothing', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig);
    for (const id of [0, 77, Number.MAX_SAFE_INTEGER]) {
      rig.engine.hold(id);
      rig.engine.closeTunnel(id, 'admin', true);
      assert.equal(rig.engine.readTunnel(id), undefined);
    }
    rig.engine.hold(client.tunnel);
    assert.equal((await client.echo()).toString(), 'echo');
    assert.throws(() => rig.engine.closeTunnel(client.tunnel, 'nonsense' as 'admin', true));
  });
});

void suite('data over TLS', () => {
  test('packets of both families go in and out and are counted', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { inside4: inside4(2), inside6: inside6(2) });
    const out4 = ipv4Packet(inside4(2), SERVER4, { text: 'from the client' });
    const out6 = ipv6Packet(inside6(2), SERVER6, { size: 1400 });
    client.send(DATA, out4);
    client.send(DATA, out6);
    assert.deepEqual(await rig.packetsInside(2), [out4, out6]);
    const in4 = ipv4Packet(SERVER4, inside4(2), { text: 'to the client' });
    const in6 = ipv6Packet(SERVER6, inside6(2), { size: 1400 });
    rig.writeTun(in4);
    rig.writeTun(in6);
    assert.deepEqual(await client.next(DATA), in4);
    assert.deepEqual(await client.next(DATA), in6);
    const { rxBytes, rxPackets, txBytes, txPackets, channel, dtlsCipher, mtu } =
      rig.engine.readTunnel(client.tunnel) ?? assert.fail();
    assert.deepEqual(
      { rxBytes, rxPackets, txBytes, txPackets, channel, dtlsCipher, mtu },
      {
        rxBytes: 1500,
        rxPackets: 2,
        txBytes: 1500,
        txPackets: 2,
        channel: 'tls',
        dtlsCipher: '',
        mtu: 1400,
      },
    );
  });

  test('a packet from an address that is not its own is counted and goes nowhere', async () => {
    using rig = await EngineRig.start();
    const prefix = [0xfd, 1, ...Array<number>(14).fill(0)];
    using client = await VpnClient.connect(rig, {
      inside4: inside4(2),
      inside6: prefix,
      inside6Prefix: 64,
    });
    const neighbour = [...prefix.slice(0, 7), 1, ...prefix.slice(8)];
    const own = [...prefix.slice(0, 15), 99];
    client.send(DATA, ipv4Packet(inside4(3), SERVER4));
    client.send(DATA, ipv6Packet(neighbour, SERVER6));
    client.send(DATA, Buffer.from('no packet at all'));
    client.send(DATA, ipv4Packet(inside4(2), SERVER4));
    client.send(DATA, ipv6Packet(own, SERVER6));
    const packets = await rig.packetsInside(2);
    assert.deepEqual(packets[0]?.subarray(12, 16), Buffer.from(inside4(2)));
    assert.deepEqual(packets[1]?.subarray(8, 24), Buffer.from(own));
    const counters = rig.engine.readTunnel(client.tunnel);
    assert.equal(counters?.spoofedPackets, 2);
    assert.equal(counters.droppedPackets, 1);
    assert.equal(counters.rxPackets, 2);
  });

  test('a packet too big for the tunnel is answered when it may not be split', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, {
      inside4: inside4(2),
      inside6: inside6(2),
      mtu: 1300,
    });
    rig.writeTun(ipv4Packet(SERVER4, inside4(2), { size: 1301, dontFragment: true }));
    rig.writeTun(ipv6Packet(SERVER6, inside6(2), { size: 1301 }));
    const [unreachable, tooBig] = await rig.packetsInside(2);
    assert.deepEqual(unreachable?.subarray(16, 22), Buffer.from([...SERVER4, 3, 4]));
    assert.equal(unreachable.readUInt16BE(26), 1300);
    assert.equal(tooBig?.[40], 2);
    assert.equal(tooBig.readUInt32BE(44), 1300);
    const large = ipv4Packet(SERVER4, inside4(2), { size: 1301 });
    rig.writeTun(large);
    assert.deepEqual(await client.next(DATA), large);
    assert.equal(rig.engine.readTunnel(client.tunnel)?.droppedPackets, 2);
  });

  test('packets for nobody and garbage are dropped and counted, each for its reason', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { inside4: inside4(2) });
    rig.writeTun(Buffer.from('garbage'));
    rig.writeTun(ipv4Packet(SERVER4, inside4(9)));
    await until('the count', () => rig.engine.totals().droppedPackets === 2);
    const { sums } = rig.engine.measure();
    assert.deepEqual([sums['drop.sent.bad_packet'], sums['drop.sent.no_route']], [1, 1]);
    assert.equal((await client.echo()).toString(), 'echo');
  });

  test('a DPD request comes back with its whole body, up to the longest', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig);
    for (const size of [0, 1, 1434, 16_376]) {
      const body = Buffer.alloc(size, size);
      assert.deepEqual(await client.echo(body), body);
    }
  });

  test('super-packets are cut for the client, and a client is joined for the device', async () => {
    using rig = await EngineRig.start({ tunOffload: 'tcp-and-udp' });
    using client = await VpnClient.connect(rig, { inside4: inside4(2) });
    const payload = Buffer.alloc(20_000, 'bytes of a stream ');
    const whole = tcpPacket(SERVER4, inside4(2), 1000, payload);
    rig.writeTun(Buffer.concat([virtioHeader(1348), whole]));
    const parts: Buffer[] = [];
    for (let i = 0; i < 15; i++) parts.push((await client.next(DATA)).subarray(40));
    assert.deepEqual(Buffer.concat(parts), payload);
    const back = parts.map((part, i) =>
      frame(DATA, tcpPacket(inside4(2), SERVER4, i * 1348, part)),
    );
    client.socket.write(Buffer.concat(back));
    const written: Buffer[] = [];
    await until('the whole stream inside', () => {
      written.push(...rig.readTun());
      return written.reduce((sum, one) => sum + one.length - 50, 0) >= payload.length;
    });
    assert.ok(written.length < back.length, `${written.length} writes`);
    assert.deepEqual(Buffer.concat(written.map((one) => one.subarray(50))), payload);
  });
});

void suite('the end of a tunnel', () => {
  const goodbyes = [
    { name: 'logs out', reason: [0xb0], end: 'user-disconnect' },
    { name: 'has an error of its own', reason: [0x70], end: 'user-disconnect' },
    { name: 'will reconnect', reason: [0x91], end: 'lost' },
    { name: 'pauses', reason: [0xd1], end: 'lost' },
    { name: 'says no reason', reason: [], end: 'lost' },
  ];
  for (const { name, reason, end } of goodbyes) {
    test(`a client that ${name} ends as ${end}`, async () => {
      using rig = await EngineRig.start();
      using client = await VpnClient.connect(rig);
      client.send(
        DISCONNECT,
        Buffer.from([...reason, ...Buffer.from('bye')].slice(0, reason.length * 4)),
      );
      assert.equal((await rig.tunnelEnd(client.tunnel)).end, end);
      await until('the connection to end', () => client.ended);
    });
  }

  const breaks: { name: string; end: string; act: (client: VpnClient) => void }[] = [
    { name: 'ends its connection', end: 'lost', act: (client) => client.socket.end() },
    { name: 'resets its connection', end: 'lost', act: (client) => client.reset() },
    {
      name: 'speaks no CSTP',
      end: 'protocol-error',
      act: (client) => client.socket.write('GET / HTTP/1.1\r\n\r\n'),
    },
    {
      name: 'sends a frame longer than a record',
      end: 'protocol-error',
      act: (client) => client.socket.write(Buffer.from('5354460140000000', 'hex')),
    },
  ];
  for (const { name, end, act } of breaks) {
    test(`a client that ${name} ends as ${end}`, async () => {
      using rig = await EngineRig.start();
      using client = await VpnClient.connect(rig, { inside4: inside4(2) });
      client.send(DATA, ipv4Packet(inside4(2), SERVER4));
      await rig.packetsInside(1);
      act(client);
      const closed = await rig.tunnelEnd(client.tunnel);
      assert.equal(closed.end, end);
      assert.equal(closed.counters.rxPackets, 1);
      assert.equal(rig.engine.readTunnel(client.tunnel), undefined);
      await until('the engine to forget it', () => rig.engine.totals().tunnels === 0);
    });
  }

  test('a second tunnel with one of the addresses takes it over from the first', async () => {
    using rig = await EngineRig.start();
    for (const wishes of [{ inside4: inside4(2) }, { inside6: inside6(2) }]) {
      using first = await VpnClient.connect(rig, { inside4: inside4(2), inside6: inside6(2) });
      using second = await VpnClient.connect(rig, wishes);
      assert.equal((await rig.tunnelEnd(first.tunnel)).end, 'replaced');
      await until('the first connection to end', () => first.ended);
      assert.deepEqual(first.frames, []);
      const packet =
        'inside4' in wishes ? ipv4Packet(SERVER4, inside4(2)) : ipv6Packet(SERVER6, inside6(2));
      rig.writeTun(packet);
      assert.deepEqual(await second.next(DATA), packet);
    }
  });

  test('a client that is told to go hears it even while it is sending', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig, { inside4: inside4(2) });
    const packet = ipv4Packet(inside4(2), SERVER4, { size: 1400 });
    const sending = setInterval(() => {
      for (let i = 0; i < 50 && !client.ended; i++) client.send(DATA, packet);
      rig.readTun();
    }, 1);
    await sleep(100);
    rig.engine.closeTunnel(client.tunnel, 'admin', true);
    rig.engine.closeTunnel(client.tunnel, 'idle-timeout', false);
    assert.equal((await rig.tunnelEnd(client.tunnel)).end, 'admin');
    assert.deepEqual(await client.next(DISCONNECT), Buffer.alloc(0));
    await until('the connection to end', () => client.ended);
    clearInterval(sending);
    assert.equal(client.error, undefined);
    assert.equal(rig.eventsOf('tunnel-closed').length, 1);
  });

  test('a client whose time is over hears why', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig);
    rig.engine.closeTunnel(client.tunnel, 'quota-used', true);
    assert.equal((await rig.tunnelEnd(client.tunnel)).end, 'quota-used');
    const goodbye = await client.next(DISCONNECT);
    assert.equal(goodbye[0], 0xb0);
    assert.equal(goodbye.subarray(1).toString(), 'The quota of traffic is used up');
  });

  test('a client that is not told sees the connection end and nothing else', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig);
    rig.engine.closeTunnel(client.tunnel, 'session-timeout', false);
    assert.equal((await rig.tunnelEnd(client.tunnel)).end, 'session-timeout');
    await until('the connection to end', () => client.ended);
    assert.deepEqual(client.frames, []);
  });

  test('a client that does not react to its goodbye is cut off', async () => {
    using rig = await EngineRig.start();
    using client = await VpnClient.connect(rig);
    client.socket.pause();
    rig.engine.closeTunnel(client.tunnel, 'admin', true);
    await rig.tunnelEnd(client.tunnel);
    await until('the engine to forget it', () => rig.engine.totals().tunnels === 0, 6000);
  });
});
