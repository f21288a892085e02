import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeJsonList } from '../../../cli/wolfctl/json_list.ts';
import { formatAge } from '../../../cli/wolfctl/records/record.ts';
import { WolfguardError } from '../../../core/error.ts';
import type { AdminSession } from '../../../core/ipc/admin.ts';
import { documentOf } from './schema.ts';
import { ALICE, BOB, NOW, STATUS, wolfctl } from './wolfctl_bench.ts';

const json = async (...args: string[]): Promise<string> =>
  (await wolfctl([...args, '--json'])).output;

test('each command prints one document, as its schema says', async () => {
  for (const [schema, ...args] of [
    ['status', 'show', 'status'],
    ['status', 'show', 'status', '--debug'],
    ['users', 'show', 'users'],
    ['users', 'show', 'user', 'alice'],
    ['users', 'show', 'id', '7'],
    ['sessions', 'show', 'sessions'],
    ['sessions', 'show', 'sessions', 'all'],
    ['sessions', 'show', 'sessions', 'valid'],
    ['sessions', 'show', 'cookies', 'all'],
    ['sessions', 'show', 'session', 'b0b'],
    ['iroutes', 'show', 'iroutes'],
    ['bans', 'show', 'ip', 'bans'],
    ['points', 'show', 'ip', 'ban', 'points'],
    ['ended', 'disconnect', 'user', 'alice'],
    ['ended', 'disconnect', 'id', '7'],
    ['ended', 'terminate', 'session', 'Xq3v+a'],
    ['unban', 'unban', 'ip', '203.0.113.7'],
    ['quota', 'quota', 'reset', 'alice'],
    ['drain', 'drain'],
    ['stop', 'stop', 'now'],
  ] as const) {
    documentOf(schema, await json(...args));
  }
});

test('sessions with everything and with nothing are as the schema says, too', async () => {
  const { connection } = ALICE;
  const full: AdminSession = {
    ...ALICE,
    address6: 'fd00:77::42',
    local6: 'fd00:77::1',
    vhost: 'branch.example',
    endsAt: NOW + 1000,
    quota: { bytes: 10, per: 'day', used: 3, until: NOW + 5000 },
    limits: { rxBitsPerSecond: 8_000_000, txBitsPerSecond: 9 },
    connection: connection && {
      ...connection,
      live: { channel: 'tls', dtlsCipher: '', mtu: 1400, compression: { tls: 'lzs', dtls: null } },
    },
    rules: { enforceRoutes: true, allow: ['tcp:22'], deny: ['udp'], clientToClient: false },
    pushed: {
      ...ALICE.pushed,
      ...{ routes: ['10.0.0.0/8'], routeCount: 3, iroutes: ['10.5.0.0/24'], dns: ['10.77.0.1'] },
    },
  };
  const empty: AdminSession = {
    ...BOB,
    ...{ group: '', userAgent: '', hostname: '', address4: null, local4: null, outsideAddress: '' },
  };
  const answers = { users: [full, empty], sessions: [full, empty] };
  const run = async (...args: string[]): Promise<Record<string, unknown>[]> => {
    const { output } = await wolfctl(['-j', ...args], { answers });
    const schema = args[1] === 'sessions' ? 'sessions' : (args[1] ?? '');
    return documentOf(schema, output) as Record<string, unknown>[];
  };
  const [told, silent] = await run('show', 'users');
  assert.deepEqual(
    ['vhost', 'Limit RX', 'CSTP compression', 'Restricted to routes', 'Routes'].map(
      (name) => told?.[name],
    ),
    ['branch.example', '1.0 MB/sec', 'lzs', 'True', ['10.0.0.0/8', 'and 2 more']],
  );
  assert.deepEqual(told?.['Restricted to ports'], ['tcp:22', '!(udp)']);
  assert.deepEqual([silent?.['Groupname'], silent?.['Routes']], ['(none)', 'defaultroute']);
  for (const name of ['IPv4', 'Hostname', 'MTU', 'DTLS cipher', 'Location']) {
    assert.ok(silent !== undefined && !(name in silent), name);
  }
  await run('show', 'sessions', 'all');
  await run('show', 'iroutes');
});

