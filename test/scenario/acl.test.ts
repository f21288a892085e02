// What a client may send, with the stock client: rules by port and network, enforced routes, other
// clients, and routes by the thousand.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, suite, test } from 'node:test';
import { askAcl } from '../../cli/acl.ts';
import { contains, parseCidr, parseIp } from '../../core/net/address.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { link } from './harness/host.ts';
import type { Host } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { askProbes, serveProbes } from './harness/probes.ts';
import type { Probe } from './harness/probes.ts';
import { Server } from './harness/server.ts';
import { Iperf, ping, reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 90_000 };

void suite('rules', async () => {
  const lab = new Lab();
  after(() => lab.close());
  for (const address of ['10.1.0.1', '10.1.66.1', '10.9.0.1', '192.0.2.9'])
    lab.server.ip('addr', 'add', `${address}/32`, 'dev', 'lo');
  for (const address of ['fd00:1::1', 'fd00:2::1'])
    lab.server.ip('addr', 'add', `${address}/128`, 'dev', 'lo', 'nodad');
  const server = await Server.start(lab, {
    policy: {
      routes: ['10.0.0.0/8', 'fd00::/8'],
      no_routes: ['10.9.0.0/16'],
      enforce_routes: true,
      allow: [
        'tcp:22,8000-8100 10.0.0.0/8',
        'udp:53',
        'icmp',
        'tcp:8443 fd00:1::/48',
        'icmpv6 fd00:1::/48',
      ],
      deny: ['10.1.66.0/24'],
    },
  });
  await serveProbes(lab, lab.server, { tcp: [22, 23, 8443, 8050], udp: [53, 54] });
  await Client.connect(lab, { account: ALICE });
  // Nobody has told the client so: these are for one that tries.
  for (const network of ['10.9.0.0/16', '192.0.2.0/24'])
    lab.client.ip('route', 'replace', network, 'dev', 'tun0');

  test('decide by protocol, port and network, and routes are enforced', options, async () => {
    const probes: readonly Probe[] = [
      { proto: 'tcp', address: '10.1.0.1', port: 22, expected: true },
      { proto: 'tcp', address: '10.1.0.1', port: 8050, expected: true },
      { proto: 'tcp', address: '10.1.0.1', port: 23, expected: false },
      { proto: 'udp', address: '10.1.0.1', port: 53, expected: true },
      { proto: 'udp', address: '10.1.0.1', port: 54, expected: false },
      { proto: 'tcp', address: '10.1.66.1', port: 22, expected: false },
      { proto: 'tcp', address: '10.9.0.1', port: 22, expected: false },
      { proto: 'udp', address: '192.0.2.9', port: 53, expected: false },
      { proto: 'tcp', address: 'fd00:1::1', port: 8443, expected: true },
      { proto: 'udp', address: 'fd00:2::1', port: 53, expected: true },
      { proto: 'tcp', address: 'fd00:2::1', port: 8443, expected: false },
      { proto: 'tcp', address: 'fd00:1::1', port: 22, expected: false },
    ];
    const expected = probes.map((probe) => probe.expected);
    assert.deepEqual(await askProbes(lab.client, probes), expected);
    assert.deepEqual(
      probes.map(({ proto, address, port }) => isAllowed(address, proto, port)),
      expected,
      'wolfguard acl says the same',
    );
  });

  test('decide over ICMP of both families', options, () => {
    for (const [address, share] of [
      ['10.1.0.1', 1],
      ['10.1.66.1', 0],
      ['10.9.0.1', 0],
      ['fd00:1::1', 1],
      ['fd00:2::1', 0],
    ] as const) {
      assert.equal(isAllowed(address, undefined, undefined), share === 1, address);
      if (share === 1) assert.equal(ping(lab.client, address), 1, address);
      else assert.ok(isSilent(lab.client, address), address);
    }
  });

  test('count what they drop, where an administrator sees it', options, async () => {
    const { id, counters } = await server.sessionOf(ALICE.user);
    assert.ok(counters.deniedPackets > 10, String(counters.deniedPackets));
    const { stdout } = server.wolfctl('show', 'id', String(id));
    assert.match(stdout, /Denied packets\W+\d\d/);
    assert.match(stdout, /Restricted to routes\W+True/);
  });

  function isAllowed(address: string, protocol: 'tcp' | 'udp' | undefined, port?: number): boolean {
    const destination = parseIp(address) ?? assert.fail(address);
    const who = { user: ALICE.user, group: '', vhost: '' };
    const configPath = lab.file('wolfguard.toml');
    return askAcl({ configPath, who, destination, protocol, port }).allowed;
  }
});

/** No answer in a time that many would need; that it was the rules is in the counters. */
const isSilent = (host: Host, address: string): boolean =>
  host.try('ping', ['-n', '-q', '-c', '1', '-W', '0.5', address]).code !== 0;

const meeting = (allowed: boolean) => ({
  routes: ['10.77.0.0/16', 'fd00:77::/64'],
  client_to_client: allowed,
});

