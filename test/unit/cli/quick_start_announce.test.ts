import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { parse } from 'smol-toml';

import { renderAnnouncement, shellWord } from '../../../cli/quick_start_announce.ts';
import { renderConfig, runtimeDirOf } from '../../../cli/quick_start_config.ts';

const ANNOUNCEMENT = {
  password: 'secret',
  user: 'wolf',
  pin: 'pin-sha256:a+b/c=',
  address: '192.0.2.7',
  port: 443,
  stateDir: '/srv/.wolfguard',
  wolfctl: 'wolfctl',
  remarks: [],
};
const SETTINGS = {
  stateDir: '/srv/vpn "x"\\y',
  port: 443,
  certificate: '/c',
  privateKey: '/k',
  passwdFile: '/p',
  ipv4: '10.77.0.0/16',
  ipv6: 'fd00:77::/64',
  dualStack: true,
  nat: true,
  dns: ['192.0.2.53'],
};

test('port 443 is not part of the command, any other is', () => {
  assert.match(command({}), /--passwd-on-stdin https:\/\/192\.0\.2\.7$/);
  assert.match(command({ port: 8443 }), /https:\/\/192\.0\.2\.7:8443$/);
});

test('an IPv6 address stands in brackets, quoted because shells expand brackets', () => {
  assert.match(
    command({ address: '2001:db8::7', port: 8443 }),
    / 'https:\/\/\[2001:db8::7\]:8443'$/,
  );
});

test('a shell hands on exactly the words that were meant', () => {
  const words = { user: "o'brien $(id) \\", password: 'a\'b"c`d $e', address: '2001:db8::7' };
  const fakes = 'sudo() { cat; printf "%s\\n" "$@"; }\n';
  const seen = execFileSync('sh', ['-c', fakes + command(words)], { encoding: 'utf8' });
  assert.equal(
    seen,
    [words.password, 'openconnect', '--servercert', 'pin-sha256:a+b/c=', '--user', words.user]
      .concat('--passwd-on-stdin', 'https://[2001:db8::7]', '')
      .join('\n'),
  );
});

test('plain words stay unquoted', () => {
  assert.equal(shellWord('https://vpn.example.org:8443'), 'https://vpn.example.org:8443');
  assert.equal(shellWord('a b'), "'a b'");
  assert.equal(shellWord(''), "''");
});

test('remarks follow the command', () => {
  assert.match(
    renderAnnouncement({ ...ANNOUNCEMENT, remarks: ['No nft here.'] }),
    /\n {2}No nft here\.\n/,
  );
});

test('paths with quotes and backslashes survive the way through TOML', () => {
  const config = toml({});
  assert.equal(config['state']?.['dir'], SETTINGS.stateDir);
  assert.equal(config['network']?.['nat'], true);
  assert.deepEqual(config['policy'], { routes: [], dns: ['192.0.2.53'] });
});

test('without NAT only the networks of the VPN itself are routed to it', () => {
  assert.deepEqual(toml({ nat: false })['policy']?.['routes'], ['10.77.0.0/16', 'fd00:77::/64']);
  assert.deepEqual(toml({ nat: false, ipv6: '' })['policy']?.['routes'], ['10.77.0.0/16']);
});

test('a machine without IPv6 listens on IPv4 only', () => {
  assert.deepEqual(toml({ dualStack: false })['listen'], {
    tcp: ['0.0.0.0:443'],
    udp: ['0.0.0.0:443'],
  });
});

test('the runtime folder moves to /run where a socket path would be too long', () => {
  assert.equal(runtimeDirOf('/srv/.wolfguard'), '/srv/.wolfguard/run');
  const longestThatFits = `/${'x'.repeat(91)}`;
  assert.equal(Buffer.byteLength(`${runtimeDirOf(longestThatFits)}/admin.sock`), 107);
  assert.match(runtimeDirOf(`${longestThatFits}x`), /^\/run\/wolfguard-quick-[0-9a-f]{12}$/);
  assert.match(runtimeDirOf(`/${'ü'.repeat(50)}`), /^\/run\/wolfguard-quick-/);
});

/** The line with the command, for an announcement with these changes. */
function command(changes: Partial<typeof ANNOUNCEMENT>): string {
  const text = renderAnnouncement({ ...ANNOUNCEMENT, ...changes });
  return text.split('\n').find((line) => line.startsWith('echo ')) ?? '';
}

function toml(changes: Partial<typeof SETTINGS>): Record<string, Record<string, unknown>> {
  return structuredClone(parse(renderConfig({ ...SETTINGS, ...changes }))) as Record<
    string,
    Record<string, unknown>
  >;
}
