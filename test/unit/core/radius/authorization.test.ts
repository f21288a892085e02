import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatCidr, formatIp, parseIp } from '../../../../core/net/address.ts';
import { NAME, address, bytes, integer, text } from '../../../../core/radius/attributes.ts';
import type { AttributeName } from '../../../../core/radius/attributes.ts';
import { isExpressible } from '../../../../core/radius/access_request.ts';
import { authorizationOf } from '../../../../core/radius/authorization.ts';
import type { Attribute } from '../../../../core/radius/packet.ts';
import { hex } from './fixture.ts';

describe('an Access-Accept', () => {
  test('that says nothing changes nothing', () => {
    const nothing = { groups: [], policy: {}, interimSeconds: null, classes: [] };
    assert.deepEqual(authorizationOf([]), nothing);
  });

  test('gives addresses', () => {
    const told = policyOf(
      ip(NAME.framedIpAddress, '10.1.2.3'),
      ip(NAME.framedIpv6Address, 'fd00::3'),
    );
    assert.equal(told.address && formatIp(told.address), '10.1.2.3');
    assert.equal(told.address6 && formatIp(told.address6), 'fd00::3');
  });

  test('may leave the address to us [rfc2865 5.8]', () => {
    for (const any of ['ffffffff', 'fffffffe', '0a0102']) {
      assert.deepEqual(policyOf(bytes(NAME.framedIpAddress, hex(any))), {});
    }
  });

  test('gives a delegated prefix whole, with its first address where it names no other', () => {
    const delegated = bytes(NAME.delegatedIpv6Prefix, hex('0038 20010db800aa00'));
    assert.equal(address6(delegated), '2001:db8:aa::1');
    assert.equal(policyOf(delegated).address6_prefix, 56);
    const own = [delegated, ip(NAME.framedIpv6Address, '2001:db8:aa:7::3')];
    assert.equal(address6(...own), '2001:db8:aa:7::3');
    assert.equal(policyOf(...own).address6_prefix, 56);
    const one = bytes(NAME.delegatedIpv6Prefix, hex('0080 20010db8000000000000000000000009'));
    assert.equal(address6(one), '2001:db8::9');
    assert.equal(policyOf(one).address6_prefix, 0);
  });

  test('gives a delegated prefix that its address is not in as what lies behind the client', () => {
    const delegated = bytes(NAME.delegatedIpv6Prefix, hex('0038 20010db800aa00'));
    const told = policyOf(delegated, ip(NAME.framedIpv6Address, 'fd00::3'));
    assert.equal(told.address6 && formatIp(told.address6), 'fd00::3');
    assert.deepEqual(told.iroutes?.map(formatCidr), ['2001:db8:aa::/56']);
    assert.equal(told.address6_prefix, undefined);
    // Nobody has all of IPv6 behind them.
    assert.deepEqual(policyOf(bytes(NAME.delegatedIpv6Prefix, hex('0000'))), {});
  });

  test('gives routes of both families, in place of all that are configured', () => {
    assert.deepEqual(
      routes(
        text(NAME.framedRoute, '10.20.0.0/16 192.0.2.1 1'),
        text(NAME.framedRoute, '172.16.0.0'),
        text(NAME.framedRoute, '192.0.2.7'),
        text(NAME.framedRoute, '0.0.0.0'),
        text(NAME.framedRoute, 'fd00::/8'),
        text(NAME.framedRoute, 'nonsense'),
        text(NAME.framedIpv6Route, '2001:db8:5::/48 2000::1 1'),
        text(NAME.framedIpv6Route, '10.0.0.0/8'),
        bytes(NAME.framedIpv6Prefix, hex('0040 20010db800060000')),
        bytes(NAME.framedIpv6Prefix, hex('0081 20010db800060000')),
        bytes(NAME.framedIpv6Prefix, hex('0040 20010db8')),
      ),
      [
        ...['10.20.0.0/16', '172.16.0.0/16', '192.0.2.7/32', '0.0.0.0/0'],
        ...['2001:db8:5::/48', '2001:db8:6::/64'],
      ],
    );
  });

  test('gives name servers', () => {
    const { dns, nbns } = policyOf(
      ip(NAME.dnsServerIpv6Address, 'fd00::53'),
      ip(NAME.msSecondaryDnsServer, '10.0.0.54'),
      ip(NAME.msPrimaryDnsServer, '10.0.0.53'),
      ip(NAME.msPrimaryNbnsServer, '10.0.0.55'),
    );
    assert.deepEqual(dns?.map(formatIp), ['10.0.0.53', '10.0.0.54', 'fd00::53']);
    assert.deepEqual(nbns?.map(formatIp), ['10.0.0.55']);
  });

  test('gives times; nought says nothing', () => {
    assert.deepEqual(policyOf(integer(NAME.sessionTimeout, 60), integer(NAME.idleTimeout, 5)), {
      session_timeout: 60_000,
      idle_timeout: 5_000,
      mobile_idle_timeout: 5_000,
    });
    assert.deepEqual(policyOf(integer(NAME.sessionTimeout, 0)), {});
    const interim = [integer(NAME.acctInterimInterval, 300)];
    assert.equal(authorizationOf(interim).interimSeconds, 300);
  });

  test('gives rates: upstream is what comes from the client', () => {
    const kilobits = [
      integer(NAME.rpUpstreamSpeedLimit, 512),
      integer(NAME.rpDownstreamSpeedLimit, 2048),
    ];
    assert.deepEqual(policyOf(...kilobits), { rx_limit: 512_000, tx_limit: 2_048_000 });
    const bits = [
      integer(NAME.wisprBandwidthMaxUp, 64_000),
      integer(NAME.wisprBandwidthMaxDown, 1),
    ];
    assert.deepEqual(policyOf(...bits), { rx_limit: 64_000, tx_limit: 1 });
    assert.deepEqual(policyOf(...bits, ...kilobits), { rx_limit: 512_000, tx_limit: 2_048_000 });
  });

  test('gives a message to read, in one line of at most 256 characters', () => {
    const lines = [text(NAME.replyMessage, 'Good\r\nday,'), text(NAME.replyMessage, 'alice')];
    assert.equal(policyOf(...lines).banner, 'Good day, alice');
    const long = [
      text(NAME.replyMessage, 'x'.repeat(253)),
      text(NAME.replyMessage, '🐺'.repeat(20)),
    ];
    assert.equal(Array.from(policyOf(...long).banner ?? '').length, 256);
  });
});

