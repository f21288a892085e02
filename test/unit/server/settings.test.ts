import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { formatCidr } from '../../../core/net/address.ts';
import { banSettings } from '../../../server/settings.ts';

test('pools are never banned, nor is who may send the PROXY header', () => {
  const pools = `
[network]
ipv4 = "10.77.0.0/16"
ipv6 = "fd00:77::/64"
[ban]
allow = ["203.0.113.0/24"]
[[vhost]]
name = "partners.example.com"
ipv4 = "10.78.0.0/16"`;
  const always = ['10.77.0.0/16', '10.78.0.0/16', '203.0.113.0/24', 'fd00:77::/64'];
  assert.deepEqual(exempt(pools), always);
  const proxy = (mode: string): string =>
    `[listen]\nproxy_protocol = "${mode}"\nproxy_trusted = ["192.0.2.10"]${pools}`;
  assert.deepEqual(exempt(proxy('off')), always);
  assert.deepEqual(exempt(proxy('v2')), ['192.0.2.10/32', ...always].sort());
});

function exempt(text: string): string[] {
  const loaded = loadConfig(text, 'wolfguard.toml');
  assert.ok(loaded.ok);
  return banSettings(loaded.config).exempt.map(formatCidr).sort();
}
