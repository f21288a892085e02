import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultSocketPath } from '../../../cli/wolfctl/socket_path.ts';
import { renderFields, renderTable } from '../../../cli/terminal/table.ts';
import { formatBytes, formatDuration } from '../../../cli/wolfctl/text.ts';
import { WolfguardError } from '../../../core/error.ts';
import { wolfctl } from './wolfctl_bench.ts';

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
  assert.equal(status['_Up since'], ' 1m:30s');
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
  const { exitCode, errors } = await wolfctl(['disconnect', 'user', 'nobody'], {
    onAsk: () => {
      throw new WolfguardError('NOT_FOUND', '"nobody" has no session');
    },
  });
  assert.deepEqual([exitCode, errors], [1, 'wolfctl: "nobody" has no session\n']);
});

test('bans and points are listed with the names that occtl gives them', async () => {
  const bans = JSON.parse((await wolfctl(['--json', 'show', 'ip', 'bans'])).output) as unknown[];
  const [ban] = bans as Record<string, unknown>[];
  assert.deepEqual(
    [ban?.['IP'], ban?.['_Since'], ban?.['Score'], typeof ban?.['Since']],
    ['2001:db8::/64', ' 3m:30s', 80, 'string'],
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
