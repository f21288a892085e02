import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { defaultDeviceIn, sudoUserOf } from '../../../cli/quick_start_machine.ts';
import {
  addressToAnnounce,
  chooseIpv4Pool,
  resolversIn,
  uniqueLocalPool,
} from '../../../cli/quick_start_network.ts';
import { contains, parseCidr } from '../../../core/net/address.ts';

test('the pool is 10.77.0.0/16 where nothing is in its way', () => {
  assert.equal(chooseIpv4Pool(['192.168.1.5/24', '::1/128']), '10.77.0.0/16');
});

test('the pool gives way to an address, a network and a resolver of the machine', () => {
  assert.equal(chooseIpv4Pool(['10.77.3.4/24']), '10.78.0.0/16');
  assert.equal(chooseIpv4Pool(['10.77.3.4/24', '10.78.0.2']), '10.79.0.0/16');
  assert.equal(chooseIpv4Pool(['10.64.0.9/10']), '10.128.0.0/16');
});

test('the pool leaves 10.0.0.0/8 when all of it is the machine’s own network', () => {
  assert.equal(chooseIpv4Pool(['10.1.2.3/8', '172.16.0.1/16']), '172.17.0.0/16');
});

test('a machine in all private networks is told to choose a pool itself', () => {
  assert.throws(() => chooseIpv4Pool(['10.0.0.1/8', '172.16.0.1/12']), {
    code: 'QUICK_START_POOL',
    message: /network\.ipv4/,
  });
});

test('no address of the machine ever lies in the pool', () => {
  const address = fc
    .tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.integer({ min: 12, max: 32 }))
    .map(([b, c, d, prefix]) => `10.${b}.${c}.${d}/${prefix}`);
  fc.assert(
    fc.property(fc.array(address, { maxLength: 12 }), (taken) => {
      const pool = parseCidr(chooseIpv4Pool(taken))?.network;
      assert.ok(pool);
      for (const text of taken) {
        const parsed = parseCidr(text);
        assert.ok(parsed);
        assert.equal(contains(pool, parsed.host) || contains(parsed.network, pool.address), false);
      }
    }),
  );
});

test('the IPv6 pool is a unique local /64 made of the random bytes', () => {
  assert.equal(
    uniqueLocalPool(Uint8Array.of(0xb9, 0x2e, 0xbf, 0x32, 0xa1)),
    'fdb9:2ebf:32a1:77::/64',
  );
});

test('resolvers on loopback and link-local IPv6 are of no use to a client', () => {
  const text =
    '# x\nnameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\nnameserver 192.0.2.53\n nameserver 2001:db8::53 \nsearch a\n';
  assert.deepEqual(resolversIn(text), ['192.0.2.53', '2001:db8::53']);
});

test('the announced address is a global one on the interface of the default route', () => {
  const addresses = [
    { device: 'lo', address: '127.0.0.1' },
    { device: 'docker0', address: '172.17.0.1' },
    { device: 'eth0', address: 'fe80::1' },
    { device: 'eth0', address: '2001:db8::7' },
    { device: 'eth0', address: '192.168.1.5' },
    { device: 'eth0', address: '192.0.2.7' },
  ];
  assert.equal(addressToAnnounce(addresses, 'eth0'), '192.0.2.7');
  assert.equal(addressToAnnounce(addresses.slice(0, 5), 'eth0'), '192.168.1.5');
  assert.equal(addressToAnnounce(addresses.slice(0, 4), 'eth0'), '2001:db8::7');
  assert.equal(addressToAnnounce(addresses.slice(0, 3), 'eth0'), '172.17.0.1');
  assert.equal(addressToAnnounce(addresses.slice(0, 1), undefined), '127.0.0.1');
});

test('the default route is the line whose destination and mask are zero', () => {
  const head = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT';
  const local = 'eth1\t0002000C\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0';
  const route = 'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0';
  assert.equal(defaultDeviceIn(`${head}\n${local}\n${route}\n`), 'eth0');
  assert.equal(defaultDeviceIn(`${head}\n${local}\n`), undefined);
});

test('only a plain name of a person becomes the name of the user', () => {
  assert.equal(sudoUserOf('alice'), 'alice');
  for (const name of [undefined, 'root', '', 'a b', "o'neil", '-x', 'a:b', '$(id)']) {
    assert.equal(sudoUserOf(name), undefined);
  }
});
