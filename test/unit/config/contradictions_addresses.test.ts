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

test('networks behind two users do not overlap, wherever they stand in the file', () => {
  const text = (alice: string, bob: string): string =>
    `[user.alice.policy]\niroutes = ["192.168.0.0/24", "${alice}"]\n` +
    `[user.bob.policy]\niroutes = ["192.168.99.0/24", "${bob}"]`;
  assert.deepEqual(messages(text('192.168.40.0/24', '192.168.41.0/24')), []);
  assert.deepEqual(messages(text('192.168.40.0/24', '192.168.40.64/26')), [
    'user.bob.policy.iroutes: 192.168.40.64/26 lies in 192.168.40.0/24 of user.alice.policy.iroutes',
  ]);
  assert.deepEqual(messages(text('192.168.40.0/24', '192.168.40.0/23')), [
    'user.alice.policy.iroutes: 192.168.40.0/24 lies in 192.168.40.0/23 of user.bob.policy.iroutes',
  ]);
  // What one user says twice is no contradiction, and hides nobody else's.
  assert.deepEqual(messages(text('192.168.0.0/16', '10.200.0.0/24')), [
    'user.bob.policy.iroutes: 192.168.99.0/24 lies in 192.168.0.0/16 of user.alice.policy.iroutes',
  ]);
});

test("a user's fixed address does not lie in what another has behind them", () => {
  const text = (name: string): string =>
    `[user.alice.policy]\niroutes = ["192.168.40.0/24"]\n` +
    `[user.${name}.policy]\n${name === 'alice' ? '' : 'address = "192.168.40.9"'}`;
  assert.deepEqual(messages(text('"bob.jones"')), [
    'user."bob.jones".policy.address: 192.168.40.9/32 lies in 192.168.40.0/24 of user.alice.policy.iroutes',
  ]);
  const own = '[user.alice.policy]\niroutes = ["192.168.40.0/24"]\naddress = "192.168.40.9"';
  assert.deepEqual(messages(own), []);
});

test('the pool of a group counts like every other', () => {
  assert.deepEqual(
    messages('[group.staff]\nipv4 = "10.79.0.0/16"\npolicy = { iroutes = ["10.79.3.0/24"] }'),
    ['group.staff.policy.iroutes: 10.79.3.0/24 overlaps the pool 10.79.0.0/16 of group.staff.ipv4'],
  );
  assert.deepEqual(
    messages('[network]\nipv6_prefix_per_client = 64\n[group.staff]\nipv6 = "fd00:79::/64"'),
    ['group.staff.ipv6: fd00:79::/64 has no /64 for each client'],
  );
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
