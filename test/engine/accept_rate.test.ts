// limits.accept_rate at the door of the engine.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';
import { VpnClient } from './harness/vpn_client.ts';

/** So slow that no test sees the bucket fill. */
const SLOW_WORKERS = 1_000_000;

test('who comes too often is closed at accept, and nobody else is', async () => {
  using rig = await EngineRig.start();
  rig.engine.setAcceptRate(3, SLOW_WORKERS);
  for (let i = 0; i < 3; i++) (await VpnClient.dial(rig)).socket.destroy();
  for (let i = 0; i < 5; i++) await assert.rejects(VpnClient.dial(rig));
  await until('five to be refused', () => rig.engine.totals().handshakesRefused === 5);
  using other = await VpnClient.dial(rig, { localAddress: '127.0.0.2' });
  assert.ok(other.socket.encrypted);
});

test('what is up stays up, and 0 lifts the limit', async () => {
  using rig = await EngineRig.start();
  rig.engine.setAcceptRate(1, SLOW_WORKERS);
  using up = await VpnClient.connect(rig);
  await assert.rejects(VpnClient.dial(rig));
  assert.equal((await up.echo()).toString(), 'echo');
  rig.engine.setAcceptRate(0, SLOW_WORKERS);
  using again = await VpnClient.dial(rig);
  assert.ok(again.socket.encrypted);
});
