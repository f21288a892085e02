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

const forwarding4 = (name: string): string => `net/ipv4/conf/${name}/forwarding`;
const forwarding6 = (name: string): string => `net/ipv6/conf/${name}/force_forwarding`;

test('forwarding is turned on device by device, and put back', (t) => {
  const files = [forwarding4, forwarding6].flatMap((file) =>
    ['eth0.5', DEVICE, 'default'].map(file),
  );
  const hosts = [IP_FORWARD, IPV6_FORWARDING, forwarding4('lo'), forwarding6('lo')];
  const { folder, read } = makeSettings(t, zeros([...files, ...hosts]));
  const changed = openForwarding({ device: DEVICE, ipv4: true, ipv6: true }, folder);
  assert.deepEqual(changed.warnings, []);
  assert.deepEqual(files.map(read), [1, 1, 1, 1, 1, 1]);
  assert.deepEqual(hosts.map(read), [0, 0, 0, 0]);
  changed.close();
  changed.close();
  assert.deepEqual(files.map(read), [0, 0, 0, 0, 0, 0]);
});

test('a device that forwarded before goes on when the server ends', (t) => {
  const { folder, read } = makeSettings(t, {
    [IP_FORWARD]: 0,
    [forwarding4('eth0')]: 0,
    [forwarding4('eth1')]: 1,
  });
  openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder).close();
  assert.deepEqual([read(forwarding4('eth0')), read(forwarding4('eth1'))], [0, 1]);
});

test('where forwarding is on, a device that somebody has left out stays out', (t) => {
  const { folder, read } = makeSettings(t, {
    [IP_FORWARD]: 1,
    [forwarding4('management')]: 0,
    [forwarding4(DEVICE)]: 0,
    [IPV6_FORWARDING]: 1,
    [forwarding6('management')]: 0,
  });
  openForwarding({ device: DEVICE, ipv4: true, ipv6: true }, folder);
  assert.equal(read(forwarding4('management')), 0);
  assert.equal(read(forwarding4(DEVICE)), 1);
  assert.equal(read(forwarding6('management')), 0);
});

test('what somebody else has changed since is left alone', (t) => {
  const { folder, read, write } = makeSettings(t, zeros([IP_FORWARD, forwarding4('eth0')]));
  const changed = openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  write(forwarding4('eth0'), 2);
  changed.close();
  assert.equal(read(forwarding4('eth0')), 2);
});

test('IPv6 forwarding is not touched without an IPv6 pool', (t) => {
  const files = [IPV6_FORWARDING, forwarding6('eth0')];
  const { folder, read } = makeSettings(t, zeros([IP_FORWARD, forwarding4('eth0'), ...files]));
  openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  assert.deepEqual(files.map(read), [0, 0]);
});

test('before Linux 6.17 an interface that learns its routes goes on learning them, the tunnel does not', (t) => {
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
  assert.deepEqual([read(IPV6_FORWARDING), ...values()], [1, 2, 0, 1, 1]);
  changed.close();
  assert.deepEqual([read(IPV6_FORWARDING), ...values()], [0, 1, 0, 1, 1]);
});

test('a setting that cannot be written is a warning with the line to run', (t) => {
  const { folder } = makeSettings(t, {});
  // Nobody can write a folder, not even root.
  for (const name of ['eth0', 'eth1']) {
    mkdirSync(path.join(folder, forwarding4(name)), { recursive: true });
  }
  const { warnings } = openForwarding({ device: DEVICE, ipv4: true, ipv6: false }, folder);
  assert.deepEqual(warnings, [
    'net.ipv4.ip_forward could not be set (EISDIR): run "sysctl -w net.ipv4.ip_forward=1"',
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

const zeros = (names: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, 0]));

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
