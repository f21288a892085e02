// Scripts and plugins hear of sessions, as real clients come and go.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { CLIENT_IPV4, Lab, SERVER_IPV4 } from './harness/lab.ts';
import { isAlive } from './harness/proc.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const STAFF: Account = { ...ALICE, groups: ['staff', 'it'] };
const GUEST: Account = { ...BOB, groups: ['guests'] };
const CAROL: Account = { user: 'carol', password: 'trumpet vine' };
/** Of whom the script never has enough. */
const DAVE: Account = { user: 'dave', password: 'ivory tower' };
/** Whom the plugin does not like. */
const ERIN: Account = { user: 'erin', password: 'paper moon' };

const lab = new Lab();
after(() => lab.close());
mkdirSync(lab.file('hooks'));
const record = writeScript('record', recorder());
const sleeperFile = lab.file('sleeper');
const server = await Server.start(
  lab,
  {
    hooks: {
      connect: writeScript('connect', connectScript()),
      disconnect: record,
      host_update: record,
      plugins: [writePlugin()],
      timeout: '3s',
    },
    policy: {
      routes: ['10.77.0.0/16', '10.99.0.0/16', 'fd00:77::/64'],
      no_routes: ['10.98.0.0/15'],
      dns: ['10.77.0.1', 'fd00:77::1'],
    },
  },
  [STAFF, GUEST, CAROL, DAVE, ERIN],
);

test(
  'scripts are told what ocserv tells them, and what was moved in the end',
  options,
  async () => {
    const cookie = await fetchCookie(lab, { account: STAFF });
    const extra = ['--local-hostname', 'laptop-1'];
    const alice = await Client.connect(lab, { cookie, extra });
    const { id } = await server.sessionOf('alice');
    const told = await variables('connect', 'alice', id);
    assert.deepEqual(told, {
      DEVICE: 'wolf0',
      DEVICE_PLATFORM: '',
      DEVICE_TYPE: '',
      GROUPNAME: 'staff',
      HOME: '/root',
      HOSTNAME: 'laptop-1',
      ID: String(id),
      IP_LOCAL: server.inside4,
      IP_REAL: CLIENT_IPV4,
      IP_REAL_LOCAL: SERVER_IPV4,
      IP_REMOTE: alice.ipv4,
      IPV6_LOCAL: server.inside6,
      IPV6_PREFIX: '128',
      IPV6_REMOTE: alice.ipv6,
      OCSERV_DNS: '10.77.0.1 fd00:77::1 ',
      OCSERV_DNS4: '10.77.0.1 ',
      OCSERV_DNS6: 'fd00:77::1 ',
      OCSERV_NO_ROUTES: '10.98.0.0/255.254.0.0 ',
      OCSERV_NO_ROUTES4: '10.98.0.0/255.254.0.0 ',
      OCSERV_ROUTES: '10.77.0.0/255.255.0.0 10.99.0.0/255.255.0.0 fd00:77::/64 ',
      OCSERV_ROUTES4: '10.77.0.0/255.255.0.0 10.99.0.0/255.255.0.0 ',
      OCSERV_ROUTES6: 'fd00:77::/64 ',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      REASON: 'connect',
      REMOTE_HOSTNAME: 'laptop-1',
      USERNAME: 'alice',
      USER_AGENT: told['USER_AGENT'],
      VHOST: 'default',
    });
    // The last one is the folder that ls reads.
    assert.equal(readFileSync(lab.file('descriptors'), 'utf8'), '0\n1\n2\n3\n');
    assert.match(told['USER_AGENT'] ?? '', /^Open AnyConnect VPN Agent v/);
    assert.deepEqual(await variables('host-update', 'alice', id), {
      ...told,
      REASON: 'host-update',
    });

    // It comes back without being asked again; what both tunnels have moved is one sum.
    assert.equal(ping(lab.client, server.inside4, 10), 1);
    await alice.kill();
    const again = await Client.connect(lab, { cookie, extra });
    assert.equal(ping(lab.client, server.inside4, 10), 1);
    await again.logOut();
    const over = await variables('disconnect', 'alice', id);
    const { STATS_BYTES_IN, STATS_BYTES_OUT, STATS_DURATION, ...rest } = over;
    assert.deepEqual(rest, { ...told, REASON: 'disconnect' });
    for (const bytes of [STATS_BYTES_IN, STATS_BYTES_OUT].map(Number)) {
      // Twenty echoes of 84 bytes, and what the kernel says by itself.
      assert.ok(bytes >= 20 * 84 && bytes < 20 * 84 + 5000, String(bytes));
    }
    assert.ok(Number(STATS_DURATION) < 60);
    assert.equal(server.log.filter(({ hook }) => hook === 'connect').length, 1);
  },
);

