import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tunnelMtu } from '../../../../core/connect/mtu.ts';
import type { MtuInput } from '../../../../core/connect/mtu.ts';

const USUAL: MtuInput = {
  policyMtu: 0,
  tunMtu: 1500,
  baseMtu: 1500,
  cstpMtu: 1390,
  pathMtu: 1500,
  outside: 4,
  insideIpv6: false,
  suite: 'aes-gcm',
};

const rows: readonly (readonly [string, Partial<MtuInput>, { link: number; data: number }])[] = [
  ['AES-GCM on 1500 over IPv4 carries 1434', {}, { link: 1500, data: 1434 }],
  ['ChaCha20-Poly1305 carries 1442', { suite: 'chacha20-poly1305' }, { link: 1500, data: 1442 }],
  ['AES-CBC-SHA1 carries 1406', { suite: 'aes-cbc-sha1' }, { link: 1500, data: 1406 }],
  ['the header of IPv6 outside costs 20 more', { outside: 6 }, { link: 1500, data: 1414 }],
  ['policy.mtu comes before the device', { policyMtu: 1300 }, { link: 1300, data: 1234 }],
  ['the device is the link without a policy', { tunMtu: 1400 }, { link: 1400, data: 1334 }],
  ['a smaller X-CSTP-Base-MTU counts', { baseMtu: 1406 }, { link: 1406, data: 1340 }],
  ['a larger one does not', { baseMtu: 9000 }, { link: 1500, data: 1434 }],
  ['800 is the smallest that counts', { baseMtu: 800 }, { link: 800, data: 734 }],
  ['799 is ignored', { baseMtu: 799 }, { link: 1500, data: 1434 }],
  ['with IPv6 inside 1280 counts', { baseMtu: 1280, insideIpv6: true }, { link: 1280, data: 1214 }],
  ['and 1279 is ignored', { baseMtu: 1279, insideIpv6: true }, { link: 1500, data: 1434 }],
  [
    'X-CSTP-MTU alone counts with the worst overheads added back',
    { baseMtu: null, cstpMtu: 1300 },
    { link: 1394, data: 1328 },
  ],
  ['X-CSTP-MTU beside a base does not', { cstpMtu: 900 }, { link: 1500, data: 1434 }],
  ['without both the device decides', { baseMtu: null, cstpMtu: null }, { link: 1500, data: 1434 }],
  ['a smaller path counts', { pathMtu: 1420 }, { link: 1420, data: 1354 }],
  ['a larger path does not', { pathMtu: 65_535 }, { link: 1500, data: 1434 }],
  ['an unknown path does not', { pathMtu: 0 }, { link: 1500, data: 1434 }],
  ['a path below 576 is not believed', { pathMtu: 68 }, { link: 576, data: 510 }],
  [
    'never more than the device takes',
    { policyMtu: 9000, baseMtu: 9000, pathMtu: 9000 },
    { link: 9000, data: 1500 },
  ],
];

for (const [what, input, expected] of rows)
  test(`${what} [oc 5.5]`, () => assert.deepEqual(tunnelMtu({ ...USUAL, ...input }), expected));

test('whatever the client says, the MTU is positive and within the device', () => {
  const mtu = fc.option(fc.integer({ min: 1, max: 16_384 }), { nil: null });
  fc.assert(
    fc.property(mtu, mtu, fc.boolean(), (baseMtu, cstpMtu, insideIpv6) => {
      const { link, data } = tunnelMtu({ ...USUAL, baseMtu, cstpMtu, insideIpv6 });
      assert.ok(data > 0 && data < link && link <= 1500);
    }),
  );
});
