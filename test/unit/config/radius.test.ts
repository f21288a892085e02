import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { RadiusServer } from '../../../core/ipc/auth.ts';
import { authSettings } from '../../../server/settings.ts';

test('a RADIUS server is a name or an address, with the usual port or another', () => {
  const { servers } = radiusOf(
    'servers = ["radius.example.com", "192.0.2.1:18120", "2001:db8::1", "[2001:DB8::2]:1645"]',
  );
  assert.deepEqual(servers, [
    { host: 'radius.example.com', port: 1812 },
    { host: '192.0.2.1', port: 18120 },
    { host: '2001:db8::1', port: 1812 },
    { host: '2001:db8::2', port: 1645 },
  ]);
});

test('accounting goes to the next port, or wherever it is said to go', () => {
  const servers = 'servers = ["192.0.2.1", "192.0.2.2:18120"]\n';
  assert.deepEqual(radiusOf(servers).accountingServers.map(portOf), [1813, 18121]);
  const named = `${servers}accounting_servers = ["192.0.2.3", "192.0.2.4:99"]`;
  assert.deepEqual(radiusOf(named).accountingServers.map(portOf), [1813, 99]);
});

for (const bad of [
  '',
  'a b',
  '192.0.2',
  '[192.0.2.1]:1812',
  'host:0',
  'host:70000',
  '[::1',
  ':1',
]) {
  test(`${JSON.stringify(bad)} is no RADIUS server`, () => {
    const result = loadConfig(`[auth.radius]\nservers = [${JSON.stringify(bad)}]\n`, 'test.toml');
    assert.equal(result.ok, false);
  });
}

const portOf = ({ port }: RadiusServer): number => port;

function radiusOf(keys: string) {
  const result = loadConfig(`[auth.radius]\n${keys}\n`, 'test.toml');
  assert.ok(result.ok);
  const [host] = authSettings(result.config).hosts;
  assert.ok(host);
  return host.backends.radius;
}