test('who is refused by the script hears it, and leaves nothing behind', options, async () => {
  const bob = new Client(lab, { account: GUEST });
  assert.notEqual((await bob.program.waitForExit(20_000)).code, 0);
  assert.match(bob.program.output, /The server refused the connection: ask your administrator/);
  const refused = server.log.find(({ code }) => code === 1);
  assert.equal(refused?.['lastLine'], 'guests are not let in');
  assert.deepEqual(await server.ask<'sessions'>({ command: 'sessions' }), []);
  assert.equal(existsSync(fileOf('disconnect', 'bob', Number(refused['session']))), false);
});

test('a plugin refuses one person with its own words', options, async () => {
  const erin = new Client(lab, { account: ERIN });
  assert.notEqual((await erin.program.waitForExit(20_000)).code, 0);
  assert.match(erin.program.output, /reason: Not on a Sunday/);
  const asked = server.log.find(({ msg }) => msg === 'asked');
  assert.equal(asked?.['process'], 'plugins');
  assert.notEqual(asked['uid'], 0);
});

test(
  'a script that hangs delays its own session only, and dies with its children',
  options,
  async () => {
    const dave = new Client(lab, { account: DAVE });
    await eventually('the script runs', 10_000, () => existsSync(sleeperFile));
    const sleeper = Number(readFileSync(sleeperFile, 'utf8'));
    assert.ok(isAlive(sleeper));
    await Client.connect(lab, { account: CAROL, device: 'tun1', dtls: false });
    assert.ok(dave.program.running, 'dave still waits');
    assert.notEqual((await dave.program.waitForExit(20_000)).code, 0);
    assert.match(dave.program.output, /could not check the connection/);
    await eventually('its child is gone', 5000, () => !isAlive(sleeper));
    assert.ok(server.log.some(({ msg }) => msg === 'a hook took too long and was killed'));
  },
);

test('a stop tells of those that are there still', options, async () => {
  const { id } = await server.sessionOf('carol');
  assert.equal(ping(lab.client, server.inside4, 5), 1);
  await server.stop();
  const { STATS_BYTES_IN: bytes } = await variables('disconnect', 'carol', id);
  const told = server.log.find(({ msg, session }) => msg === 'told' && session === id);
  assert.deepEqual([told?.['end'], String(told?.['bytesIn'])], ['shutdown', bytes]);
  assert.ok(Number(bytes) >= 5 * 84, String(bytes));
});

/** The script of docs/hooks.md, with the lab's folder. */
function recorder(): string {
  const source = path.join(import.meta.dirname, 'harness/hooks/record.sh');
  return readFileSync(source, 'utf8').replace('/var/lib/wolfguard-hooks', lab.file('hooks'));
}

function connectScript(): string {
  return `#!/bin/sh
    ls /proc/self/fd >${lab.file('descriptors')}
    [ "$USERNAME" = dave ] || exec ${record}
    sleep 300 &
    echo $! >${sleeperFile}.new
    mv ${sleeperFile}.new ${sleeperFile}
    wait`;
}

function writePlugin(): string {
  const file = lab.file('plugin.ts');
  writeFileSync(
    file,
    `import type { Plugin } from 'wolfguard/plugin';
    const plugin: Plugin = {
      connect({ session }, { log }) {
        if (session.user !== 'erin') return { allow: true };
        log.info('asked', { uid: process.getuid?.() });
        return { allow: false, reason: 'Not on a Sunday' };
      },
      disconnect({ session, statistics, end }, { log }) {
        log.info('told', { session: session.id, end, ...statistics });
      },
    };
    export default plugin;`,
  );
  return file;
}

function writeScript(name: string, text: string): string {
  const file = lab.file(name);
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** Where the recorder keeps one call. */
function fileOf(reason: string, user: string, id: number): string {
  return lab.file(`hooks/${user}.${reason}.${id}`);
}

/** What env has printed, once it is there; what the shell sets by itself is left out. */
async function variables(
  reason: string,
  user: string,
  id: number,
): Promise<Record<string, string | undefined>> {
  const file = fileOf(reason, user, id);
  const text = await eventually(`${reason} of ${user}`, 10_000, () => {
    const written = existsSync(file) ? readFileSync(file, 'utf8') : '';
    return written.includes('VHOST=') && written;
  });
  const entries = text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    });
  return Object.fromEntries(entries.filter(([name]) => !['PWD', 'OLDPWD', '_'].includes(name)));
}
