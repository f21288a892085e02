import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planRekey } from '../../../../core/connect/rekey.ts';

const HOURS_48 = 172_800_000;
const YEAR_SECONDS = 31_536_000;

test('new-tunnel: the client is told when, and expected then [oc 7.3]', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'])
    assert.deepEqual(planRekey({ rekey: HOURS_48, rekey_method: 'new-tunnel' }, version, -7), {
      clientSeconds: 172_793,
      newTunnelMs: 172_793_000,
      keyUpdateMs: 0,
      dtlsSeconds: 172_803,
    });
});

test('ssl: the server renews the keys of TLS 1.3 itself, and the client hears of a year [oc 7.3]', () => {
  assert.deepEqual(planRekey({ rekey: HOURS_48, rekey_method: 'ssl' }, 'TLSv1.3', 0), {
    clientSeconds: YEAR_SECONDS,
    newTunnelMs: 0,
    keyUpdateMs: HOURS_48,
    dtlsSeconds: 172_810,
  });
});

test('ssl with TLS 1.2 is new-tunnel', () => {
  const [ssl, tunnel] = (['ssl', 'new-tunnel'] as const).map((rekey_method) =>
    planRekey({ rekey: HOURS_48, rekey_method }, 'TLSv1.2', 5),
  );
  assert.deepEqual(ssl, tunnel);
});

test('never is a year for the client and nothing for the server', () => {
  for (const rekey_method of ['ssl', 'new-tunnel'] as const) {
    const plan = planRekey({ rekey: 0, rekey_method }, 'TLSv1.3', 30);
    assert.equal(plan.clientSeconds, YEAR_SECONDS);
    assert.deepEqual([plan.newTunnelMs, plan.keyUpdateMs], [0, 0]);
  }
});

test('the jitter is 30 seconds and a tenth of the time at the most', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.integer({ min: -30, max: 30 }), (seconds, jitter) => {
      const policy = { rekey: seconds * 1000, rekey_method: 'new-tunnel' } as const;
      const { clientSeconds } = planRekey(policy, 'TLSv1.3', jitter);
      const most = Math.min(Math.abs(jitter), seconds / 10);
      assert.ok(Number.isInteger(clientSeconds) && clientSeconds > 0);
      assert.ok(Math.abs(clientSeconds - seconds) <= most);
    }),
  );
  const ten = { rekey: 600_000, rekey_method: 'new-tunnel' } as const;
  assert.equal(planRekey(ten, 'TLSv1.3', -30).clientSeconds, 570);
  assert.equal(planRekey({ ...ten, rekey: 5000 }, 'TLSv1.3', -30).clientSeconds, 5);
});
