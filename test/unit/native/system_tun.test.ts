import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { before, suite, test } from 'node:test';
import { tunError } from '../../../native/system.ts';
import { needsRoot } from './fixtures/as_root.ts';

interface Seen {
  readonly queues: number;
  readonly device: {
    readonly mtu: number;
    readonly txqlen: number;
    readonly flags: readonly string[];
    readonly linkinfo: { readonly info_data: Record<string, unknown> };
    readonly addr_info: readonly {
      readonly local: string;
      readonly prefixlen: number;
      readonly nodad?: boolean;
    }[];
  };
  readonly received: string | null;
  readonly failures: Record<string, string>;
}

void suite('a TUN device', needsRoot, () => {
  let seen: Seen;
  before(() => {
    seen = runInOwnNamespace('tun_device.ts');
  });

  test('has as many queues as were asked for, and no packet information header', () => {
    assert.equal(seen.queues, 3);
    assert.equal(seen.device.linkinfo.info_data['numqueues'], 3);
    assert.equal(seen.device.linkinfo.info_data['pi'], false);
    assert.equal(seen.device.linkinfo.info_data['persist'], false);
  });

  test('is up with the MTU and queue length given', () => {
    assert.ok(seen.device.flags.includes('UP'));
    assert.equal(seen.device.mtu, 1434);
    assert.equal(seen.device.txqlen, 777);
  });

  test('bears the addresses of both families, IPv6 without duplicate detection', () => {
    const addresses = seen.device.addr_info.map((a) => `${a.local}/${a.prefixlen}`);
    assert.ok(addresses.includes('10.99.0.1/16'));
    assert.ok(addresses.includes('fd99::1/64'));
    assert.equal(seen.device.addr_info.find((a) => a.local === 'fd99::1')?.nodad, true);
  });

  test('hands over bare IP packets', () => {
    assert.match(seen.received ?? 'nothing came', /^45.*68656c6c6f$/);
  });

  test('fails with the reason of the kernel', () => {
    assert.deepEqual(seen.failures, {
      sameName: 'EBUSY',
      pattern: 'EINVAL',
      longName: 'EINVAL',
      noDevice: 'ENODEV',
      badMtu: 'EINVAL',
    });
  });
});

test('a missing driver, missing rights and a taken name each get their own advice', () => {
  const told = (code: string) =>
    tunError(Object.assign(new Error(code), { code }), 'wolf0').message;
  assert.match(told('ENOENT'), /modprobe tun/);
  assert.match(told('EPERM'), /as root/);
  assert.match(told('EBUSY'), /wolf0: another wolfguard/);
  assert.match(told('EMFILE'), /cannot make the TUN device wolf0: EMFILE/);
});

/** The namespace goes with the process: there is nothing to clean up. */
function runInOwnNamespace(fixture: string): Seen {
  const script = path.join(import.meta.dirname, 'fixtures', fixture);
  const child = spawnSync('unshare', ['--net', process.execPath, script], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout) as Seen;
}
