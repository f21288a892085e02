import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { loadConfig } from '../../../config/loader.ts';
import type { Config } from '../../../config/schema.ts';
import { parseCidr } from '../../../core/net/address.ts';
import type { Cidr } from '../../../core/net/address.ts';
import { openInside } from '../../../server/inside.ts';
import type { Inside } from '../../../server/inside.ts';
import type { System } from '../../../native/system.ts';

test('the server has the first address of each pool', () => {
  const { system, links } = fakeSystem();
  openOn(configOf('[network]\nipv4 = "10.77.0.0/16"\nipv6 = "fd00:77::/64"'), 2, system);
  assert.deepEqual(links, [
    ['0a4d0001', 16],
    ['fd000077000000000000000000000001', 64],
  ]);
});

test('what an address or network belongs to stands in the owners table', () => {
  const owners: unknown[] = [];
  const { system } = fakeSystem({
    setOwner: (_table, address, worker, hostBits) => owners.push([[...address], worker, hostBits]),
    changeRoute: () => undefined,
  });
  const inside = openOn(configOf(''), 1, system);
  inside.setOwner(cidr('10.77.0.9/32'), 0);
  inside.setOwner(cidr('192.168.0.0/16'), 1);
  inside.setOwner(cidr('192.168.0.0/16'), -1);
  assert.deepEqual(owners, [
    [[10, 77, 0, 9], 0, 0],
    [[192, 168, 0, 0], 1, 16],
    [[192, 168, 0, 0], -1, 16],
  ]);
});

test('closing gives back every descriptor, once', () => {
  const { system, open } = fakeSystem();
  const inside = openOn(configOf(''), 3, system);
  assert.equal(inside.queues.length, 3);
  assert.equal(inside.mailboxes.length, 3);
  inside.close();
  inside.close();
  assert.equal(open.size, 0);
});

test('a device that gets no address leaves no descriptor behind', () => {
  const { system, open } = fakeSystem({
    configureLink: () => {
      throw new Error('EACCES');
    },
  });
  assert.throws(() => openOn(configOf(''), 2, system), /cannot give wolf0 its addresses/);
  assert.equal(open.size, 0);
});

test('a kernel without offloads gets a device without them', () => {
  const asked: boolean[] = [];
  const { system } = fakeSystem({
    openTun: (_name, queues, offload) => {
      asked.push(offload);
      if (offload) throw Object.assign(new Error('EINVAL'), { syscall: 'TUNSETOFFLOAD' });
      return { queues: Array.from({ length: queues }, (_, queue) => queue + 100), offload: 'none' };
    },
  });
  assert.equal(openOn(configOf(''), 1, system).offload, 'none');
  assert.deepEqual(asked, [true, false]);
});

test('offloads that are switched off are not asked for', () => {
  const { system, offloads } = fakeSystem();
  openOn(configOf('[engine]\ntun_offload = false'), 1, system);
  assert.deepEqual(offloads, [false]);
});

test('a device name that is taken is an operator’s error and is tried once', () => {
  let tries = 0;
  const { system } = fakeSystem({
    openTun: () => {
      tries++;
      throw Object.assign(new Error('busy'), { code: 'EBUSY', syscall: 'TUNSETIFF' });
    },
  });
  assert.throws(() => openOn(configOf(''), 1, system), /there already is a network device wolf0/);
  assert.equal(tries, 1);
});

function openOn(config: Config, workers: number, system: System): Inside {
  return openInside(config, workers, { system, logger: pino({ level: 'silent' }) });
}

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed.network;
}

function configOf(text: string): Config {
  const result = loadConfig(text, 'test.toml');
  assert.ok(result.ok);
  return result.config;
}

/** Counts descriptors instead of opening them. */
function fakeSystem(changes: Partial<System> = {}): {
  system: System;
  open: Set<number>;
  links: [string, number][];
  offloads: boolean[];
} {
  const open = new Set<number>();
  const links: [string, number][] = [];
  const offloads: boolean[] = [];
  let next = 10;
  const make = (): number => {
    open.add(next);
    return next++;
  };
  const system: Partial<System> = {
    openTun: (_name, queues, offload) => {
      offloads.push(offload);
      return { queues: Array.from({ length: queues }, make), offload: offload ? 'tcp' : 'none' };
    },
    configureLink: ({ addresses }) => {
      for (const { address, prefix } of addresses) {
        links.push([Buffer.from(address).toString('hex'), prefix]);
      }
    },
    createOwners: make,
    openMailbox: () => [make(), make()],
    closeFd: (fd) => assert.ok(open.delete(fd), `descriptor ${fd} was not open`),
    ...changes,
  };
  return { system: system as System, open, links, offloads };
}
