import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';

test('an IPv6 pool must have more than one network for clients', () => {
  const text = (pool: string): string => `[network]\nipv6 = "${pool}"\nipv6_prefix_per_client = 64`;
  assert.deepEqual(messages(text('fd00:77::/48')), []);
  assert.deepEqual(messages(text('fd00:77::/64')), [
    'network.ipv6: fd00:77::/64 has no /64 for each client',
  ]);
});

test('a network behind a client overlaps no pool', () => {
  assert.deepEqual(messages('[policy]\niroutes = ["192.168.40.0/24", "fd01::/48"]'), []);
  assert.deepEqual(messages('[policy]\niroutes = ["10.0.0.0/8"]'), [
    'policy.iroutes: 10.0.0.0/8 overlaps the pool 10.77.0.0/16 of network.ipv4',
  ]);
});

test('what no client can have behind it is refused', () => {
  for (const network of ['0.0.0.0/0', '::/0', '127.0.0.0/8', 'fe80::/64', '224.0.0.0/8']) {
    const [message] = messages(`[policy]\niroutes = ["${network}"]`);
    assert.match(message ?? '', /cannot lie behind a client/, network);
  }
});

function messages(text: string): string[] {
  const result = loadConfig(text, 'test.toml');
  return result.ok ? [] : result.problems.map(({ message }) => message);
}
