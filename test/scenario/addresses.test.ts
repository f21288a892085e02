// Addresses beyond one from the main pool: a group's pool, a network of IPv6 for each client, networks
// behind a client, and an address that somebody else has already.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { Host } from './harness/host.ts';
import { link } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const SITE = { ipv4: '192.168.40.0/24', ipv6: 'fd01:40::/64' };
const SITE_HOST = { ipv4: '192.168.40.10', ipv6: 'fd01:40::10' };

const CAROL: Account = { user: 'carol', password: 'tr0ub4dor', groups: ['careful'] };
/** All of that group's pool but 10.80.0.5, in a neighbourhood of which the pool is a part. */
const TAKEN = ['10.80.0.2', '10.80.0.3', '10.80.0.4', '10.80.0.6'];
/** Of pino. */
const WARNING = 40;

const lab = new Lab();
after(() => lab.close());
link(
  { host: lab.server, device: 'lan', addresses: ['10.80.0.65/24'] },
  { host: lab.client, device: 'lan', addresses: TAKEN.map((each) => `${each}/24`) },
);
const server = await Server.start(
  lab,
  {
    network: { ipv6: 'fd00:77::/48', ipv6_prefix_per_client: 64, ping_before_lease: true },
    policy: { routes: ['10.77.0.0/16', '10.79.0.0/16', 'fd00:77::/48'] },
    'group.staff': { ipv4: '10.79.0.0/16' },
    'group.careful': { ipv4: '10.80.0.0/29' },
    'user.alice.policy': { iroutes: [SITE.ipv4, SITE.ipv6] },
  },
  [ALICE, { ...BOB, groups: ['staff'] }, CAROL],
);
const site = buildSite();

test(
  "a group's members lease from its pool, with the server's address there",
  options,
  async () => {
    const client = await Client.connect(lab, { account: BOB });
    assert.match(client.ipv4, /^10\.79\./);
    assert.equal(client.told('INTERNAL_IP4_NETMASK'), '255.255.0.0');
    assert.equal(ping(lab.client, '10.79.0.1'), 1);
    assert.equal((await server.sessionOf(BOB.user)).local4, '10.79.0.1');
    await client.logOut();
  },
);

test('a client has a whole network of IPv6, and every address of it works', options, async () => {
  const client = await Client.connect(lab, { account: BOB });
  const [address = '', prefix] = client.told('INTERNAL_IP6_NETMASK').split('/');
  assert.equal(prefix, '64');
  assert.match(address, /^fd00:77:0:[0-9a-f]+::1$/);
  const second = address.replace(/::1$/, ':a:b:c:d');
  lab.client.ip('addr', 'add', `${second}/128`, 'dev', client.device, 'nodad');
  for (const own of [address, second]) {
    assert.equal(ping(lab.server, own), 1, `${own} answers`);
    const sent = lab.client.try('ping', ['-n', '-c1', '-W5', '-I', own, server.inside6]);
    assert.equal(sent.code, 0, sent.stdout + sent.stderr);
    await assertTcp(lab.server, lab.client, own);
  }
  await client.logOut();
});

test(
  'a site behind a client is reached and reaches, while the client is there',
  options,
  async () => {
    const client = await Client.connect(lab, { account: ALICE });
    assert.deepEqual(siteRoutes(), [SITE.ipv4, SITE.ipv6]);
    for (const address of Object.values(SITE_HOST)) {
      assert.equal(ping(lab.server, address), 1, `${address} answers`);
      await assertTcp(lab.server, site, address);
    }
    for (const address of [server.inside4, server.inside6]) assert.equal(ping(site, address), 1);
    await assertTcp(site, lab.server, server.inside4);
    assert.equal((await server.sessionOf(ALICE.user)).counters.spoofedPackets, 0);
    assert.match(server.wolfctl('show', 'iroutes').stdout, /alice .*192\.168\.40\.0\/24/);

    await client.logOut();
    await eventually('the routes are gone', 5000, () => siteRoutes().length === 0);
  },
);

test('what lies behind one session is refused to another, which hears why', options, async () => {
  const first = await Client.connect(lab, { account: ALICE });
  const second = new Client(lab, { account: ALICE, device: 'tun1' });
  assert.notEqual((await second.program.waitForExit(20_000)).code, 0);
  assert.match(second.program.output, /A network behind you is in use by another session/);
  const [holder] = await server.ask<'users'>({ command: 'users' });
  const refusal = server.log.find(({ reason }) => reason === 'network-taken');
  assert.equal(refusal?.['network'], SITE.ipv4);
  assert.equal(refusal['session'], holder?.id);
  assert.equal(ping(lab.server, SITE_HOST.ipv4), 1);
  await first.logOut();
});

test('an address that somebody answers from is not leased', options, async () => {
  const client = await Client.connect(lab, { account: CAROL });
  assert.equal(client.ipv4, '10.80.0.5');
  assert.equal(ping(lab.server, client.ipv4), 1);
  const warned = server.log.flatMap(({ level, addresses }) =>
    level === WARNING && Array.isArray(addresses) ? (addresses as string[]) : [],
  );
  assert.ok(
    warned.every((each) => TAKEN.includes(each)),
    warned.join(' '),
  );
  await client.logOut();
});

test('a server that is killed leaves no route behind', options, async () => {
  await Client.connect(lab, { account: ALICE });
  assert.equal(siteRoutes().length, 2);
  server.program.signal('SIGKILL');
  await eventually('the routes are gone', 10_000, () => siteRoutes().length === 0);
});

/** A machine in the network behind the client's host, which forwards. */
function buildSite(): Host {
  const host = lab.host();
  link(
    { host: lab.client, device: 'site', addresses: ['192.168.40.1/24', 'fd01:40::1/64'] },
    { host, device: 'lan', addresses: [`${SITE_HOST.ipv4}/24`, `${SITE_HOST.ipv6}/64`] },
  );
  lab.client.run('sysctl', ['-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1']);
  host.ip('route', 'add', 'default', 'via', '192.168.40.1');
  host.ip('route', 'add', 'default', 'via', 'fd01:40::1');
  return host;
}

/** The routes of the site that the server's kernel has. */
function siteRoutes(): string[] {
  const routes = [lab.server.ip('-4', 'route'), lab.server.ip('-6', 'route')].join('');
  return Object.values(SITE).filter((network) => routes.includes(`${network} dev wolf0`));
}

/** A hundred kilobytes come through a connection as they were sent. */
async function assertTcp(from: Host, to: Host, address: string): Promise<void> {
  const listener = to.spawn(process.execPath, [
    '-e',
    `require('node:net').createServer((s) => s.end('x'.repeat(100000))).listen(7007, () => console.log('listening'))`,
  ]);
  await listener.waitFor(/listening/, 10_000);
  const host = address.includes(':') ? `[${address}]` : address;
  const got = from.try('curl', ['-sS', '--http0.9', '--max-time', '15', `http://${host}:7007/`]);
  await listener.stop();
  assert.equal(got.stdout.length, 100_000, got.stderr);
}
