import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { Config } from '../../../config/schema.ts';
import { formatCidr, parseCidr } from '../../../core/net/address.ts';
import { RouteFiles } from '../../../server/route_files.ts';
import { Policies } from '../../../server/policies.ts';
import type { PolicySubject } from '../../../server/policies.ts';

const NO_FILES = RouteFiles.read([]);

const LAYERS = `
[policy]
banner = "all"
mtu = 1500
routes = ["10.0.0.0/8"]
dns = ["10.0.0.53"]
[[vhost]]
name = "Partners.example.com"
policy = { banner = "partners", dns = [] }
[group.staff.policy]
banner = "staff"
mtu = 1400
[group.guests.policy]
routes = []
[user.alice.policy]
mtu = 1300
append_routes = true
routes = ["192.168.0.0/16"]
`;

test('each layer lies over the one before it', () => {
  const policies = new Policies(config(LAYERS), NO_FILES);
  const given = (who: Partial<PolicySubject>): unknown[] => {
    const { banner, mtu, dns, routes } = policies.policyFor(subject(who));
    return [banner, mtu, dns.length, ...routes.map(formatCidr)];
  };
  assert.deepEqual(given({}), ['all', 1500, 1, '10.0.0.0/8']);
  assert.deepEqual(given({ vhost: 'partners.example.com' }), ['partners', 1500, 0, '10.0.0.0/8']);
  assert.deepEqual(given({ vhost: 'partners.example.com', groups: ['staff'] }), [
    'staff',
    1400,
    0,
    '10.0.0.0/8',
  ]);
  assert.deepEqual(given({ groups: ['none', 'guests', 'staff'] }), ['all', 1500, 1]);
  assert.deepEqual(given({ user: 'alice', groups: ['staff'] }), [
    'staff',
    1300,
    1,
    '10.0.0.0/8',
    '192.168.0.0/16',
  ]);
  assert.deepEqual(given({ vhost: 'gone.example.com', user: 'Alice' }), [
    'all',
    1500,
    1,
    '10.0.0.0/8',
  ]);
});

test('what the back end says of a session lies over all, and its routes are added where they are', () => {
  const policies = new Policies(config(LAYERS), NO_FILES);
  const backend = { mtu: 1280, routes: [network('172.16.0.0/12')] };
  const bob = policies.policyFor(subject({ user: 'bob', groups: ['staff'], backend }));
  assert.deepEqual(
    [bob.mtu, bob.banner, ...bob.routes.map(formatCidr)],
    [1280, 'staff', '172.16.0.0/12'],
  );
  const alice = policies.policyFor(subject({ user: 'alice', backend }));
  assert.deepEqual(alice.routes.map(formatCidr), ['10.0.0.0/8', '192.168.0.0/16', '172.16.0.0/12']);
});

test('sessions that the same sections speak about share one policy', () => {
  const policies = new Policies(config(LAYERS), NO_FILES);
  const of = (user: string, groups: readonly string[] = []) =>
    policies.policyFor(subject({ user, groups }));
  assert.equal(of('bob', ['staff']), of('carol', ['all', 'staff', 'guests']));
  assert.equal(of('bob'), of('carol', ['unknown']));
  assert.notEqual(of('bob', ['staff']), of('bob', ['guests']));
  assert.notEqual(of('bob', ['staff']), of('alice', ['staff']));
  assert.equal(of('alice', ['staff']), of('alice', ['staff']));
});

test('names that look like those of other sections share nothing', () => {
  const policies = new Policies(
    config('[group."a\\",\\"b".policy]\nmtu = 1300\n[user.b.policy]'),
    NO_FILES,
  );
  const { mtu } = policies.policyFor(subject({ user: 'b', groups: ['a'] }));
  assert.equal(mtu, 0);
});

test('a policy is frozen, and a reload changes none that was given before', () => {
  const policies = new Policies(config(LAYERS), NO_FILES);
  const before = policies.policyFor(subject({ groups: ['staff'] }));
  assert.ok(Object.isFrozen(before) && Object.isFrozen(before.routes));
  policies.configure(config('[group.staff.policy]\nmtu = 1200'), NO_FILES);
  assert.deepEqual([before.mtu, before.banner], [1400, 'staff']);
  const after = policies.policyFor(subject({ groups: ['staff'] }));
  assert.deepEqual([after.mtu, after.banner], [1200, '']);
});

const subject = (who: Partial<PolicySubject>): PolicySubject => ({
  vhost: '',
  user: 'bob',
  groups: [],
  backend: {},
  ...who,
});

function config(text: string): Config {
  const result = loadConfig(text, 'wolfguard.toml');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config;
}

function network(text: string) {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}
