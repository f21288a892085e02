import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatCidr, decodeIp, parseCidr } from '../../../core/net/address.ts';
import type { Cidr } from '../../../core/net/address.ts';
import { DeviceRoutes } from '../../../server/device_routes.ts';

test('a network outside of the pools has a route while it is owned, one inside has none', () => {
  const { routes, calls, log } = open();
  for (const network of ['10.77.0.9/32', 'fd00:77:0:5::/64', '192.0.2.9/32', '192.168.0.0/16']) {
    routes.set(cidr(network), true);
  }
  routes.set(cidr('192.0.2.9/32'), false);
  assert.deepEqual(calls, [
    '+ wolf0 192.0.2.9/32',
    '+ wolf0 192.168.0.0/16',
    '- wolf0 192.0.2.9/32',
  ]);
  assert.deepEqual(log, []);
});

test('a route that moves with its client to another worker is made once', () => {
  const { routes, calls } = open();
  routes.set(cidr('192.168.0.0/16'), true);
  routes.set(cidr('192.168.0.0/16'), true);
  assert.deepEqual(calls, ['+ wolf0 192.168.0.0/16']);
});

test("somebody else's route is a warning, and is never taken away", () => {
  const { routes, calls, log } = open('EEXIST');
  routes.set(cidr('192.168.0.0/16'), true);
  routes.set(cidr('192.168.0.0/16'), false);
  assert.deepEqual(calls, ['+ wolf0 192.168.0.0/16']);
  assert.match(log[0] ?? '', /another route for this network exists/);
});

test('an operator who has the device down is warned, and any other failure is a bug', () => {
  const { routes, log } = open('ENETDOWN');
  routes.set(cidr('192.168.0.0/16'), true);
  assert.match(log[0] ?? '', /no route for this network/);
  const broken = open('EINVAL');
  assert.throws(() => broken.routes.set(cidr('192.168.0.0/16'), true), { code: 'EINVAL' });
});

function open(failure?: string): { routes: DeviceRoutes; calls: string[]; log: string[] } {
  const calls: string[] = [];
  const log: string[] = [];
  const system = {
    changeRoute: (
      device: string,
      { address, prefix }: { address: Uint8Array; prefix: number },
      present: boolean,
    ) => {
      const network = formatCidr({ address: decodeIp(address), prefix });
      calls.push(`${present ? '+' : '-'} ${device} ${network}`);
      if (failure !== undefined) throw Object.assign(new Error(failure), { code: failure });
    },
  };
  const logger = { warn: (_fields: object, message: string) => void log.push(message) };
  const pools = [cidr('10.77.0.0/16'), cidr('fd00:77::/48')];
  const routes = new DeviceRoutes({ system, logger: logger }, 'wolf0', pools);
  return { routes, calls, log };
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}
