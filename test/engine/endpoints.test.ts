// What the engine says about where its clients' datagrams come from: the primary steers by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DATA, SERVER4, inside4, ipv4Packet } from './harness/cstp.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { UdpChannel } from './harness/udp_channel.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

test('an end point is told when DTLS comes, when it moves, and when the tunnel ends', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, { inside4: inside4(2), dtls: true });
  assert.deepEqual(owned(rig), []);
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  const [first, ...others] = owned(rig);
  assert.ok(first !== undefined);
  assert.deepEqual(others, []);
  assert.match(first, /^00000000000000000000ffff7f000001:\d+$/);

  channel.move();
  await channel.echo();
  const [second] = await until('the new end point', () => {
    const now = owned(rig);
    return now.length === 1 && now[0] !== first ? now : undefined;
  });
  assert.notEqual(second, first);

  rig.engine.closeTunnel(client.tunnel, 'admin', false);
  await until('its end', () => owned(rig).length === 0);
});

test('packets of a client that stays where it is raise no event', async () => {
  using rig = await EngineRig.start();
  using client = await VpnClient.connect(rig, { inside4: inside4(2), dtls: true });
  using channel = await UdpChannel.connect(client);
  await channel.echo();
  const before = rig.eventsOf('endpoints').length;
  for (let i = 0; i < 20; i++) channel.send(DATA, ipv4Packet(inside4(2), SERVER4));
  await channel.echo();
  assert.equal(rig.eventsOf('endpoints').length, before);
});

/** The end points as the primary would have them after all events so far. */
function owned(rig: EngineRig): string[] {
  const set = new Set<string>();
  for (const { address, port, owned: isOwned } of rig
    .eventsOf('endpoints')
    .flatMap(({ changes }) => changes)) {
    const key = `${Buffer.from(address).toString('hex')}:${port}`;
    if (isOwned) set.add(key);
    else set.delete(key);
  }
  return [...set];
}
