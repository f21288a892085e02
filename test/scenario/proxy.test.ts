// HAProxy in front, as docs/operations.md shows it: everybody's real address is what sessions, bans
// and limits go by, and the load balancer itself is never banned.
//
//      client  198.51.100.2 ──── 198.51.100.1  server:  HAProxy 8443 (v1), 9443 (v2) ──► wolfguard 443
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { CLIENT_IPV4, Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const OTHER_IPV4 = '198.51.100.3';
const PORTS = { v1: 8443, v2: 9443 } as const;
const MANUAL = fileURLToPath(new URL('../../docs/operations.md', import.meta.url));

const lab = new Lab();
after(() => lab.close());
lab.client.ip('addr', 'add', `${OTHER_IPV4}/24`, 'dev', 'outside');
const server = await Server.start(lab, {
  listen: { proxy_protocol: 'any', proxy_trusted: ['127.0.0.0/8'] },
  ban: { max_score: 30 },
});
for (const version of ['v1', 'v2'] as const) {
  const file = lab.file(`haproxy-${version}.cfg`);
  writeFileSync(file, haproxyConfiguration(version));
  const haproxy = lab.server.spawn('haproxy', ['-db', '-f', file]);
  lab.onClose(() => haproxy.stop());
}
await eventually('HAProxy listens', 10_000, () =>
  Object.values(PORTS).every((port) => curl(port, CLIENT_IPV4) === 200),
);

for (const version of ['v1', 'v2'] as const) {
  test(`a session by PROXY ${version} is one of the real address`, options, async () => {
    // DTLS would go to HAProxy's port, which does not carry UDP.
    const client = await Client.connect(lab, {
      account: ALICE,
      dtls: false,
      path: `:${PORTS[version]}`,
    });
    await reachable(lab.client, server.inside4);
    const users = JSON.parse(server.wolfctl('show', 'users', '--json').stdout) as {
      'Remote IP': string;
    }[];
    assert.deepEqual(
      users.map((user) => user['Remote IP']),
      [CLIENT_IPV4],
    );
    await client.logOut();
  });
}

test('who comes without the header from elsewhere is closed', options, () => {
  assert.equal(curl(PORT, CLIENT_IPV4), 0);
});

test(
  'wrong passwords ban the real address, and neither its neighbour nor HAProxy',
  options,
  async () => {
    await server.ask({ command: 'unban', address: OTHER_IPV4 }).catch(() => undefined);
    for (let attempt = 1; attempt <= 3; attempt++) {
      assert.equal(curl(PORTS.v2, OTHER_IPV4, ...WRONG), 200);
    }
    await eventually('the ban holds', 3000, () => curl(PORTS.v2, OTHER_IPV4) === 0);
    assert.equal(curl(PORTS.v1, OTHER_IPV4), 0);
    assert.equal(curl(PORTS.v1, CLIENT_IPV4), 200);
    const bans = await server.ask<'ip-bans'>({ command: 'ip-bans' });
    assert.deepEqual(
      bans.map(({ source }) => source),
      [OTHER_IPV4],
    );
    const points = await server.ask<'ip-ban-points'>({ command: 'ip-ban-points' });
    assert.ok(!points.some(({ source }) => source.startsWith('127.')));
  },
);

const WRONG = ['--data', 'username=alice&password=wrong'];

/** The status; 0 when there is no answer. */
function curl(port: number, from: string, ...args: string[]): number {
  const { stdout } = lab.client.try('curl', [
    ...['-ks', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '5', '--interface', from],
    ...[...args, `https://${SERVER_IPV4}:${port}/auth`],
  ]);
  return Number(stdout);
}

/** What the manual shows, for this scene and without the way from one machine to another. */
function haproxyConfiguration(version: keyof typeof PORTS): string {
  const shown = /```haproxy\n([^]*?)```/.exec(readFileSync(MANUAL, 'utf8'))?.[1] ?? '';
  assert.match(shown, /bind :443\n[^]*server vpn1 192\.0\.2\.21:443 send-proxy-v2 check/);
  const how = version === 'v1' ? 'send-proxy check' : 'send-proxy-v2 check';
  return shown
    .replace('bind :443', `bind :${PORTS[version]}`)
    .replaceAll(/^ *server vpn2 .*\n/gm, '')
    .replace(/192\.0\.2\.21:443 send-proxy-v2 check/, `127.0.0.1:${PORT} ${how}`);
}