void suite('clients among themselves', async () => {
  const lab = new Lab();
  after(() => lab.close());
  const other = lab.host();
  link(
    { host: lab.server, device: 'outside2', addresses: ['203.0.113.1/24'] },
    { host: other, device: 'outside', addresses: ['203.0.113.2/24'] },
  );
  const server = await Server.start(lab, { policy: meeting(false) });

  for (const [index, allowed] of [false, true].entries())
    test(`${allowed ? 'may' : 'may not'} meet, and both reach the server`, options, async () => {
      if (index > 0) {
        server.configure({ policy: meeting(allowed) });
        assert.equal(server.wolfctl('reload').code, 0);
      }
      const alice = await Client.connect(lab, { account: ALICE });
      const bob = await Client.connect(lab, { account: BOB, host: other, server: '203.0.113.1' });
      await reachable(lab.client, server.inside4);
      await reachable(other, server.inside4);
      for (const [from, to] of [
        [lab.client, bob.ipv4],
        [other, alice.ipv4],
        [lab.client, bob.ipv6],
      ] as const) {
        if (allowed) assert.equal(ping(from, to), 1);
        else assert.ok(isSilent(from, to));
      }
      const { counters } = await server.sessionOf(ALICE.user);
      assert.equal(counters.deniedPackets > 0, !allowed);
      await Promise.all([alice.logOut(), bob.logOut()]);
    });
});

void suite('routes by the thousand', async () => {
  const lab = new Lab();
  after(() => lab.close());
  const file = lab.file('routes');
  // Pairs of halves, between which there are gaps: 5,000 lines and more that are 2,400 networks.
  const halves = Array.from({ length: 2399 }, (_, i) => [
    `10.${64 + (i >> 7)}.${(i << 1) & 255}.0/25`,
    `10.${64 + (i >> 7)}.${(i << 1) & 255}.128/25 # the other half`,
  ]);
  const within = Array.from({ length: 202 }, (_, i) => `10.64.${(i << 1) & 255}.64/26`);
  writeFileSync(file, ['# offices', '', ...halves.flat(), ...within].join('\n'));
  const server = await Server.start(lab, {
    policy: { routes: ['10.99.0.0/16'], routes_file: file, enforce_routes: true },
  });

  test('come from a file, are joined, and all of them are told', options, async () => {
    const client = await Client.connect(lab, { account: ALICE, bare: true });
    const told = routesOf(client);
    assert.equal(told.length, 2400);
    assert.ok(told.includes('10.65.2.0/24'));
    // The routes themselves would keep a script busy for longer than all of this.
    lab.client.ip('link', 'set', 'tun0', 'up');
    lab.client.ip('addr', 'add', `${client.ipv4}/24`, 'dev', 'tun0');
    lab.client.ip('route', 'replace', '10.77.0.0/16', 'dev', 'tun0');
    const iperf = new Iperf(lab);
    for (const direction of ['up', 'down'] as const) await iperf.run(direction, '10M', '10.77.0.1');
    const { pushed, counters } = await server.sessionOf(ALICE.user);
    assert.equal(counters.deniedPackets, 0);
    assert.deepEqual([pushed.routeCount, pushed.routes.length], [told.length, 50]);
    await client.logOut();
  });

  test(
    'that are too many for a client become fewer and wider, and a warning',
    options,
    async () => {
      let state = 1;
      const networks = Array.from({ length: 5000 }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return `10.${state >>> 24}.${(state >>> 16) & 255}.${(state >>> 8) & 192}/26`;
      });
      writeFileSync(file, networks.join('\n'));
      assert.equal(server.wolfctl('reload').code, 0);
      await eventually('the warning', 5000, () =>
        server.log.some(({ msg }) =>
          /^\[policy\]: openconnect clients are told of \d{4} wider routes instead of \d{4},/.test(
            String(msg),
          ),
        ),
      );
      const client = await Client.connect(lab, { account: ALICE, bare: true });
      const told = routesOf(client).map((text) => parseCidr(text)?.network ?? assert.fail(text));
      assert.ok(told.length > 1000 && told.length < 5000, String(told.length));
      for (const network of networks) {
        const { address } = parseCidr(network)?.network ?? assert.fail(network);
        assert.ok(
          told.some((wide) => contains(wide, address)),
          network,
        );
      }
      await client.logOut();
    },
  );

  test(
    'with a line that is none are refused with its number, and the old ones stay',
    options,
    async () => {
      writeFileSync(file, '10.0.0.0/8\n\n10.1.0.0/255.255.0.0\n');
      const { code, stderr } = server.wolfctl('reload');
      assert.notEqual(code, 0);
      assert.match(stderr, /routes:3: .*is not a network.*10\.1\.0\.0\/16/);
      await eventually('the watch has said so too', 10_000, () =>
        server.log.some(({ reason }) => /routes:3:/.test(String(reason))),
      );
      const client = await Client.connect(lab, { account: ALICE, bare: true });
      assert.ok(routesOf(client).length > 1000);
    },
  );

  function routesOf(client: Client): string[] {
    const lines = client.told('CISCO_CSTP_OPTIONS').split('\n');
    const routes = lines.flatMap((line) => /^X-CSTP-Split-Include=(.*)\/(.*)$/.exec(line) ?? []);
    const count = Number(client.told('CISCO_SPLIT_INC'));
    assert.equal(routes.length, count * 3);
    return Array.from({ length: count }, (_, n) => {
      const [address = '', mask = ''] = routes.slice(n * 3 + 1, n * 3 + 3);
      const bits = parseIp(mask)?.value.toString(2).replaceAll('0', '').length ?? assert.fail(mask);
      return `${address}/${bits}`;
    });
  }
});
