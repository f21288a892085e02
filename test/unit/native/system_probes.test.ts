import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';
import { system } from '../../../native/system.ts';
import { needsRoot } from './fixtures/as_root.ts';

test('this kernel sends and receives trains of datagrams', () => {
  assert.deepEqual(system().probeUdpOffloads(), { segmentation: true, receive: true });
});

test('where there is no loopback the probe says so instead of guessing', needsRoot, () => {
  const script = `import('${import.meta.dirname}/../../../native/system.ts').then(({ system }) => {
    try { system().probeUdpOffloads(); } catch (error) { console.log(error.code); }
  })`;
  const said = execFileSync('unshare', ['-n', process.execPath, '-e', script], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(said, 'ENETUNREACH\n');
});

test('the kernel says whether the clock is kept right', () => {
  assert.equal(typeof system().isClockSynchronised(), 'boolean');
});
