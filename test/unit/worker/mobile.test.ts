import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnectHeaders } from '../../../core/connect/connect_request.ts';
import type { ClientFacts, TunnelGrant } from '../../../core/ipc/messages.ts';
import type { ConnectionInfo, TunnelParams } from '../../../native/engine.ts';
import { planTunnel } from '../../../worker/tunnel_plan.ts';
import { cidr, client, policy } from '../core/session/fixture.ts';
import { SETTINGS } from './bench.ts';

test('a phone has timers of its own, in the engine and in what it is told', () => {
  const timers = {
    idle_timeout: 60_000,
    mobile_idle_timeout: 120_000,
    dpd: 5000,
    mobile_dpd: 9000,
  };
  const desk = plan(client, timers);
  const phone = plan({ ...client, mobile: true }, timers);
  assert.deepEqual([desk.idleTimeoutMs, desk.dpdMs], [60_000, 5000]);
  assert.deepEqual([phone.idleTimeoutMs, phone.dpdMs], [120_000, 9000]);
  assert.match(desk.answer, /X-CSTP-Idle-Timeout: 60\r\n/);
  assert.match(phone.answer, /X-CSTP-Idle-Timeout: 120\r\n/);
});

function plan(
  who: ClientFacts,
  timers: Partial<TunnelGrant['policy']>,
): Omit<TunnelParams, 'early'> {
  const grant: TunnelGrant = {
    session: 1,
    user: 'alice',
    group: '',
    inside4: { address: cidr('10.77.0.2').address, prefix: 16 },
    inside6: null,
    policy: { ...policy, ...timers },
    sessionEndsAt: null,
    sessionEndsBy: 'session-timeout',
  };
  const planned = planTunnel({
    facts: parseConnectHeaders({}),
    client: who,
    grant,
    info: INFO,
    settings: SETTINGS,
    lists: { routeLines: () => '', acl: () => 0 },
    appId: new Uint8Array(32),
    now: 0,
    rekeyJitterSeconds: 0,
  });
  assert.ok(planned);
  return planned;
}

const INFO: ConnectionInfo = {
  connection: 1,
  fd: -1,
  peerAddress: '192.0.2.1',
  peerPort: 4000,
  localAddress: '192.0.2.2',
  localPort: 443,
  tlsVersion: 'TLSv1.3',
  tlsCipher: 'TLS_AES_256_GCM_SHA384',
  serverName: '',
  host: '',
  clientCertificate: null,
  pathMtu: 1500,
};
