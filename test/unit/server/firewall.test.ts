import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFirewall, renderTable } from '../../../server/firewall.ts';
import { needsRoot } from '../native/fixtures/as_root.ts';

const TABLE = 'table inet wolfguard_wgt0';

test('the table is one line, and leaves alone what goes to clients and to the server itself', () => {
  const table = renderTable({ device: 'wolf0' });
  assert.match(table, /^create table inet wolfguard_wolf0 \{ flags owner; \};/);
  assert.match(table, /iifname "wolf0" oifname != \{ "wolf0", "lo" \} masquerade$/);
  assert.doesNotMatch(table, /\n/);
});

test('a machine without nft is told which package to install', async () => {
  const opened = openFirewall({ device: 'wgt0', program: 'no-such-nft' });
  await assert.rejects(opened, { code: 'NFT_MISSING', message: /package nftables/ });
});

test('what nft says against the table is passed on', needsRoot, async () => {
  const opened = openFirewall({ device: 'wgt0"' });
  await assert.rejects(opened, { code: 'NFT_FAILED', message: /\(syntax error/ });
});

test('a program that is not nft is not waited for', async () => {
  const opened = openFirewall({ device: 'wgt0', program: 'true' });
  await assert.rejects(opened, { code: 'NFT_FAILED', message: /ended without a word/ });
});

// client ── 10.77.0.2 ── wgt0 [router, the firewall's] out0 ── 192.0.2.2 ── server
void suite('the firewall in a namespace of its own', needsRoot, () => {
  const client = `wgt-fwc-${process.pid}`;
  const router = `wgt-fwr-${process.pid}`;
  const server = `wgt-fws-${process.pid}`;

  before(() => makeNetwork({ client, router, server }));
  after(() => {
    for (const name of [client, router, server]) ip('netns', 'delete', name);
  });

  test('the outside sees the address of the server', async () => {
    const owner = await startOwner(router);
    for (const [address, seen] of [
      ['192.0.2.2', '::ffff:192.0.2.1'],
      ['2001:db8::2', '2001:db8::1'],
    ] as const) {
      assert.equal(await addressSeen({ client, server, address }), seen);
    }
    await stopOwner(owner);
  });

  test('a fixed address beside the pools is masqueraded like any other', async () => {
    ip('-n', router, 'route', 'add', '172.30.0.9', 'dev', 'wgt0');
    ip('-n', client, 'address', 'add', '172.30.0.9/32', 'dev', 'tun0');
    ip('-n', client, 'route', 'change', 'default', 'via', '10.77.0.1', 'src', '172.30.0.9');
    const owner = await startOwner(router);
    const seen = await addressSeen({ client, server, address: '192.0.2.2' });
    assert.equal(seen, '::ffff:192.0.2.1');
    await stopOwner(owner);
  });

  test('nobody else can take the rules away', async () => {
    const owner = await startOwner(router);
    inNamespace(router, 'nft', 'flush', 'ruleset');
    assert.throws(() => inNamespace(router, 'nft', 'delete', ...TABLE.split(' ')), /not permitted/);
    assert.match(inNamespace(router, 'nft', 'list', 'ruleset'), /masquerade/);
    await stopOwner(owner);
  });

  test('close removes the table', async () => {
    const owner = await startOwner(router);
    assert.ok(listTables(router).includes(TABLE));
    await stopOwner(owner);
    assert.equal(listTables(router), '');
  });

  test('the table goes with a primary that is killed', async () => {
    const owner = await startOwner(router);
    owner.kill('SIGKILL');
    await once(owner, 'exit');
    await waitUntil(() => listTables(router) === '');
  });

  test('the primary hears of it when nft has died', async () => {
    const owner = await startOwner(router);
    const said = nextLine(owner);
    const children = `/proc/${owner.pid ?? 0}/task/${owner.pid ?? 0}/children`;
    process.kill(Number(execFileSync('cat', [children], { encoding: 'utf8' }).trim()), 'SIGKILL');
    assert.match(await said, /^lost: nft has ended/);
    await waitUntil(() => listTables(router) === '');
    owner.kill('SIGKILL');
  });

  test('a table of that name that somebody else has made is neither taken over nor changed', async () => {
    const theirs = `${TABLE} { chain theirs { counter packets 1 bytes 2 drop; }; }`;
    inNamespace(router, 'nft', theirs);
    const before = inNamespace(router, 'nft', 'list', 'ruleset');
    assert.match(await refusal(router), /^NFT_TABLE_TAKEN: .*nft delete table inet wolfguard_wgt0/);
    assert.equal(inNamespace(router, 'nft', 'list', 'ruleset'), before);
    inNamespace(router, 'nft', 'delete', ...TABLE.split(' '));
  });

  test('a table of that name that belongs to another program is left alone as well', async () => {
    const first = await startOwner(router);
    assert.match(await refusal(router), /^NFT_TABLE_TAKEN: /);
    assert.match(inNamespace(router, 'nft', 'list', 'ruleset'), /masquerade/);
    await stopOwner(first);
  });

  test('tables of others are the same before, meanwhile and after', async () => {
    inNamespace(
      router,
      'nft',
      'table ip nat { chain c { type nat hook postrouting priority 100; }; }',
    );
    const before = inNamespace(router, 'nft', 'list', 'table', 'ip', 'nat');
    const owner = await startOwner(router);
    assert.equal(inNamespace(router, 'nft', 'list', 'table', 'ip', 'nat'), before);
    await stopOwner(owner);
    assert.equal(inNamespace(router, 'nft', 'list', 'ruleset'), before);
    inNamespace(router, 'nft', 'delete', 'table', 'ip', 'nat');
  });
});

interface Names {
  readonly client: string;
  readonly router: string;
  readonly server: string;
}

function makeNetwork({ client, router, server }: Names): void {
  for (const name of [client, router, server]) {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  const pair = (name: string, peer: string, peerNamespace: string): void => {
    const own = ['name', name, 'netns', router];
    ip('link', 'add', ...own, 'type', 'veth', 'peer', 'name', peer, 'netns', peerNamespace);
    ip('-n', router, 'link', 'set', name, 'up');
    ip('-n', peerNamespace, 'link', 'set', peer, 'up');
  };
  const address = (namespace: string, device: string, ...addresses: string[]): void => {
    for (const text of addresses) {
      ip(
        '-n',
        namespace,
        'address',
        'add',
        text,
        'dev',
        device,
        ...(text.includes(':') ? ['nodad'] : []),
      );
    }
  };
  pair('wgt0', 'tun0', client);
  pair('out0', 'eth0', server);
  address(router, 'wgt0', '10.77.0.1/16', 'fd77::1/64');
  address(client, 'tun0', '10.77.0.2/16', 'fd77::2/64');
  address(router, 'out0', '192.0.2.1/24', '2001:db8::1/64');
  address(server, 'eth0', '192.0.2.2/24', '2001:db8::2/64');
  ip('-n', client, 'route', 'add', 'default', 'via', '10.77.0.1');
  ip('-n', client, '-6', 'route', 'add', 'default', 'via', 'fd77::1');
  inNamespace(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
}

/** What the server sees as the client's address. */
async function addressSeen({
  client,
  server,
  address,
}: Omit<Names, 'router'> & { readonly address: string }): Promise<string> {
  const listener = spawnIn(
    server,
    `require('net').createServer((s) => s.end(s.remoteAddress)).listen(7777, '::', () => console.log('listening'))`,
  );
  const listenerEnded = once(listener, 'exit');
  assert.equal(await nextLine(listener), 'listening');
  const caller = spawnIn(
    client,
    `require('net').connect(7777, '${address}').on('data', (from) => console.log(String(from)));`,
  );
  const said = await nextLine(caller);
  listener.kill('SIGKILL');
  await listenerEnded;
  return said;
}

const spawnIn = (namespace: string, script: string): ChildProcess =>
  spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 10_000,
  });

function spawnOwner(namespace: string): ChildProcess {
  const script = path.join(import.meta.dirname, 'fixtures/firewall_owner.ts');
  return spawn('ip', ['netns', 'exec', namespace, process.execPath, script], {
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: 20_000,
  });
}

/** What an owner says that may not begin. */
async function refusal(namespace: string): Promise<string> {
  const owner = spawnOwner(namespace);
  const said = nextLine(owner);
  assert.equal((await once(owner, 'exit'))[0], 1);
  return said;
}

async function startOwner(namespace: string): Promise<ChildProcess> {
  const owner = spawnOwner(namespace);
  assert.equal(await nextLine(owner), 'ready');
  return owner;
}

async function stopOwner(owner: ChildProcess): Promise<void> {
  const said = nextLine(owner);
  owner.stdin?.end();
  assert.equal(await said, 'closed');
}

async function nextLine(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const lines = createInterface(child.stdout);
  const ended = once(child, 'close').then(() => ['it ended']);
  const [line] = (await Promise.race([once(lines, 'line'), ended])) as [string];
  lines.removeAllListeners();
  return line;
}

async function waitUntil(condition: () => boolean): Promise<void> {
  for (let attempt = 0; !condition(); attempt++) {
    assert.ok(attempt < 100, 'waited for 5 s');
    await sleep(50);
  }
}

const listTables = (namespace: string): string =>
  inNamespace(namespace, 'nft', 'list', 'tables').trim();

const inNamespace = (namespace: string, ...command: string[]): string =>
  ip('netns', 'exec', namespace, ...command);

const ip = (...args: string[]): string =>
  execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
