import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runProgram } from '../../../cli/run_program.ts';
import { buildWolfctl } from '../../../cli/wolfctl/program.ts';
import { defaultSocketPath } from '../../../cli/wolfctl/socket_path.ts';
import {
  formatBytes,
  formatDuration,
  renderFields,
  renderTable,
} from '../../../cli/wolfctl/text.ts';
import { WolfguardError } from '../../../core/error.ts';
import type { AdminCommand, AdminSession, AdminStatus } from '../../../core/ipc/admin.ts';

test('each command asks for what it says', async () => {
  const asked = async (...args: string[]): Promise<unknown> => (await wolfctl(args)).command;
  assert.deepEqual(await asked('show', 'status'), { command: 'status' });
  assert.deepEqual(await asked('show', 'users'), { command: 'users' });
  assert.deepEqual(await asked('show', 'user', 'alice'), { command: 'user', name: 'alice' });
  assert.deepEqual(await asked('show', 'id', '7'), { command: 'id', session: 7 });
  assert.deepEqual(await asked('show', 'sessions'), { command: 'sessions' });
  for (const command of ['disconnect', 'terminate']) {
    assert.deepEqual(await asked(command, 'user', 'bob'), { command, target: { user: 'bob' } });
    assert.deepEqual(await asked(command, 'id', '7'), { command, target: { id: 7 } });
  }
  assert.deepEqual(await asked('reload'), { command: 'reload' });
  assert.deepEqual(await asked('stop', 'now'), { command: 'stop' });
});

test('who is connected is an aligned table without trailing blanks', async () => {
  const { output } = await wolfctl(['show', 'users']);
  assert.equal(
    output,
    [
      'id  user   group  from          address     since   channel  rx         tx',
      '7   alice  staff  198.51.100.7  10.77.0.42  1m 30s  dtls     999 bytes  1.5 MB',
      '',
    ].join('\n'),
  );
});

test('--json has the names that occtl gives, before and behind the command', async () => {
  for (const args of [
    ['--json', 'show', 'users'],
    ['show', 'users', '--json'],
  ]) {
    const [user] = JSON.parse((await wolfctl(args)).output) as Record<string, unknown>[];
    assert.deepEqual(
      [
        'ID',
        'Username',
        'Groupname',
        'State',
        'Remote IP',
        'IPv4',
        'Device',
        'User-Agent',
        'RX',
        'TX',
        '_TX',
      ].map((name) => user?.[name]),
      [
        7,
        'alice',
        'staff',
        'connected',
        '198.51.100.7',
        '10.77.0.42',
        'wolf0',
        'openconnect',
        '999',
        '1500000',
        '1.5 MB',
      ],
    );
  }
});

test('JSON of the status has numbers for programs beside the words for people', async () => {
  const status = JSON.parse((await wolfctl(['show', 'status', '--json'])).output) as Record<
    string,
    unknown
  >;
  assert.equal(status['Status'], 'online');
  assert.equal(status['uptime'], 90);
  assert.equal(status['_Up since'], '1m 30s');
  assert.equal(status['raw_rx'], 2_000_000);
  assert.equal(status['RX'], '2.0 MB');
  assert.equal(status['Forwarded packets'], 12);
  assert.match((await wolfctl(['show', 'status'])).output, /^Forwarded packets +12$/m);
});

test('sessions show who may still come back, and for how long', async () => {
  const { output } = await wolfctl(['show', 'sessions']);
  assert.match(output, /bob .*disconnected .* in 2m\n$/);
});

test('the server’s own sentence is the error, and the exit code is 1', async () => {
  const { exitCode, errors } = await wolfctl(['show', 'user', 'nobody'], () => {
    throw new WolfguardError('NOT_FOUND', '"nobody" has no session');
  });
  assert.deepEqual([exitCode, errors], [1, 'wolfctl: "nobody" has no session\n']);
});

test('bans and points are listed with the names that occtl gives them', async () => {
  const bans = JSON.parse((await wolfctl(['--json', 'show', 'ip', 'bans'])).output) as unknown[];
  const [ban] = bans as Record<string, unknown>[];
  assert.deepEqual(
    [ban?.['IP'], ban?.['_Since'], ban?.['Score'], typeof ban?.['Since']],
    ['2001:db8::/64', '1m 30s', 80, 'string'],
  );
  assert.match((await wolfctl(['show', 'ip', 'bans'])).output, /\n2001:db8::\/64 +80 +1m 30s\n$/);
  const { output } = await wolfctl(['show', 'ip', 'ban', 'points', '--json']);
  assert.deepEqual(
    (JSON.parse(output) as Record<string, unknown>[]).map(({ IP, Score }) => [IP, Score]),
    [
      ['2001:db8::/64', 80],
      ['203.0.113.7', 11],
    ],
  );
  const text = (await wolfctl(['show', 'ip', 'ban', 'points'])).output;
  assert.match(text, /\n203\.0\.113\.7 +11 +5s ago +no\n$/);
});

test('unban names the address, and the status counts the bans', async () => {
  const { command, output } = await wolfctl(['unban', 'ip', '203.0.113.7']);
  assert.deepEqual(command, { command: 'unban', address: '203.0.113.7' });
  assert.equal(output, '203.0.113.7 may connect again\n');
  const status = JSON.parse((await wolfctl(['show', 'status', '--json'])).output) as object;
  assert.equal((status as Record<string, unknown>)['IPs in ban list'], 2);
});