test('an exporter made for occtl finds its fields, in its types', async () => {
  // The fields that criteo/ocserv-exporter decodes: integers, strings, and integers in strings.
  const status = JSON.parse(await json('-n', 'show', 'status')) as Record<string, unknown>;
  for (const name of [
    ...['Server PID', 'Sec-mod PID', 'raw_up_since', 'uptime', 'Active sessions'],
    ...['Total sessions', 'Total authentication failures', 'IPs in ban list'],
    ...['raw_last_stats_reset', 'Sessions handled', 'Timed out sessions'],
    ...['Timed out (idle) sessions', 'Closed due to error sessions', 'Authentication failures'],
    ...['raw_avg_auth_time', 'raw_max_auth_time', 'raw_avg_session_time', 'raw_max_session_time'],
    ...['raw_rx', 'raw_tx', 'Min MTU', 'Max MTU'],
  ]) {
    assert.ok(Number.isSafeInteger(status[name]), name);
  }
  assert.equal(status['Status'], 'online');
  assert.equal(status['raw_max_auth_time'], 61);
  const [user] = JSON.parse(await json('-n', 'show', 'users')) as Record<string, unknown>[];
  assert.ok(Number.isSafeInteger(user?.['ID']) && Number.isSafeInteger(user?.['raw_connected_at']));
  for (const name of ['RX', 'TX']) assert.match(String(user?.[name]), /^\d+$/);
  for (const name of [
    ...['Username', 'vhost', 'Device', 'MTU', 'Remote IP', 'IPv4', 'RX', 'TX'],
    ...['Average RX', 'Average TX'],
  ]) {
    assert.equal(typeof user?.[name], 'string', name);
  }
});

test('nothing is an empty list, and the exit code says whether it should have been', async () => {
  const nobody = { answers: { users: [], sessions: [], 'ip-bans': [] } };
  for (const args of [['users'], ['sessions', 'all'], ['iroutes'], ['ip', 'bans']]) {
    const { output, exitCode } = await wolfctl(['show', ...args, '-j'], nobody);
    assert.deepEqual([output, exitCode], ['[]\n', 0]);
  }
  const onAsk = (): void => {
    throw new WolfguardError('NOT_FOUND', '"eve" has no session');
  };
  const { output, exitCode, errors } = await wolfctl(['show', 'user', 'eve', '-j'], { onAsk });
  assert.deepEqual([output, exitCode, errors], ['[]\n', 2, 'wolfctl: "eve" has no session\n']);
});

test('what is not done is a document, too', async () => {
  const onAsk = (): void => {
    throw new WolfguardError('NOT_RUNNING', 'no server is running');
  };
  const { output, exitCode, errors } = await wolfctl(['show', 'status', '-j'], { onAsk });
  assert.deepEqual(documentOf('error', output), {
    Error: 'NOT_RUNNING',
    Message: 'no server is running',
  });
  assert.deepEqual([exitCode, errors], [1, 'wolfctl: no server is running\n']);
  assert.equal((await wolfctl(['show', 'status'], { onAsk })).output, '');
});

test('events are a document a line; refused logins are asked for by --debug', async () => {
  const plain = await wolfctl(['show', 'events', '-j']);
  const lines = plain.output.split('\n').slice(0, -1);
  const events = lines.map((line) => documentOf('event', line) as Record<string, unknown>);
  assert.deepEqual(
    events.map((event) => event['Event']),
    ['listening', 'connected', 'login refused', 'lost', 'disconnected'],
  );
  assert.deepEqual([events[4]?.['Reason'], events[4]?.['raw_duration']], ['DPD timeout', 90]);
  assert.deepEqual(plain.command, { command: 'events' });
  const { command, output } = await wolfctl(['show', 'events', '--debug']);
  assert.deepEqual(command, { command: 'events', logins: true });
  assert.match(output, /alice \(id 7, 10\.77\.0\.42\) connected from 198\.51\.100\.7\n/);
  assert.match(output, /\n3 events were lost/);
});

test('the socket may be named in each of occtl’s ways', async () => {
  for (const option of ['-s', '--socket', '--socket-file']) {
    const { socket } = await wolfctl([option, '/run/other', 'show', 'users']);
    assert.equal(socket, '/run/other');
  }
});

test('no status is invented: what was not measured is not there', async () => {
  const statistics = { ...STATUS.statistics, mtu: null };
  const { output } = await wolfctl(['show', 'status', '-j'], {
    answers: { status: { ...STATUS, statistics } },
  });
  const status = documentOf('status', output) as object;
  assert.ok(!('Min MTU' in status) && !('Median latency' in status));
});

test('a list in pieces is what it would be in one', () => {
  for (const count of [0, 1, 63, 64, 65, 200]) {
    const items = Array.from({ length: count }, (_, id) => ({ id, list: [], text: '"\n' }));
    let output = '';
    writeJsonList(
      items,
      (item) => item,
      (text) => (output += text),
    );
    assert.equal(output, `${JSON.stringify(items, undefined, 2)}\n`);
  }
});

test('ages are seven wide, as occtl’s', () => {
  assert.deepEqual([-1000, 0, 59_999, 60_000, 61_000, 10_080_000, 172_800_000].map(formatAge), [
    '   ?   ',
    '    0s',
    '   59s',
    '   60s',
    ' 1m:01s',
    ' 2h:48m',
    ' 2days',
  ]);
});
