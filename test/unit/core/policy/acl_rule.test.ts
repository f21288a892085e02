import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAclRule, parseAclRule } from '../../../../core/policy/acl_rule.ts';

for (const text of [
  'tcp:22 10.0.0.0/8',
  'udp:53',
  'icmp',
  'icmpv6',
  'icmpv6 fd00::/8',
  'tcp:8000-8100',
  'tcp:80,443,8000-8100 fd00:1::/32',
  'tcp:0-65535',
  '10.1.0.0/16',
  '0.0.0.0/0',
  'fd00::/8',
  'sctp:3868',
  'sctp',
  'esp',
  'gre 192.0.2.1/32',
  'ah',
])
  test(`"${text}" is a rule, and is written as it was read`, () => {
    const rule = parseAclRule(text);
    assert.ok(!('mistake' in rule));
    assert.equal(formatAclRule(rule), text);
  });

test('an address alone is the network of that address, and blanks do not count', () => {
  for (const [text, meant] of [
    ['10.1.2.3', '10.1.2.3/32'],
    [' tcp:22   fd00::1 ', 'tcp:22 fd00::1/128'],
  ] as const) {
    const rule = parseAclRule(text);
    assert.ok(!('mistake' in rule));
    assert.equal(formatAclRule(rule), meant);
  }
});

for (const [text, mistake, hint] of [
  ['', 'is not a rule', 'for example'],
  ['TCP:22', '"TCP" is not a protocol', 'did you mean "tcp"?'],
  ['tpc:22', '"tpc" is not a protocol', 'one of icmp, tcp'],
  ['icmp:8', 'icmp has no ports', 'did you mean "icmp"?'],
  ['tcp:', '"" is not a port', 'such as 443'],
  ['tcp:ssh', '"ssh" is not a port', 'such as 443'],
  ['tcp:70000', '"70000" is not a port', 'such as 443'],
  ['tcp:022', '"022" is not a port', 'such as 443'],
  ['tcp:90-80', '90-80 is empty', 'did you mean 80-90?'],
  ['tcp:22 10.0.0.1/8', 'has bits set behind its prefix', 'did you mean "10.0.0.0/8"?'],
  ['tcp:22 lan', '"lan" is not a network', 'for example'],
  ['10.0.0.0/8 tcp:22', 'stands behind the network', 'for example'],
  ['tcp:22 10.0.0.0/8 out', 'is not a rule', 'for example'],
  ['icmp fd00::/8', 'can match nothing', 'did you mean "icmpv6 fd00::/8"?'],
  ['icmpv6 10.0.0.0/8', 'can match nothing', 'did you mean "icmp 10.0.0.0/8"?'],
] as const)
  test(`"${text}" is refused with a hint`, () => {
    const rule = parseAclRule(text);
    assert.ok('mistake' in rule);
    assert.ok(rule.mistake.includes(mistake), rule.mistake);
    assert.ok(rule.hint.includes(hint), rule.hint);
  });
