// What people of different groups are given, as openconnect sees it, and what a reload does to it.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import type { ClientOptions } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import type { Settings, Table } from './harness/toml.ts';
import { ping } from './harness/traffic.ts';

const options = { timeout: 60_000 };
const CAROL: Account = { user: 'carol', password: 'c', groups: ['all', 'staff'] };
const DAVE: Account = { user: 'dave', password: 'd', groups: ['External Partners'] };
const ALICE: Account = { user: 'alice.m@example.com', password: 'a', groups: ['staff'] };
const PROFILE = '<?xml version="1.0"?>\n<AnyConnectProfile><!-- staff --></AnyConnectProfile>\n';

const lab = new Lab();
after(() => lab.close());
writeFileSync(lab.file('staff.xml'), PROFILE);

const settings = (staff: Table = {}): Settings => ({
  policy: {
    routes: ['10.77.0.0/16'],
    dns: ['10.77.0.53'],
    banner: 'Hello',
    headers: { 'X-CSTP-Whose': '{user} of {group}' },
  },
  'group.staff.policy': {
    routes: ['10.77.0.0/16', '172.20.0.0/16'],
    proxy_pac_url: 'https://proxy.example.com/{group}/{user}.pac',
    user_profile: lab.file('staff.xml'),
    ...staff,
  },
  'group."External Partners".policy': {
    banner: '',
    dns: [],
    routes: ['172.21.0.0/16'],
    tunnel_all_dns: true,
    client_bypass: true,
    udp: false,
  },
  'user."alice.m@example.com".policy': {
    append_routes: true,
    routes: ['172.22.0.0/16'],
    headers: { 'X-CSTP-Own': '{user}' },
    address: '10.77.9.9',
  },
});

const server = await Server.start(lab, settings(), [CAROL, DAVE, ALICE]);
const cookie = await fetchCookie(lab, { account: CAROL });
const staffRoutes = ['10.77.0.0/16', '172.20.0.0/16'];

test('members of a group are given what its section says, over [policy]', options, async () => {
  const client = await Client.connect(lab, { cookie });
  assert.deepEqual(routesOf(client), staffRoutes);
  assert.deepEqual(
    ['INTERNAL_IP4_DNS', 'CISCO_BANNER', 'CISCO_PROXY_PAC'].map((name) => client.told(name)),
    ['10.77.0.53', 'Hello', 'https://proxy.example.com/all/carol.pac'],
  );
  assert.equal(headerOf(client, 'X-CSTP-Whose'), 'carol of all');
  await client.leave();
});

test('a group with a blank in its name takes banner and resolvers away', options, async () => {
  const client = await connectBare({ account: DAVE });
  assert.deepEqual(routesOf(client), ['172.21.0.0/16']);
  assert.equal(client.told('CISCO_BANNER') + client.told('INTERNAL_IP4_DNS'), '');
  assert.equal(headerOf(client, 'X-CSTP-Whose'), 'dave of External Partners');
  assert.equal(client.told('CISCO_PROXY_PAC'), '');
  assert.equal(headerOf(client, 'X-CSTP-Tunnel-All-DNS'), 'true');
  assert.equal(headerOf(client, 'X-CSTP-Client-Bypass-Protocol'), 'true');
  assert.equal(client.channel, 'tls');
  await client.logOut();
});

test('a user adds routes to those of the group, and fetches its profile', options, async () => {
  const local = lab.file('profile.xml');
  writeFileSync(local, '<AnyConnectProfile></AnyConnectProfile>\n');
  const client = await connectBare({ account: ALICE, extra: ['--xmlconfig', local] });
  assert.deepEqual(routesOf(client), [...staffRoutes, '172.22.0.0/16']);
  assert.equal(headerOf(client, 'X-CSTP-Own'), 'alice.m@example.com');
  assert.equal(headerOf(client, 'X-CSTP-Whose'), undefined);
  assert.equal(
    client.told('CISCO_PROXY_PAC'),
    'https://proxy.example.com/staff/alice.m%40example.com.pac',
  );
  assert.equal(readFileSync(local, 'utf8'), PROFILE);
  assert.equal(client.ipv4, '10.77.9.9');
  await client.logOut();
});

test('a malformed section refuses the reload by its line, and tunnels go on', options, async () => {
  const client = await Client.connect(lab, { cookie });
  server.configure({ ...settings({ routes: ['10.77.0.1/16'], mtu: 1300 }) });
  const { code, stderr } = server.wolfctl('reload');
  const text = readFileSync(lab.file('wolfguard.toml'), 'utf8').split('\n');
  const line = text.findIndex((row) => row.includes('10.77.0.1/16')) + 1;
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`wolfguard\\.toml:${line}:\\d+: \\[group\\.staff\\.policy\\] routes: `),
  );
  assert.equal(ping(lab.client, server.inside4), 1);
  const other = await connectBare({ account: ALICE });
  assert.deepEqual(routesOf(other), [...staffRoutes, '172.22.0.0/16']);
  await other.logOut();
  await client.leave();
});

test(
  'a reload counts for the next login, and not for a session that comes back',
  options,
  async () => {
    server.configure(settings({ routes: ['172.23.0.0/16'], user_profile: '' }));
    const { code, stdout } = server.wolfctl('reload');
    assert.equal(code, 0);
    assert.match(stdout, /group\.staff\.policy/);
    const back = await Client.connect(lab, { cookie });
    assert.deepEqual(routesOf(back), staffRoutes);
    const fresh = await connectBare({ account: CAROL });
    assert.deepEqual(routesOf(fresh), ['172.23.0.0/16']);
    await fresh.logOut();
    await back.leave();
  },
);

test('a restart of the whole server makes the policies anew', options, async () => {
  await server.stop();
  await server.startAgain();
  const back = await Client.connect(lab, { cookie });
  assert.deepEqual(routesOf(back), ['172.23.0.0/16']);
  await back.logOut();
});

/** Beside another client: without routes and addresses. */
async function connectBare(more: ClientOptions): Promise<Client> {
  return Client.connect(lab, { ...more, device: 'tun1', bare: true });
}

const routesOf = (client: Client): string[] =>
  Array.from({ length: Number(client.told('CISCO_SPLIT_INC')) }, (_, n) => {
    const name = `CISCO_SPLIT_INC_${n}`;
    return `${client.told(`${name}_ADDR`)}/${client.told(`${name}_MASKLEN`)}`;
  }).sort();

const headerOf = (client: Client, name: string): string | undefined =>
  new RegExp(`^${name}=(.*)$`, 'm').exec(client.told('CISCO_CSTP_OPTIONS'))?.[1];
