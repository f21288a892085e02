import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import type { Config } from '../../../config/schema.ts';
import { WolfguardError } from '../../../core/error.ts';
import { findGid, findUid } from '../../../server/accounts.ts';
import { openListeners } from '../../../server/listeners.ts';
import { NOTHING_PASSED } from '../../../server/passed_sockets.ts';
import {
  findPoolClashes,
  makeFolders,
  prepareSandbox,
  requireFreePorts,
  requireTun,
} from '../../../server/preflight.ts';
import { sessionLimits, tunMtu } from '../../../server/settings.ts';

test('a port that is taken is named with its address, protocol and key', () => {
  const config = configOf('[listen]\ntcp = ["192.0.2.1:443"]\nudp = ["[::]:4443"]');
  const probed: string[] = [];
  const probePort = (address: string, port: number, protocol: string): void => {
    probed.push(`${protocol} ${address} ${port}`);
    if (protocol === 'udp') throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
  };
  assert.throws(
    () => requireFreePorts(config, { probePort }, NOTHING_PASSED),
    isProblem('PORT_TAKEN', /^UDP port 4443 on \[::\] is taken .* listen\.udp$/),
  );
  assert.deepEqual(probed, ['tcp 192.0.2.1 443', 'udp :: 4443']);
});

test('a machine without the TUN driver is told what to load', () => {
  assert.throws(() => requireTun('/nonexistent/tun'), isProblem('TUN_MISSING', /modprobe tun/));
});

test('where the sandbox cannot be, the operator hears how to go on; switched off, nobody asks', () => {
  const denyIoUring = (): void => {
    throw new Error('EACCES');
  };
  assert.throws(
    () => prepareSandbox(configOf(''), { denyIoUring }),
    isProblem('SANDBOX', /workers\.sandbox = false/),
  );
  prepareSandbox(configOf('[workers]\nsandbox = false'), { denyIoUring });
});

test('the state folder is for root alone', (t) => {
  const folder = temporary(t);
  makeFolders(withState(path.join(folder, 'a', 'state'), path.join(folder, 'run')));
  assert.equal(statSync(path.join(folder, 'a', 'state')).mode & 0o777, 0o700);
});

test('a state folder that cannot be is named with its key', (t) => {
  const file = path.join(temporary(t), 'file');
  writeFileSync(file, '');
  assert.throws(
    () => makeFolders(withState(path.join(file, 'state'), '/tmp')),
    isProblem('FOLDER', /state\.dir/),
  );
});

test('an address of this machine inside a pool is a warning, one beside it is not', () => {
  const config = configOf('[network]\nipv4 = "10.77.0.0/16"\nipv6 = "fd00:77::/64"');
  const address = (text: string): os.NetworkInterfaceInfo =>
    ({ address: text }) as os.NetworkInterfaceInfo;
  const clashes = findPoolClashes(config, {
    eth0: [address('10.77.3.4'), address('10.78.0.1'), address('fd00:77::9')],
    wolf0: [address('10.77.0.1')],
  });
  assert.equal(clashes.length, 2);
  assert.match(clashes[0] ?? '', /10\.77\.3\.4 of eth0 .*10\.77\.0\.0\/16/);
});

test('sockets that were opened are closed again when a later one fails', () => {
  const open = new Set<number>();
  let next = 10;
  const system = {
    listenTcp: () => {
      open.add(next);
      return next++;
    },
    bindUdp: () => {
      throw Object.assign(new Error('taken'), { code: 'EADDRINUSE' });
    },
    adoptTcp: () => undefined,
    adoptUdp: () => undefined,
    closeFd: (fd: number) => void open.delete(fd),
  };
  assert.throws(
    () => openListeners(configOf(''), 2, system, NOTHING_PASSED),
    isProblem('PORT_TAKEN', /UDP/),
  );
  assert.equal(open.size, 0);
});

test('names of users and groups become numbers, unknown ones a sentence with the key', (t) => {
  const folder = temporary(t);
  const files = { passwd: path.join(folder, 'passwd'), group: path.join(folder, 'group') };
  writeFileSync(files.passwd, 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n');
  writeFileSync(files.group, 'nogroup:x:65533:\n');
  assert.equal(findUid('nobody', 'workers.user', files), 65534);
  assert.equal(findGid('nogroup', 'workers.group', files), 65533);
  assert.equal(findGid('42', 'workers.group', files), 42);
  assert.throws(
    () => findUid('nobod', 'workers.user', files),
    isProblem('NO_ACCOUNT', /workers\.user/),
  );
});

test('the device is as large as policy.mtu, and never too small for IPv6', () => {
  assert.equal(tunMtu(configOf('')), 1500);
  assert.equal(tunMtu(configOf('[policy]\nmtu = 1000')), 1000);
  assert.equal(tunMtu(configOf('[network]\nipv6 = "fd00::/64"\n[policy]\nmtu = 1000')), 1280);
});

test('limits reach the sessions in their own words', () => {
  const limits = sessionLimits(configOf('[limits]\nmax_clients = 5\ncookie_lifetime = "1m"'));
  assert.equal(limits.maxClients, 5);
  assert.equal(limits.cookieLifetimeMs, 60_000);
});

function configOf(text: string): Config {
  const result = loadConfig(text, 'test.toml');
  assert.ok(result.ok);
  return result.config;
}

const withState = (dir: string, runtimeDir: string): Config =>
  configOf(`[state]\ndir = "${dir}"\nruntime_dir = "${runtimeDir}"`);

const isProblem =
  (code: string, message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof WolfguardError && error.code === code && message.test(error.message);

function temporary(t: TestContext): string {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}
