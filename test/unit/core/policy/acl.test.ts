// What a policy says, by example; that the engine says the same is in test/engine/acl.test.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr, parseIp } from '../../../../core/net/address.ts';
import type { Cidr, IpAddress } from '../../../../core/net/address.ts';
import { judge } from '../../../../core/policy/acl.ts';
import type { AclVerdict, ClientNetworks } from '../../../../core/policy/acl.ts';
import { compileAcl, needsProgram } from '../../../../core/policy/acl_program.ts';
import { parseAclRule } from '../../../../core/policy/acl_rule.ts';
import type { AclRule } from '../../../../core/policy/acl_rule.ts';
import type { PolicyLists } from '../../../../core/policy/policy.ts';

const ip = (text: string): IpAddress => parseIp(text) ?? assert.fail(text);
const nets = (...texts: string[]): Cidr[] =>
  texts.map((text) => parseCidr(text)?.network ?? assert.fail(text));
const rules = (...texts: string[]): AclRule[] =>
  texts.map((text) => {
    const rule = parseAclRule(text);
    return 'mistake' in rule ? assert.fail(rule.mistake) : rule;
  });

const OPEN: PolicyLists = {
  routes: [],
  no_routes: [],
  enforce_routes: false,
  allow: [],
  deny: [],
  client_to_client: true,
  dns: [],
  nbns: [],
};
const CLIENTS: ClientNetworks = {
  networks: nets('10.77.0.0/16', 'fd00:77::/64'),
  servers: [ip('10.77.0.1'), ip('fd00:77::1')],
};

function verdict(policy: Partial<PolicyLists>, to: string, port: number | null, protocol = 6) {
  return judge({ ...OPEN, ...policy }, CLIENTS, { destination: ip(to), protocol, port });
}

const reasonOf = ({ reason }: AclVerdict): string => reason.kind;

test('without rules everything passes, and there is nothing for the engine to do', () => {
  assert.equal(reasonOf(verdict({}, '192.0.2.1', 22)), 'no-rules');
  assert.ok(!needsProgram(OPEN));
  assert.ok(!needsProgram({ ...OPEN, enforce_routes: true }));
  assert.ok(needsProgram({ ...OPEN, enforce_routes: true, routes: nets('10.0.0.0/8') }));
  assert.ok(needsProgram({ ...OPEN, enforce_routes: true, no_routes: nets('10.0.0.0/8') }));
  assert.ok(needsProgram({ ...OPEN, deny: rules('icmp') }));
});

test('with a list of what is allowed, everything else is denied, the other family too', () => {
  const policy = { allow: rules('tcp:22 10.0.0.0/8', 'udp:53') };
  assert.ok(verdict(policy, '10.1.2.3', 22).allowed);
  assert.equal(reasonOf(verdict(policy, '10.1.2.3', 23)), 'not-allowed');
  assert.equal(reasonOf(verdict(policy, 'fd00::1', 22)), 'not-allowed');
  assert.ok(verdict(policy, 'fd00::1', 53, 17).allowed, 'a rule without network is for both');
});

test('what is denied is denied, whatever the list of what is allowed says', () => {
  const policy = { allow: rules('tcp 10.0.0.0/8'), deny: rules('10.9.0.0/16') };
  assert.equal(reasonOf(verdict(policy, '10.9.1.1', 22)), 'denied-by');
  assert.equal(reasonOf(verdict(policy, '10.8.1.1', 22)), 'allowed-by');
});

test('a packet without a port is denied by a rule with ports and not allowed by one', () => {
  assert.ok(!verdict({ allow: rules('tcp:22') }, '10.1.1.1', null).allowed);
  assert.ok(!verdict({ deny: rules('tcp:22') }, '10.1.1.1', null).allowed);
  assert.ok(verdict({ allow: rules('tcp') }, '10.1.1.1', null).allowed);
});

test('enforced routes let pass what they hold, the name servers, and nothing of no_routes', () => {
  const policy = {
    enforce_routes: true,
    routes: nets('10.0.0.0/8', 'fd00::/8'),
    no_routes: nets('10.9.0.0/16'),
    dns: [ip('192.0.2.53')],
  };
  assert.ok(verdict(policy, '10.8.0.1', 22).allowed);
  assert.ok(verdict(policy, '192.0.2.53', 53, 17).allowed);
  assert.equal(reasonOf(verdict(policy, '10.9.0.1', 22)), 'no-route');
  assert.equal(reasonOf(verdict(policy, '192.0.2.1', 22)), 'outside-routes');
  assert.equal(reasonOf(verdict(policy, '2001:db8::1', 22)), 'outside-routes');
});

test('a default route that is enforced holds everything but no_routes', () => {
  for (const routes of [[], nets('0.0.0.0/0')]) {
    const policy = { enforce_routes: true, routes, no_routes: nets('192.0.2.0/24') };
    assert.ok(verdict(policy, '198.51.100.1', 22).allowed);
    assert.ok(verdict(policy, 'fd00::1', 22).allowed);
    assert.equal(reasonOf(verdict(policy, '192.0.2.1', 22)), 'no-route');
  }
});

test('other clients cannot be reached, and the server in their network can', () => {
  const policy = { client_to_client: false };
  assert.equal(reasonOf(verdict(policy, '10.77.3.4', 22)), 'client');
  assert.equal(reasonOf(verdict(policy, 'fd00:77::9', 22)), 'client');
  assert.ok(verdict(policy, '10.77.0.1', 22).allowed);
  assert.ok(verdict({}, '10.77.3.4', 22).allowed);
});

test('5,000 networks are a program of at most two ranges each', () => {
  const routes = Array.from({ length: 5000 }, (_, i): Cidr => ({
    address: { family: 4, value: BigInt(i) << 12n },
    prefix: 24,
  }));
  const program = compileAcl({ ...OPEN, enforce_routes: true, routes });
  assert.ok(program !== undefined && program.length < 10_002 * 6 + 100, String(program?.length));
});

test('rules that hold at the same addresses in too many ways are no program', () => {
  // Every address of a /16 has rules of its own beside 300 that hold everywhere.
  const everywhere = Array.from({ length: 300 }, (_, i) => `tcp:${i}`);
  const here = Array.from({ length: 4096 }, (_, i) => `udp:${i} 10.0.${i >> 8}.${i & 255}`);
  assert.equal(compileAcl({ ...OPEN, allow: rules(...everywhere, ...here) }), undefined);
});
