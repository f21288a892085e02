import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { Config } from '../../../config/schema.ts';
import { formatCidr, formatIp } from '../../../core/net/address.ts';
import {
  localAddressesOf,
  poolOptions,
  poolsOf,
  reservedAddresses,
  serverNetworks,
} from '../../../server/pools.ts';
import { banSettings, tunMtu } from '../../../server/settings.ts';

const config = configOf(`
[network]
ipv4 = "10.77.0.0/16"
ipv6_prefix_per_client = 64
[policy]
mtu = 1000
[[vhost]]
name = "Partners.example.com"
ipv4 = "10.78.0.0/16"
[group.staff]
ipv6 = "fd00:79::/48"
policy = { address6 = "2001:db8::5" }
[user.alice.policy]
address = "10.77.0.10"
`);

test('the pools of hosts and groups are known wherever pools are', () => {
  const all = ['10.77.0.0/16', '10.78.0.0/16', 'fd00:79::/48'];
  assert.deepEqual(poolsOf(config).map(formatCidr), all);
  assert.deepEqual(banSettings(config).exempt.map(formatCidr).slice(-3), all);
  assert.equal(localAddressesOf(poolsOf(config))('fd00:79:0:5::1'), 'fd00:79::1');
  // Without room for IPv6 the device would get no address of that pool.
  assert.equal(tunMtu(config), 1280);
});

test('the session table gets them by name', () => {
  const { hosts, groups, clientPrefix6 } = poolOptions(config);
  assert.equal(hosts?.get('partners.example.com')?.pool4?.prefix, 16);
  const staff = groups?.get('staff');
  assert.equal(staff?.pool6?.prefix, 48);
  assert.equal(staff.pool4, null);
  assert.equal(clientPrefix6, 64);
});

test('addresses that any place in the file names are reserved', () => {
  assert.deepEqual(reservedAddresses(config).map(formatIp), ['2001:db8::5', '10.77.0.10']);
});

test('the networks of the machine are those of its devices but the TUN device', () => {
  const at = (cidr: string | null) => ({
    ...{ address: '', netmask: '', mac: '', internal: false, cidr },
    ...{ family: 'IPv4' as const },
  });
  const networks = serverNetworks('wolf0', {
    wolf0: [at('10.77.0.1/16')],
    eth0: [at('198.51.100.7/24'), at(null)],
  });
  assert.deepEqual(networks.map(formatCidr), ['198.51.100.0/24']);
});

function configOf(text: string): Config {
  const result = loadConfig(text, 'test.toml');
  assert.ok(result.ok);
  return result.config;
}