test('a session number that is none is refused without asking', async () => {
  const { exitCode, errors, command } = await wolfctl(['terminate', 'id', 'alice']);
  assert.equal(exitCode, 1);
  assert.match(errors, /"alice" is not a session number/);
  assert.equal(command, undefined);
});

test('the quick start of this folder is found where no server is installed', () => {
  const installed = '/run/wolfguard/admin.sock';
  assert.equal(
    defaultSocketPath(() => false),
    installed,
  );
  assert.equal(
    defaultSocketPath(() => true),
    installed,
  );
  assert.match(
    defaultSocketPath((file) => file !== installed),
    /\/admin\.sock$/,
  );
  assert.notEqual(
    defaultSocketPath((file) => file !== installed),
    installed,
  );
});

test('what a client calls itself cannot steer the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const text = renderTable(['user'], [[name]]) + renderFields({ Hostname: name });
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
    }),
  );
});

test('bytes and durations are short', () => {
  assert.deepEqual([0, 999, 1000, 999_949, 999_950, 1.5e9, 2e18].map(formatBytes), [
    '0 bytes',
    '999 bytes',
    '1.0 KB',
    '999.9 KB',
    '1.0 MB',
    '1.5 GB',
    '2000.0 PB',
  ]);
  assert.deepEqual([-5, 0, 999, 59_000, 60_000, 3_661_000, 90_061_000].map(formatDuration), [
    '0s',
    '0s',
    '0s',
    '59s',
    '1m',
    '1h 1m',
    '1d 1h',
  ]);
});

const NOW = 1_800_000_000_000;

const ALICE: AdminSession = {
  id: 7,
  user: 'alice',
  group: 'staff',
  groups: ['staff'],
  state: 'connected',
  address4: '10.77.0.42',
  address6: null,
  peer: { address: '198.51.100.7', port: 4711 },
  device: 'wolf0',
  loginAt: NOW - 100_000,
  since: NOW - 90_000,
  expiresAt: null,
  endsAt: null,
  quota: null,
  userAgent: 'openconnect',
  hostname: 'laptop',
  platform: 'linux',
  mobile: false,
  counters: {
    rxBytes: 999,
    rxPackets: 9,
    txBytes: 1_500_000,
    txPackets: 99,
    spoofedPackets: 0,
    droppedPackets: 0,
    deniedPackets: 0,
  },
  connection: {
    worker: 1,
    tunnel: 3,
    tlsVersion: 'TLSv1.3',
    tlsCipher: 'TLS_AES_256_GCM_SHA384',
    live: { channel: 'dtls', dtlsCipher: 'PSK-AES256-GCM-SHA384', mtu: 1434 },
  },
  pushed: {
    dns: [],
    nbns: [],
    splitDns: [],
    routes: [],
    routeCount: 0,
    noRoutes: [],
    iroutes: [],
    noRouteCount: 0,
    dpdMs: 90_000,
    keepaliveMs: 0,
  },
  rules: { enforceRoutes: false, allow: [], deny: [], clientToClient: true },
  local4: '10.77.0.1',
  local6: null,
};

const BOB: AdminSession = {
  ...ALICE,
  id: 8,
  user: 'bob',
  state: 'waiting',
  expiresAt: NOW + 120_000,
  connection: null,
};

const STATUS: AdminStatus = {
  version: '0.1.0',
  startedAt: NOW - 90_000,
  now: NOW,
  pid: 1,
  state: 'ready',
  drainsUntil: null,
  authPid: 2,
  workerPids: [3, null],
  connected: 1,
  sessions: 2,
  bans: 2,
  forwardedPackets: 12,
  statistics: {
    logins: 2,
    failedLogins: 1,
    tunnels: 3,
    timedOut: 0,
    idledOut: 0,
    endedByError: 0,
    averageTunnelMs: 0,
    longestTunnelMs: 0,
    rxBytes: 2_000_000,
    txBytes: 0,
  },
};

const ANSWERS: Readonly<Record<AdminCommand['command'], unknown>> = {
  status: STATUS,
  users: [ALICE],
  user: [ALICE],
  id: [ALICE],
  sessions: [ALICE, BOB],
  disconnect: { sessions: 1 },
  terminate: { sessions: 1 },
  'ip-bans': [{ source: '2001:db8::/64', score: 80, since: NOW - 90_000 }],
  'ip-ban-points': [
    { source: '2001:db8::/64', score: 80, at: NOW - 90_000, banned: true },
    { source: '203.0.113.7', score: 11, at: NOW - 5000, banned: false },
  ],
  unban: { source: '203.0.113.7' },
  'quota-reset': { user: 'alice' },
  reload: { changed: [] },
  drain: { state: 'draining', until: NOW + 1_800_000, sessions: 2 },
  stop: { stopping: true },
};

/** Runs wolfctl against a server that gives the answers above. */
async function wolfctl(
  args: string[],
  onAsk: () => void = () => undefined,
): Promise<{
  exitCode: number;
  output: string;
  errors: string;
  command: AdminCommand | undefined;
}> {
  let output = '';
  let errors = '';
  let command: AdminCommand | undefined;
  const program = buildWolfctl({
    ask: (_path, asked: AdminCommand) => {
      command = asked;
      onAsk();
      return Promise.resolve(ANSWERS[asked.command] as never);
    },
    write: (text) => (output += text),
    defaultSocketPath: () => '/nonexistent',
    now: () => NOW,
    version: '0.1.0',
  });
  const exitCode = await runProgram(program, ['node', 'wolfctl', ...args], {
    name: 'wolfctl',
    usageExitCode: 1,
    complain: (text) => (errors += text),
  });
  return { exitCode, output, errors, command };
}