describe('Class', () => {
  const groups = (...classes: string[]): readonly string[] =>
    authorizationOf(classes.map((each) => text(NAME.class, each))).groups;

  test('names groups as for ocserv, in one attribute or in several', () => {
    assert.deepEqual(groups('OU=staff;it'), ['staff', 'it']);
    assert.deepEqual(groups('OU=staff', 'OU=it; staff;'), ['staff', 'it']);
    assert.deepEqual(groups('staff', 'it;x'), ['staff', 'it;x']);
    assert.deepEqual(groups('OU=', '', 'x'.repeat(65)), []);
  });

  test("that is a server's own bytes is no group, and goes back unchanged", () => {
    const own = hex('00ff80deadbeef0a');
    const told = authorizationOf([bytes(NAME.class, own), text(NAME.class, 'it')]);
    assert.deepEqual(told.groups, ['it']);
    assert.deepEqual(told.classes, ['00ff80deadbeef0a', '6974']);
  });
});

test('who has no name or too long ones cannot be asked for', () => {
  assert.ok(isExpressible('alice', 's3cret'));
  assert.ok(isExpressible('ä'.repeat(126), 'x'.repeat(128)));
  for (const [user, password] of [
    ['', 's3cret'],
    ['ä'.repeat(127), 'x'],
    ['alice', 'x'.repeat(129)],
    ['alice', 's3cret\0'],
  ] as const) {
    assert.equal(isExpressible(user, password), false);
  }
});

const policyOf = (...attributes: Attribute[]) => authorizationOf(attributes).policy;
const routes = (...attributes: Attribute[]) => policyOf(...attributes).routes?.map(formatCidr);

function address6(...attributes: Attribute[]): string | null {
  const found = policyOf(...attributes).address6;
  return found ? formatIp(found) : null;
}

function ip(name: AttributeName, value: string): Attribute {
  const parsed = parseIp(value);
  assert.ok(parsed);
  return address(name, parsed);
}
