// Several addresses and ports: each client is told the UDP port that goes with the address that it
// came to, and gets its datagrams from there.
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, SERVER_IPV4, SERVER_IPV6 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';

const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
const options = { timeout: 60_000 };
const SECOND_IPV4 = '198.51.100.11';
const SECOND_IPV6 = '2001:db8:51::11';
const FOREIGN_IPV4 = '203.0.113.9';

const lab = new Lab();
after(() => lab.close());
lab.server.ip('addr', 'add', `${SECOND_IPV4}/24`, 'dev', 'outside');
lab.server.ip('addr', 'add', `${SECOND_IPV6}/64`, 'dev', 'outside', 'nodad');
const server = await Server.start(lab, {
  listen: {
    tcp: [`${SERVER_IPV4}:443`, `[${SERVER_IPV6}]:443`, `${SECOND_IPV4}:8443`, '[::]:10443'],
    udp: [
      ...[`${SERVER_IPV4}:443`, `[${SERVER_IPV6}]:4443`],
      ...[`${SECOND_IPV4}:9443`, `${SECOND_IPV4}:8443`, '[::]:10443'],
    ],
  },
});

for (const [what, address, port, udp] of [
  ['the same port', SERVER_IPV4, 443, 443],
  ['an IPv6 address with another port', SERVER_IPV6, 443, 4443],
  ['of two ports that of the same number', SECOND_IPV4, 8443, 8443],
  ['a second address of a socket for all', SECOND_IPV4, 10_443, 10_443],
  ['a second IPv6 address of it', SECOND_IPV6, 10_443, 10_443],
] as const) {
  test(`${what}: [${address}]:${port} goes with UDP ${udp}`, options, async (t) => {
    const client = await Client.connect(lab, { account: ALICE, server: address, path: `:${port}` });
    t.after(() => client.logOut());
    assert.equal(client.channel, 'dtls');
    const remote = address.includes(':') ? `[${address}]:${udp}` : `${address}:${udp}`;
    assert.ok(lab.client.run('ss', ['-Hun', 'dst', remote]).includes(remote));
    assert.equal(ping(lab.client, server.inside4, 3, 1000), 1);
  });
}

test('an address that the machine does not have is named', options, async () => {
  await server.stop();
  server.configure({ listen: { tcp: [`${SERVER_IPV4}:443`, `${FOREIGN_IPV4}:443`] } });
  const args = [WOLFGUARD, 'serve', '-c', lab.file('wolfguard.toml')];
  const { code, stdout, stderr } = lab.server.try(process.execPath, args);
  assert.equal(code, 1);
  assert.match(
    stdout + stderr,
    /TCP port 443 on 203\.0\.113\.9 .*this machine has no such address: check listen\.tcp/,
  );
});
