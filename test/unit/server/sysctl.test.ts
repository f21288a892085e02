import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openForwarding, raiseBuffers, raiseMailboxQueue } from '../../../server/sysctl.ts';

const IP_FORWARD = 'net/ipv4/ip_forward';
const IPV6_FORWARDING = 'net/ipv6/conf/all/forwarding';
const DEVICE = 'wolf0';

test('forwarding is turned on and put back', (t) => {
  const { folder, read } = makeSettings(t, { [IP_FORWARD]: 0, [IPV6_FORWARDING]: 0 });
  const changed = openForwarding({ device: DEVICE, ipv4: true, ipv6: true }, folder);
  assert.deepEqual([read(IP_FORWARD), read(IPV6_FORWARDING)], [1, 1]);
  assert.deepEqual(changed.warnings, []);
  changed.close();
  changed.close();
  assert.deepEqual([read(IP_FORWARD), read(IPV6_FORWARDING)], [0, 0]);
});

test('forwarding that was on before stays on', (t) => {
  const { folder, read } = makeSettings(t, { [IP_FORWARD]: 1 });
  openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder).close();
  assert.equal(read(IP_FORWARD), 1);
});

test('what somebody else has changed since is left alone', (t) => {
  const { folder, read, write } = makeSettings(t, { [IP_FORWARD]: 0 });
  const changed = openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  write(IP_FORWARD, 2);
  changed.close();
  assert.equal(read(IP_FORWARD), 2);
});

test('IPv6 forwarding is not touched without an IPv6 pool', (t) => {
  const { folder, read } = makeSettings(t, { [IP_FORWARD]: 0, [IPV6_FORWARDING]: 0 });
  openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  assert.equal(read(IPV6_FORWARDING), 0);
});

test('an interface that learns its routes goes on learning them, the tunnel does not', (t) => {
  const acceptRa = (name: string) => `net/ipv6/conf/${name}/accept_ra`;
  const { folder, read } = makeSettings(t, {
    [IPV6_FORWARDING]: 0,
    [acceptRa('eth0.5')]: 1,
    [acceptRa('eth1')]: 0,
    [acceptRa('default')]: 1,
    [acceptRa(DEVICE)]: 1,
  });
  const changed = openForwarding({ device: DEVICE, ipv4: false, ipv6: true }, folder);
  const values = () => ['eth0.5', 'eth1', 'default', DEVICE].map((name) => read(acceptRa(name)));
  assert.deepEqual(values(), [2, 0, 1, 1]);
  changed.close();
  assert.deepEqual(values(), [1, 0, 1, 1]);
});

test('a setting that cannot be written is a warning with the line to run', (t) => {
  const { folder } = makeSettings(t, {});
  const { warnings } = openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  assert.deepEqual(warnings, [
    'net.ipv4.ip_forward could not be set (ENOENT): run "sysctl -w net.ipv4.ip_forward=1"',
  ]);
});

test('socket buffers are raised, never lowered', (t) => {
  const { folder, read } = makeSettings(t, {
    'net/core/rmem_max': 212_992,
    'net/core/wmem_max': 99_000_000,
    'net/unix/max_dgram_qlen': 10,
  });
  assert.deepEqual(raiseBuffers(8 << 20, folder), []);
  assert.equal(read('net/core/rmem_max'), 8 << 20);
  assert.equal(read('net/core/wmem_max'), 99_000_000);
  assert.equal(read('net/unix/max_dgram_qlen'), 10);
});

test('the queue between workers is lengthened to a batch of packets', (t) => {
  const { folder, read } = makeSettings(t, { 'net/unix/max_dgram_qlen': 10 });
  assert.deepEqual(raiseMailboxQueue(folder), []);
  assert.equal(read('net/unix/max_dgram_qlen'), 512);
});

/** A folder like /proc/sys with these files. */
function makeSettings(t: TestContext, values: Readonly<Record<string, number>>) {
  const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-sysctl-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, value: number): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), `${value}\n`);
  };
  for (const [name, value] of Object.entries(values)) write(name, value);
  const read = (name: string): number => Number(readFileSync(path.join(folder, name), 'utf8'));
  return { folder, read, write };
}
