import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bitsOf,
  contains,
  decodeIp,
  encodeIp,
  formatCidr,
  formatIp,
  formatIpv4Mask,
  networkOf,
  parseCidr,
  parseIp,
  sameIp,
} from '../../../../core/net/address.ts';
import type { IpAddress } from '../../../../core/net/address.ts';

test('addresses are shown as RFC 5952 wants them', () => {
  const shown = (text: string): string => formatIp(ip(text));
  assert.equal(shown('2001:DB8:0:0:1:0:0:1'), '2001:db8::1:0:0:1');
  assert.equal(shown('2001:db8:0:1:1:1:1:1'), '2001:db8:0:1:1:1:1:1');
  assert.equal(shown('2001:0:0:1:0:0:0:1'), '2001:0:0:1::1');
  assert.equal(shown('0:0:0:0:0:0:0:0'), '::');
  assert.equal(shown('1::'), '1::');
  assert.equal(shown('0:0:0:0:0:0:0:1'), '::1');
  assert.equal(shown('255.0.10.1'), '255.0.10.1');
});

test('text that is not exactly an address is refused', () => {
  const refused = [
    ...[
      '',
      ' ',
      '1.2.3',
      '1.2.3.4.5',
      '256.1.1.1',
      '010.1.1.1',
      '1.2.3.4 ',
      '0x1.2.3.4',
      '1.2.3.-4',
    ],
    ...[':', ':::', '1:2:3', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'fe80::1%eth0', '::1/64'],
    ...[
      ':1:2:3:4:5:6:7',
      '1:2:3:4:5:6:7:',
      '1:2:3:4:5:6:7:8::',
      '[::1]',
      '::g',
      '::1.2.3',
      '1:1.2.3.4',
    ],
  ];
  for (const text of refused) assert.equal(parseIp(text), undefined, text);
});

test('a dotted IPv4 part stands only at the end of an IPv6 address', () => {
  assert.deepEqual(parseIp('64:ff9b::192.0.2.1'), ip('64:ff9b::c000:201'));
  assert.deepEqual(parseIp('1:2:3:4:5:6:192.0.2.1'), ip('1:2:3:4:5:6:c000:201'));
  for (const text of ['192.0.2.1::', '1:192.0.2.1::5', '::192.0.2.1:5'])
    assert.equal(parseIp(text), undefined, text);
});

test('an IPv4-mapped address is the IPv4 address', () => {
  assert.deepEqual(parseIp('::ffff:10.0.0.1'), { family: 4, value: 0x0a000001n });
  assert.deepEqual(parseIp('::FFFF:a00:1'), { family: 4, value: 0x0a000001n });
  assert.equal(parseIp('::fffe:a00:1')?.family, 6);
  assert.deepEqual(parseCidr('::ffff:10.0.0.1')?.network.prefix, 32);
  assert.equal(parseCidr('::ffff:10.0.0.0/104'), undefined);
});

test('a network keeps its host bits beside it', () => {
  const parsed = parseCidr('10.77.3.4/16');
  assert.ok(parsed);
  assert.equal(formatCidr(parsed.network), '10.77.0.0/16');
  assert.equal(formatIp(parsed.host), '10.77.3.4');
});

test('prefixes are plain decimal numbers within the family', () => {
  for (const text of [
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '::/129',
  ])
    assert.equal(parseCidr(text), undefined, text);
  assert.equal(parseCidr('0.0.0.0/0')?.network.prefix, 0);
  assert.equal(parseCidr('::/128')?.network.prefix, 128);
});

test('a prefix becomes the mask that clients want [oc 5.4]', () => {
  assert.equal(formatIpv4Mask(0), '0.0.0.0');
  assert.equal(formatIpv4Mask(8), '255.0.0.0');
  assert.equal(formatIpv4Mask(30), '255.255.255.252');
  assert.equal(formatIpv4Mask(32), '255.255.255.255');
});

test('what is formatted parses to the same address, and node agrees that it is one', () => {
  fc.assert(
    fc.property(anyIp, (address) => {
      const text = formatIp(address);
      assert.deepEqual(parseIp(text), address);
      assert.equal(address.family === 4 ? isIPv4(text) : isIPv6(text), true);
    }),
  );
});

test('the parser takes the same texts as node, zones apart', () => {
  const text = fc.oneof(
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789abf:.')), maxLength: 24 }),
    fc
      .array(fc.constantFrom('0', '1', 'ffff', '', '1.2.3.4', '00'), { maxLength: 9 })
      .map((parts) => parts.join(':')),
    fc.ipV4(),
    fc.ipV6(),
  );
  fc.assert(
    fc.property(text, (candidate) => {
      assert.equal(parseIp(candidate) !== undefined, isIPv4(candidate) || isIPv6(candidate));
    }),
    { numRuns: 2000 },
  );
});

test('parsing never throws and never yields bits outside the family', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const parsed = parseCidr(text);
      if (parsed !== undefined)
        assert.ok(parsed.host.value >> BigInt(bitsOf(parsed.host.family)) === 0n);
    }),
  );
});

test('bytes and addresses are the same thing twice', () => {
  fc.assert(
    fc.property(anyIp, (address) => {
      const bytes = encodeIp(address);
      assert.equal(bytes.length, address.family === 4 ? 4 : 16);
      assert.ok(sameIp(decodeIp(bytes), address));
    }),
  );
  assert.deepEqual([...encodeIp(ip('10.77.0.1'))], [10, 77, 0, 1]);
});

test('an address is in its own network, and networks agree with a bitwise model', () => {
  fc.assert(
    fc.property(anyIp, anyIp, fc.nat(128), (a, b, length) => {
      const prefix = length % (bitsOf(a.family) + 1);
      const network = networkOf(a, prefix);
      assert.ok(contains(network, a));
      assert.deepEqual(parseCidr(formatCidr(network))?.network, network);
      const same = a.family === b.family && bits(a).slice(0, prefix) === bits(b).slice(0, prefix);
      assert.equal(contains(network, b), same);
    }),
  );
});

const value = (bitCount: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << BigInt(bitCount)) - 1n }),
    fc.bigInt({ min: 0n, max: 3n }),
  );

/** Mapped IPv6 addresses are left out: they are IPv4 addresses. */
const anyIp: fc.Arbitrary<IpAddress> = fc.oneof(
  value(32).map((bitsOf4): IpAddress => ({ family: 4, value: bitsOf4 })),
  fc
    .oneof(
      value(128),
      // Groups of zeros in every place, for the "::" rules.
      fc
        .array(fc.constantFrom<bigint[]>(0n, 0n, 1n, 0xabcdn), { minLength: 8, maxLength: 8 })
        .map((groups) => groups.reduce((sum, group) => (sum << 16n) | group, 0n)),
    )
    .filter((bitsOf6) => bitsOf6 >> 32n !== 0xffffn)
    .map((bitsOf6): IpAddress => ({ family: 6, value: bitsOf6 })),
);

const bits = (address: IpAddress): string =>
  address.value.toString(2).padStart(bitsOf(address.family), '0');

function ip(text: string): IpAddress {
  const parsed = parseIp(text);
  assert.ok(parsed, text);
  return parsed;
}
