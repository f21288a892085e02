// NAT and forwarding: clients reach a host behind the server that knows no way back to them, and
// nothing of it stays.
//
//      client  198.51.100.2 ── 198.51.100.1  server  203.0.113.1 ── 203.0.113.2  host
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Diagnosis } from './harness/doctor.ts';
import { link } from './harness/host.ts';
import { Lab } from './harness/lab.ts';
import { DEVICE, Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
const options = { timeout: 60_000 };
const HOST4 = '203.0.113.2';
const HOST6 = '2001:db8:113::2';
const SETTINGS = {
  network: { nat: true },
  policy: { routes: ['203.0.113.0/24', '2001:db8:113::/64'] },
};

const lab = new Lab();
after(() => lab.close());
const host = lab.host();
link(
  {
    host: lab.server,
    device: 'inner',
    addresses: ['203.0.113.1/24', '2001:db8:113::1/64'],
  },
  { host, device: 'outside', addresses: [`${HOST4}/24`, `${HOST6}/64`] },
);
// A namespace begins with what the machine has.
lab.server.run('sysctl', ['-qw', 'net.ipv4.ip_forward=0']);
lab.server.nft('table ip theirs { chain out { type nat hook postrouting priority 100; }; }');
const config = Server.writeFiles(lab, SETTINGS);
const before = { settings: forwarding(), tables: lab.server.run('nft', ['list', 'ruleset']) };
let server: Server;
let client: Client;

test('before the start doctor finds nothing in the way', options, () => {
  const diagnosis = Diagnosis.of(lab.server, config);
  assert.deepEqual(diagnosis.problems, []);
  assert.equal(diagnosis.exitCode, 0);
  assert.match(diagnosis.of('nat'), /^ok: nft and the kernel take our table/);
  assert.match(diagnosis.of('forwarding-ipv6'), /^ok: .*at its start/);
  assert.match(diagnosis.of('server'), /^ok: no server/);
});

test('a client reaches a host that has no way back, over both families', options, async () => {
  server = await Server.start(lab, SETTINGS);
  client = await Client.connect(lab, { account: ALICE });
  for (const address of [HOST4, HOST6]) {
    await eventually(`${address} answers`, 5000, () => ping(lab.client, address, 3) === 1);
  }
});

test('meanwhile doctor sees the server, its ports, its table and its forwarding', options, () => {
  const diagnosis = Diagnosis.of(lab.server, config);
  assert.deepEqual(diagnosis.problems, []);
  assert.match(diagnosis.of('server'), new RegExp(`^ok: running with pid ${server.program.pid},`));
  assert.match(diagnosis.of('port'), /^ok: TCP .* is the running server's\nok: UDP .*server's$/);
  assert.match(diagnosis.of('nat'), /^ok: .*wolfguard_wolf0/);
  assert.match(diagnosis.of('forwarding-ipv4'), /^ok: IPv4 is forwarded/);
  assert.match(diagnosis.of('forwarding-ipv6'), /^ok: IPv6 is forwarded/);
  assert.match(diagnosis.of('nofile'), /^ok: the server's workers/);
});

test(
  'a firewall that drops what is forwarded is found with its remedy, which works',
  options,
  async () => {
    lab.server.nft(
      'table inet strict { chain forward { type filter hook forward priority 0; policy drop; }; }',
    );
    assert.equal(ping(lab.client, HOST4, 1), 0);
    const [finding] = Diagnosis.of(lab.server, config).findings.filter(
      ({ id }) => id === 'forward-firewall',
    );
    assert.equal(finding?.level, 'problem');
    lab.server.run('sh', ['-c', finding.mend ?? '']);
    assert.equal(ping(lab.client, HOST4, 3), 1);
    assert.match(Diagnosis.of(lab.server, config).of('forward-firewall'), /^ok/);
    lab.server.run('nft', ['delete', 'table', 'inet', 'strict']);
    await client.logOut();
  },
);

test(
  'after the stop everything is as it was, and what others have made is untouched',
  options,
  async () => {
    await server.stop();
    assert.deepEqual(forwarding(), before.settings);
    assert.equal(lab.server.run('nft', ['list', 'ruleset']), before.tables);
    assert.deepEqual(Diagnosis.of(lab.server, config).problems, []);
  },
);

test(
  'a table of that name that somebody else has made keeps the server from starting',
  options,
  () => {
    lab.server.nft(`table inet wolfguard_${DEVICE} { chain theirs { }; }`);
    const ruleset = lab.server.run('nft', ['list', 'ruleset']);
    const diagnosis = Diagnosis.of(lab.server, config);
    assert.equal(diagnosis.exitCode, 1);
    assert.match(
      diagnosis.of('nat'),
      /^problem: there is a table inet wolfguard_wolf0 already.*nft delete/,
    );
    const { code, stderr } = lab.server.try(process.execPath, [WOLFGUARD, 'serve', '-c', config]);
    assert.equal(code, 1);
    assert.match(stderr, /there is a table inet wolfguard_wolf0 already, and somebody else/);
    assert.equal(lab.server.run('nft', ['list', 'ruleset']), ruleset);
  },
);

/** Every switch of forwarding on the server's machine; the tunnel's own goes with the device. */
function forwarding(): string {
  return lab.server.run('sh', [
    '-c',
    'grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/forwarding ' +
      '/proc/sys/net/ipv6/conf/*/*forwarding /proc/sys/net/ipv6/conf/*/accept_ra',
  ]);
}
