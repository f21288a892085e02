import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointChange } from '../../../core/ipc/messages.ts';
import type { Cidr } from '../../../core/net/address.ts';
import { openSteering } from '../../../server/steering.ts';
import type { Steering, SteeringComponents } from '../../../server/steering.ts';

test('the first queue and the sockets of each address, by worker, are steered', () => {
  const { calls, log } = open();
  assert.deepEqual(calls, ['steerInside 10 1000', 'steerOutside 20,30|21,31 1000']);
  assert.deepEqual(log, ['info eBPF steers packets to their workers']);
});

test('addresses and end points go into their maps', () => {
  const { steering, calls } = open();
  calls.length = 0;
  steering.setInside(ADDRESS, 1);
  steering.setInside(ADDRESS, -1);
  // Networks have no entries.
  steering.setInside({ ...ADDRESS, prefix: 24 }, 1);
  steering.setEndpoints(1, [change(5000, true), change(5001, false)]);
  steering.workerGone(1);
  assert.deepEqual(calls, [
    'setInsideWorker 100 1',
    'setInsideWorker 100 -1',
    'setEndpointWorker 200 5000 1',
    'clearEndpointWorker 200 5001 1',
    'clearWorkerEndpoints 200 1',
  ]);
});

test('closing gives both maps back, once, and what comes later is nothing', () => {
  const { steering, calls } = open();
  calls.length = 0;
  steering.close();
  steering.close();
  steering.setInside(ADDRESS, 1);
  steering.setEndpoints(0, [change(1, true)]);
  steering.workerGone(0);
  assert.deepEqual(calls, ['closeFd 100', 'closeFd 200']);
});

test('a kernel that refuses both is one warning, and sessions go on without', () => {
  const refuse = (): never => {
    throw osError('EPERM', 'BPF_MAP_CREATE');
  };
  const { steering, calls, log } = open({ steerInside: refuse, steerOutside: refuse });
  assert.equal(log.length, 1);
  assert.match(log[0] ?? '', /^warn .*CAP_BPF.*forward/);
  steering.setInside(ADDRESS, 1);
  steering.setEndpoints(1, [change(5000, true)]);
  steering.workerGone(1);
  steering.close();
  assert.deepEqual(calls, []);
});

test('a kernel that steers the one but not the other is used for the one', () => {
  const { steering, calls, log } = open({
    steerOutside: () => {
      throw osError('EINVAL', 'SO_ATTACH_REUSEPORT_EBPF');
    },
  });
  assert.equal(log.length, 1);
  steering.setInside(ADDRESS, 1);
  steering.setEndpoints(1, [change(5000, true)]);
  assert.deepEqual(calls, ['steerInside 10 1000', 'setInsideWorker 100 1']);
});

test('one worker needs no steering and says nothing', () => {
  const { calls, log } = open({}, { workers: [{ tcp: [], udp: [20] }] });
  assert.deepEqual([calls, log], [[], []]);
});

test('without UDP addresses only the device is steered', () => {
  const none = { tcp: [], udp: [] };
  const { calls, log } = open({}, { workers: [none, none] });
  assert.deepEqual(calls, ['steerInside 10 1000']);
  assert.match(log[0] ?? '', /^info/);
});

test('a full map is said once and is no error', () => {
  const { steering, log } = open({
    setInsideWorker: () => {
      throw osError('E2BIG', 'BPF_MAP_UPDATE_ELEM');
    },
  });
  log.length = 0;
  steering.setInside(ADDRESS, 1);
  steering.setInside(ADDRESS, 1);
  assert.deepEqual(log, ['warn some packets are not steered but forwarded']);
});

test('a message of a worker that is none is an error, which costs that worker its life', () => {
  const { steering } = open({
    setEndpointWorker: () => {
      throw new TypeError('address must be 4 or 16 bytes');
    },
  });
  assert.throws(() => steering.setEndpoints(0, [change(1, true)]), TypeError);
});

const ADDRESS: Cidr = { address: { family: 4, value: 0x0a4d0009n }, prefix: 32 };

const change = (port: number, owned: boolean): EndpointChange => ({
  address: new Uint8Array(16),
  port,
  owned,
});

const osError = (code: string, syscall: string): Error =>
  Object.assign(new Error(`${code}: refused, ${syscall}`), { code, syscall });

function open(
  changes: Partial<SteeringComponents['system']> = {},
  listeners: SteeringComponents['listeners'] = {
    workers: [
      { tcp: [1], udp: [20, 21] },
      { tcp: [2], udp: [30, 31] },
    ],
  },
): { steering: Steering; calls: string[]; log: string[] } {
  const calls: string[] = [];
  const log: string[] = [];
  const note = (level: string) => (first: unknown, message?: string) => {
    log.push(`${level} ${message ?? String(first)}`);
  };
  const steering = openSteering({
    inside: { queues: [10, 11], capacity: 1000 },
    listeners,
    logger: { info: note('info'), warn: note('warn') },
    system: {
      steerInside: (queue, capacity) => {
        calls.push(`steerInside ${queue} ${capacity}`);
        return 100;
      },
      steerOutside: (groups, capacity) => {
        calls.push(`steerOutside ${groups.map(String).join('|')} ${capacity}`);
        return 200;
      },
      setInsideWorker: (map, _, worker) => calls.push(`setInsideWorker ${map} ${worker}`),
      setEndpointWorker: (map, _, port, worker) =>
        calls.push(`setEndpointWorker ${map} ${port} ${worker}`),
      clearEndpointWorker: (map, _, port, worker) =>
        calls.push(`clearEndpointWorker ${map} ${port} ${worker}`),
      clearWorkerEndpoints: (map, worker) => calls.push(`clearWorkerEndpoints ${map} ${worker}`),
      closeFd: (fd) => calls.push(`closeFd ${fd}`),
      ...changes,
    },
  });
  return { steering, calls, log };
}
