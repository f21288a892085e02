import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { system } from '../../../native/system.ts';

const native = system();

test('an address has the owner that was set last, and none before', () => {
  const owners = native.createOwners(8);
  const address = Uint8Array.of(10, 0, 0, 1);
  assert.equal(native.getOwner(owners, address), -1);
  native.setOwner(owners, address, 3, 0);
  native.setOwner(owners, address, 65535, 0);
  assert.equal(native.getOwner(owners, address), 65535);
  native.setOwner(owners, address, -1, 0);
  assert.equal(native.getOwner(owners, address), -1);
  native.closeFd(owners);
});

test('an IPv4 address is the same as its IPv4-mapped IPv6 address', () => {
  const owners = native.createOwners(8);
  const mapped = Uint8Array.from([...Array<number>(10).fill(0), 0xff, 0xff, 10, 0, 0, 1]);
  native.setOwner(owners, mapped, 5, 0);
  assert.equal(native.getOwner(owners, Uint8Array.of(10, 0, 0, 1)), 5);
  native.closeFd(owners);
});

test('the table does as a Map does, however often dead keys have to be swept out', () => {
  const operation = fc.record({
    last: fc.nat(199),
    family: fc.constantFrom(4, 16),
    worker: fc.oneof({ weight: 2, arbitrary: fc.constant(-1) }, fc.nat(63)),
  });
  fc.assert(
    fc.property(fc.array(operation, { minLength: 200, maxLength: 1000 }), (operations) => {
      const owners = native.createOwners(32);
      const model = new Map<string, number>();
      for (const { last, family, worker } of operations) {
        const address = new Uint8Array(family);
        address[family - 1] = last;
        const key = address.join('.');
        if (worker >= 0 && !model.has(key) && model.size === 32) {
          assert.throws(() => native.setOwner(owners, address, worker, 0), { code: 'ENOSPC' });
        } else {
          native.setOwner(owners, address, worker, 0);
          if (worker < 0) model.delete(key);
          else model.set(key, worker);
        }
        assert.equal(native.getOwner(owners, address), model.get(key) ?? -1);
      }
      for (const [key, worker] of model) {
        assert.equal(native.getOwner(owners, Uint8Array.from(key.split('.'), Number)), worker);
      }
      native.closeFd(owners);
    }),
    { numRuns: 50 },
  );
});

test('a reader in another process never sees a wrong owner while the table changes', async () => {
  const owners = native.createOwners(1024);
  for (let last = 0; last < 256; last++)
    native.setOwner(owners, Uint8Array.of(10, 0, 0, last), 7, 0);
  const reader = fork(path.join(import.meta.dirname, 'fixtures/owners_reader.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', owners, 'ipc'],
  });
  await once(reader, 'message');
  const end = Date.now() + 1000;
  while (Date.now() < end && reader.exitCode === null) {
    // 65,536 addresses through room for 1,024: the live ones move about every 1,000 of them.
    for (let i = 0; i < 256; i++) {
      const middle = Math.floor(Math.random() * 256);
      native.setOwner(owners, Uint8Array.of(10, 1, middle, i), i, 0);
      native.setOwner(owners, Uint8Array.of(10, 1, middle, i), -1, 0);
    }
    await new Promise(setImmediate);
  }
  if (reader.connected) reader.disconnect();
  const [code] = (await once(reader, 'exit')) as [number];
  native.closeFd(owners);
  assert.equal(code, 0);
});

test('a network has an owner for all of its addresses', () => {
  const owners = native.createOwners(8);
  native.setOwner(owners, Uint8Array.of(192, 168, 9, 77), 3, 8);
  assert.equal(native.getOwner(owners, Uint8Array.of(192, 168, 9, 0)), 3);
  assert.equal(native.getOwner(owners, Uint8Array.of(192, 168, 9, 255)), 3);
  assert.equal(native.getOwner(owners, Uint8Array.of(192, 168, 8, 255)), -1);
  native.setOwner(owners, Uint8Array.of(192, 168, 9, 0), -1, 8);
  assert.equal(native.getOwner(owners, Uint8Array.of(192, 168, 9, 0)), -1);
  native.closeFd(owners);
});

test('only the process that made the table can write to it', () => {
  const owners = native.createOwners(8);
  assert.throws(() => writeSync(owners, 'x'), { code: 'EPERM' });
  assert.throws(() => native.setOwner(0, Uint8Array.of(10, 0, 0, 1), 1, 0), { code: 'EBADF' });
  native.closeFd(owners);
});

test('what is no table, no address or no worker is refused', () => {
  const owners = native.createOwners(8);
  assert.throws(() => native.getOwner(0, Uint8Array.of(10, 0, 0, 1)), { code: 'EBADF' });
  assert.throws(() => native.getOwner(owners, Uint8Array.of(10, 0, 0)), TypeError);
  assert.throws(() => native.setOwner(owners, Uint8Array.of(10, 0, 0, 1), 65536, 0), {
    code: 'EINVAL',
  });
  assert.throws(() => native.setOwner(owners, Uint8Array.of(10, 0, 0, 1), 1, 128), TypeError);
  assert.throws(() => native.createOwners(0), { code: 'EINVAL' });
  native.closeFd(owners);
});
