import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { WrittenConfig } from '../../../config/loader.ts';
import { policyLayers } from '../../../config/policy_layers.ts';
import type { Problem } from '../../../config/problems.ts';
import { diffReload } from '../../../config/reload.ts';
import type { Config } from '../../../config/schema.ts';
import type { ReloadChange } from '../../../core/ipc/reload_plan.ts';
import { formatCidr } from '../../../core/net/address.ts';
import { dotted } from '../../../config/toml_text.ts';

test('a group and a user have exactly the keys of [policy] that are written for them', () => {
  const { group, user } = sound(`
[group.staff]
ipv4 = "10.78.0.0/16"
[group.staff.policy]
routes = ["10.99.0.0/16"]
mtu = 0
[user.alice]
policy = { udp = false }
`);
  const staff = group.get('staff');
  assert.ok(staff);
  assert.deepEqual(Object.keys(staff.policy), ['routes', 'mtu']);
  assert.deepEqual(staff.policy.routes?.map(formatCidr), ['10.99.0.0/16']);
  assert.equal(staff.ipv4 && formatCidr(staff.ipv4), '10.78.0.0/16');
  assert.equal(staff.ipv6, null);
  assert.deepEqual(user.get('alice'), { policy: { udp: false } });
  assert.equal(user.get('bob'), undefined);
});

test('names may hold dots, blanks and letters of any script, and be words of the language', () => {
  const names = ['bob.jones@example.com', 'Zoë Müller', '用户', 'toString', 'policy'];
  for (const name of names) {
    const text = `[user.${JSON.stringify(name)}.policy]\nmtu = 1400\n`;
    assert.equal(sound(text).user.get(name)?.policy.mtu, 1400, name);
  }
  assert.equal(sound("[group.'a.b']\npolicy.mtu = 1400").group.get('a.b')?.policy.mtu, 1400);
  assert.equal(sound('').user.get('toString'), undefined);
});

test('a mistake is told with its line and the name of its section', () => {
  const told = (text: string): (string | number)[] => {
    const { line, column, message } = only(text);
    return [line, column, message];
  };
  assert.deepEqual(told('\n[user.alice.policy]\nmtu = 0\nroutes = ["10.0.0.0/8", "x"]'), [
    4,
    25,
    '[user.alice.policy] routes: "x" is not a network',
  ]);
  assert.deepEqual(told('[group."a.b"]\npolicy = { mtu = 9 }'), [
    2,
    18,
    '[group."a.b".policy] mtu: 9 is too small',
  ]);
  assert.deepEqual(told('[[vhost]]\nname = "a.example"\npolicy = { dpd = 90 }'), [
    3,
    18,
    '[vhost.policy] dpd: expected a duration or 0, found a number',
  ]);
});

test('an unknown key is told by its name, with the nearest valid one', () => {
  const told = (text: string): (string | undefined)[] => {
    const { message, suggestion } = only(text);
    return [message, suggestion];
  };
  assert.deepEqual(told('[group.staff.policy]\nruotes = []'), [
    'unknown key "ruotes" in [group.staff.policy]',
    'did you mean "routes"?',
  ]);
  assert.deepEqual(told('[user."a b".policy]\nipv4 = ""'), [
    'unknown key "ipv4" in [user."a b".policy]',
    'did you mean network.ipv4?',
  ]);
  assert.deepEqual(told('[group.staff]\nroutes = []'), [
    'unknown key "routes" in [group.staff]',
    'did you mean policy.routes?',
  ]);
  assert.deepEqual(told('[user.alice]\npolcy = {}'), [
    'unknown section [user.alice.polcy]',
    'did you mean "policy"?',
  ]);
});

test('what is no section is told what to write', () => {
  const told = (text: string): (string | undefined)[] => {
    const { message, suggestion } = only(text);
    return [message, suggestion];
  };
  assert.deepEqual(told('[group]\nstaff = 3'), [
    'group.staff must be a section',
    'write [group.staff.policy]',
  ]);
  assert.deepEqual(told('group = 3'), ['group must be a section', 'write [group.NAME.policy]']);
  assert.deepEqual(told('[user.alice]\npolicy = 3'), [
    'user.alice.policy must be a section',
    'write [user.alice.policy]',
  ]);
  assert.equal(only('[group.""]').message, '[group.""]: a group has a name');
});

test('the pool of a group overlaps no other', () => {
  const found = mistakes(`
[network]
ipv6 = "fd00:77::/64"
[[vhost]]
name = "a.example"
ipv4 = "10.78.0.0/16"
[group.staff]
ipv4 = "10.78.4.0/24"
ipv6 = "fd00:78::/64"
[group.guests]
ipv4 = "10.79.0.0/16"
ipv6 = "fd00:77::/96"
[group.more]
ipv4 = "10.79.0.0/16"
`);
  assert.deepEqual(
    found.map(({ line, message }) => [line, message]),
    [
      [8, 'group.staff.ipv4: 10.78.4.0/24 overlaps 10.78.0.0/16 of vhost.ipv4'],
      [12, 'group.guests.ipv6: fd00:77::/96 overlaps fd00:77::/64 of network.ipv6'],
      [14, 'group.more.ipv4: 10.79.0.0/16 overlaps 10.79.0.0/16 of group.guests.ipv4'],
    ],
  );
});

test('a reload takes new policies of hosts, groups and users, and no new pools', () => {
  const before = '[[vhost]]\nname = "a.example"\n[group.staff.policy]\nmtu = 1400\n';
  const after = `[[vhost]]
name = "a.example"
policy = { mtu = 1400 }
[group.guests.policy]
mtu = 1400
[user."a.b"]
policy = { udp = false }
[user.bob.policy]
`;
  assert.deepEqual(namesOf(diffReload(written(before), written(after))), [
    ['vhost."a.example".policy', 'mtu', 'new sessions'],
    ['group.staff.policy', 'mtu', 'new sessions'],
    ['group.guests.policy', 'mtu', 'new sessions'],
    ['user."a.b".policy', 'udp', 'new sessions'],
  ]);
  const pool = '[group.staff]\nipv4 = "10.78.0.0/16"\n[group.staff.policy]\nmtu = 1400\n';
  const host = '[[vhost]]\nname = "a.example"\npolicy = { mtu = 9000 }\nipv4 = "10.79.0.0/16"\n';
  assert.deepEqual(namesOf(diffReload(written(before), written(host + pool))), [
    ['vhost."a.example"', 'ipv4', 'restart'],
    ['vhost."a.example".policy', 'mtu', 'new sessions'],
    ['group.staff', 'ipv4', 'restart'],
  ]);
});

test('every place that speaks about policy is found, [policy] first', () => {
  const config = sound(
    '[user.a.policy]\n[group.b.policy]\n[[vhost]]\nname = "c"\npolicy = {}\n[policy]\nmtu = 0',
  );
  assert.deepEqual(
    policyLayers(config).map(({ path }) => dotted(path)),
    ['policy', 'vhost.policy', 'group.b.policy', 'user.a.policy'],
  );
});

function sound(text: string): Config {
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config;
}

function mistakes(text: string): readonly Problem[] {
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(!result.ok, `no mistake found in ${text}`);
  return result.problems;
}

function only(text: string): Problem {
  const [problem, ...more] = mistakes(text);
  assert.ok(problem);
  assert.deepEqual(more, [], text);
  return problem;
}

function written(text: string): WrittenConfig {
  const result = loadConfig(text, 'f');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result;
}

const namesOf = (changes: readonly ReloadChange[]): unknown[] =>
  changes.map(({ section, key, effect }) => [section, key, effect]);
