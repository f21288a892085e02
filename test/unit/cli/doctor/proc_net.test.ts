import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  overlaps,
  parseRoutes4,
  parseRoutes6,
  parseSockets,
  uplinksOf,
} from '../../../../cli/doctor/proc_net.ts';
import type { Route } from '../../../../cli/doctor/proc_net.ts';
import { formatCidr, parseCidr } from '../../../../core/net/address.ts';

const ROUTES4 = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth1\t00004D0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
*\t0000A8C0\t00000000\t0200\t0\t0\t0\t0000FFFF\t0\t0\t0
`;

const ROUTES6 = `20010db8000200000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001   second
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001   second
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003   eth0
00000000000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       lo
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;

const SOCKETS = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:0277 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0000 100 0 0 10 0
   1: 0100007F:A2D8 0100007F:0277 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0000 100 0 0 10 0
`;

const SOCKETS6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  10: B80D0120000000000000000001000000:01BB 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 99 2 0000 0
`;

test('routes are read with their device, prefix and whether a router is on the way', () => {
  assert.deepEqual(parseRoutes4(ROUTES4).map(shown), [
    'eth0 0.0.0.0/0 router',
    'eth1 10.77.0.0/16',
  ]);
});

test('of IPv6 routes those of the machine itself, link-local and forbidding ones are left out', () => {
  assert.deepEqual(parseRoutes6(ROUTES6).map(shown), [
    'second 2001:db8:2::/64',
    'eth0 ::/0 router',
  ]);
});

test('uplinks are the devices of the default routes, by family', () => {
  const routes = [
    ...parseRoutes4(`${ROUTES4}${ROUTES4.split('\n')[1] ?? ''}\n`),
    ...parseRoutes6(ROUTES6),
  ];
  assert.deepEqual(uplinksOf(routes, 4), ['eth0']);
  assert.deepEqual(uplinksOf(routes, 6), ['eth0']);
});

test('only sockets that wait for strangers are in the way', () => {
  assert.deepEqual(parseSockets(SOCKETS), [{ address: '127.0.0.1', port: 631, inode: '4711' }]);
  assert.deepEqual(parseSockets(SOCKETS6), [{ address: '2001:db8::1', port: 443, inode: '99' }]);
});

test('networks overlap when one holds the other, and never across families', () => {
  const of = (text: string) => parseCidr(text)?.network ?? assert.fail(text);
  assert.ok(overlaps(of('10.0.0.0/8'), of('10.77.0.0/16')));
  assert.ok(overlaps(of('10.77.0.0/16'), of('10.0.0.0/8')));
  assert.ok(!overlaps(of('10.78.0.0/16'), of('10.77.0.0/16')));
  assert.ok(!overlaps(of('::/0'), of('10.0.0.0/8')));
});

const shown = ({ device, network, viaRouter }: Route): string =>
  `${device} ${formatCidr(network)}${viaRouter ? ' router' : ''}`;
