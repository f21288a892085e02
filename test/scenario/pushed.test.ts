import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, {
  policy: {
    routes: ['10.77.0.0/16', '172.20.0.0/14', 'fd00:77::/64'],
    no_routes: ['172.20.5.0/24', 'fd00:77::5/128'],
    dns: ['10.77.0.53', 'fd00:77::53'],
    nbns: ['10.77.0.54'],
    search_domains: ['corp.example'],
    split_dns: ['corp.example', 'lab.example'],
    banner: 'Welcome to the test',
    mtu: 1400,
    dpd: '47s',
    keepalive: '301s',
    rekey: '7h',
    idle_timeout: '31m',
    session_timeout: '9h',
  },
});

test('a client is told all that the policy says', options, async (t) => {
  const client = await Client.connect(lab, { account: ALICE });
  const told = (variable: string): string => client.told(variable);
  const header = (name: string): string | undefined =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(told('CISCO_CSTP_OPTIONS'))?.[1];

  await t.test('addresses and netmask', () => {
    assert.match(told('INTERNAL_IP4_ADDRESS'), /^10\.77\.\d+\.\d+$/);
    assert.equal(told('INTERNAL_IP4_NETMASK'), '255.255.0.0');
    assert.match(told('INTERNAL_IP6_NETMASK'), /^fd00:77:[^/]+\/(64|128)$/);
  });
  await t.test('routes into the tunnel and around it', () => {
    // openconnect numbers them in the reverse order of the headers.
    assert.deepEqual(split('CISCO_SPLIT_INC').sort(), ['10.77.0.0/16', '172.20.0.0/14']);
    assert.deepEqual(split('CISCO_IPV6_SPLIT_INC'), ['fd00:77::/64']);
    assert.deepEqual(split('CISCO_SPLIT_EXC'), ['172.20.5.0/24']);
    assert.deepEqual(split('CISCO_IPV6_SPLIT_EXC'), ['fd00:77::5/128']);
  });
  await t.test('name service', () => {
    const servers = `${told('INTERNAL_IP4_DNS')} ${told('INTERNAL_IP6_DNS')}`.trim().split(/\s+/);
    assert.deepEqual(servers.sort(), ['10.77.0.53', 'fd00:77::53']);
    assert.equal(told('INTERNAL_IP4_NBNS'), '10.77.0.54');
    assert.match(told('CISCO_DEF_DOMAIN'), /corp\.example/);
    assert.deepEqual(told('CISCO_SPLIT_DNS').split(',').sort(), ['corp.example', 'lab.example']);
  });
  await t.test('banner', () => {
    assert.equal(told('CISCO_BANNER'), 'Welcome to the test');
  });
  await t.test('MTU: what is left of 1400 for a packet in AES-GCM [oc 5.5]', () => {
    // IPv4 20, UDP 8, DTLS record 37, type 1.
    assert.equal(told('INTERNAL_IP4_MTU'), '1334');
  });
  await t.test('clocks', () => {
    assert.equal(header('X-CSTP-DPD'), '47');
    assert.equal(header('X-CSTP-Keepalive'), '301');
    assert.ok(Math.abs(Number(header('X-CSTP-Rekey-Time')) - 7 * 3600) <= 30);
    assert.equal(header('X-CSTP-Rekey-Method'), 'new-tunnel');
    assert.equal(header('X-CSTP-Idle-Timeout'), String(31 * 60));
    assert.equal(header('X-CSTP-Session-Timeout'), String(9 * 3600));
    const remaining = Number(header('X-CSTP-Session-Timeout-Remaining'));
    assert.ok(remaining > 9 * 3600 - 60 && remaining <= 9 * 3600, `${remaining}`);
  });
  await client.logOut();

  /** The networks of a numbered list of variables, as "address/length". */
  function split(prefix: string): string[] {
    return Array.from(
      { length: Number(told(prefix)) },
      (_, n) => `${told(`${prefix}_${n}_ADDR`)}/${told(`${prefix}_${n}_MASKLEN`)}`,
    );
  }
});

test('without routes the client sends everything through the tunnel', options, async () => {
  const fresh = new Lab();
  try {
    const full = await Server.start(fresh, { policy: { routes: [] } });
    const client = await Client.connect(fresh, { account: ALICE });
    assert.equal(client.told('CISCO_SPLIT_INC'), '');
    assert.match(fresh.client.ip('route', 'show', 'default'), /dev tun0/);
    await full.stop();
  } finally {
    await fresh.close();
  }
});

test('the same user gets the same addresses at the next login', options, async () => {
  const first = await Client.connect(lab, { account: ALICE });
  await first.logOut();
  const second = await Client.connect(lab, { account: ALICE });
  assert.deepEqual([second.ipv4, second.ipv6], [first.ipv4, first.ipv6]);
  await second.logOut();
  assert.equal((await server.ask<'users'>({ command: 'users' })).length, 0);
});
