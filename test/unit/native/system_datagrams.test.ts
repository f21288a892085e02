import assert from 'node:assert/strict';
import { test } from 'node:test';
import { system } from '../../../native/system.ts';

const native = system();
const bytes = Buffer.from('READY=1\n');

test('a datagram to nobody says so', () => {
  assert.equal(native.sendUnixDatagram('@wolfguard-nobody-is-here', bytes), 'gone');
  assert.equal(native.sendUnixDatagram('/nowhere/at/all', bytes), 'gone');
});

test('what cannot be a datagram to a Unix socket is refused', () => {
  assert.throws(() => native.sendUnixDatagram(`/${'x'.repeat(200)}`, bytes), {
    code: 'ENAMETOOLONG',
  });
  assert.throws(() => native.sendUnixDatagram('', bytes), { code: 'EINVAL' });
  assert.throws(() => native.sendUnixDatagram('/a', 'b' as unknown as Uint8Array), TypeError);
});
