import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateOcctl } from '../../../cli/wolfctl/occtl/arguments.ts';
import { WolfguardError } from '../../../core/error.ts';
import { ALICE, wolfctl } from './wolfctl_bench.ts';
import type { Behaviour, Outcome } from './wolfctl_bench.ts';

test('options stand ahead of the command, and their first letters are enough', () => {
  assert.deepEqual(translateOcctl(['-j', '-n', '-s', '/run/x', 'show', 'users']), [
    ...['--json', '--no-pager', '--socket', '/run/x'],
    ...['show', 'users'],
  ]);
  assert.deepEqual(translateOcctl(['--json', '--socket-file', 'x', '--debug', 'show', 'status']), [
    ...['--json', '--socket', 'x', '--debug'],
    ...['show', 'status'],
  ]);
  assert.deepEqual(translateOcctl(['-v', 'show', 'users']), ['--version']);
  for (const help of [['-h'], ['--help'], ['-x'], ['-s'], ['?']]) {
    assert.deepEqual(translateOcctl(help), ['--help']);
  }
  assert.deepEqual(translateOcctl(['-s', '/run/x']), ['--socket', '/run/x']);
});

test('a command may be one argument, in any case, and what follows is one name', () => {
  for (const args of [['show users'], ['Show', 'USERS'], ['  show   users ']]) {
    assert.deepEqual(translateOcctl(args), ['show', 'users']);
  }
  assert.deepEqual(translateOcctl(['disconnect', 'user', 'Alice', 'Liddell']), [
    ...['disconnect', 'user'],
    'Alice Liddell',
  ]);
  assert.deepEqual(translateOcctl(['show ip ban points']), ['show', 'ip', 'ban', 'points']);
  assert.deepEqual(translateOcctl(['show', 'session', 'Xq3v+a']), ['show', 'session', 'Xq3v+a']);
  assert.deepEqual(translateOcctl(['show', 'sessions', 'valid']), ['show', 'sessions', 'valid']);
  assert.deepEqual(translateOcctl(['stop']), ['stop', 'now']);
});

test('commands that occtl has not are wolfctl’s', () => {
  assert.deepEqual(translateOcctl(['-j', 'quota', 'reset', 'a b']), [
    ...['--json', 'quota', 'reset'],
    'a b',
  ]);
  assert.deepEqual(translateOcctl(['show', 'sessions']), ['show', 'sessions']);
  assert.deepEqual(translateOcctl([]), []);
});

test('users are a table of occtl’s nine columns, and nothing at all when nobody is there', async () => {
  const { output } = await occtl(['show', 'users']);
  const [heads, row] = output.trimEnd().split('\n');
  assert.deepEqual(heads?.trim().split(/\s+/), [
    ...['id', 'user', 'vhost', 'ip', 'vpn-ip', 'device', 'since', 'dtls-cipher', 'status'],
  ]);
  assert.deepEqual(row?.trim().split(/\s+/), [
    ...['7', 'alice', 'default', '198.51.100.7', '10.77.0.42', 'wolf0', '1m:30s'],
    ...['PSK-AES256-GCM-SHA384', 'connected'],
  ]);
  assert.equal((await occtl(['show', 'users'], { answers: { users: [] } })).output, '');
});

test('details are lines of a tab, a name and a value', async () => {
  const { output } = await occtl(['show', 'user', 'alice']);
  assert.match(output, /^\tID: 7\n\tUsername: alice {3}Groupname: staff\n\tState: connected\n/);
  assert.match(output, /\n\tDevice: wolf0 {3}MTU: 1434\n/);
  assert.match(output, /\n\tSession: Xq3v\+a\n/);
  assert.match(output, /\n\tLast connected at: \S+ \S+ \( 1m:30s\)\n/);
  assert.match(output, /\n\n\tRoutes: defaultroute\n\tRestricted to routes: False\n$/);
  const routes = { ...ALICE.pushed, routes: ['10.0.0.0/8', '10.1.0.0/16'], routeCount: 2 };
  const two = await occtl(['show', 'id', '7'], { answers: { id: [{ ...ALICE, pushed: routes }] } });
  assert.match(two.output, /\n\tRoutes: 10\.0\.0\.0\/8\n\t\t10\.1\.0\.0\/16\n/);
});

test('the status stands under occtl’s two titles', async () => {
  const { output } = await occtl(['show', 'status']);
  assert.match(output, /^General info:\n\tStatus: online\n\tServer PID: 1\n\tSec-mod PID: 2\n/);
  assert.match(output, /\n\nCurrent stats period:\n\tLast stats reset: .* \( 1m:30s\)\n/);
  assert.match(output, /\n\tMin MTU: 1300\n\tMax MTU: 1434\n\tRX: 2\.0 MB\n/);
  assert.doesNotMatch(output, /raw_|Sec-mod client entries/);
  assert.match((await occtl(['--debug', 'show', 'status'])).output, /Sec-mod client entries: 2\n/);
});

test('sessions, networks, bans and points have occtl’s columns', async () => {
  const columns = async (...args: string[]): Promise<string[]> =>
    (await occtl(args)).output.split('\n')[0]?.trim().split(/ {2,}/) ?? [];
  assert.deepEqual(await columns('show', 'ip', 'bans'), ['IP', 'score', 'expires']);
  assert.deepEqual(await columns('show', 'ip', 'ban', 'points'), ['IP', 'score']);
  const sessions = (await occtl(['show', 'sessions', 'all'])).output.split('\n');
  assert.match(sessions[0] ?? '', /^session +user +vhost +ip +user agent +created +status$/);
  assert.match(sessions[2] ?? '', /^b0b\/b0 +bob branch\.example .* authenticated$/);
  assert.match((await occtl(['show', 'session', 'b0b'])).output, /^\tSession: b0b\/b0\n/);
  const router = { ...ALICE, pushed: { ...ALICE.pushed, iroutes: ['10.5.0.0/24', '10.6.0.0/24'] } };
  const iroutes = await occtl(['show', 'iroutes'], { answers: { users: [router, ALICE] } });
  assert.equal(iroutes.output.split('\n').length, 4, 'heads, two networks, the end');
});

test('what is done is said in occtl’s words', async () => {
  const said = async (...args: string[]): Promise<string> => (await occtl(args)).output;
  assert.equal(await said('disconnect', 'user', 'alice'), "user 'alice' was disconnected\n");
  assert.equal(await said('disconnect', 'id', '7'), "connection ID '7' was disconnected\n");
  assert.match(await said('terminate', 'user', 'alice'), /^user 'alice' was terminated /);
  assert.equal(await said('terminate', 'session', 'Xq3v+a'), "session 'Xq3v+a' was terminated\n");
  assert.equal(await said('unban', 'ip', '203.0.113.7'), "IP '203.0.113.7' was unbanned\n");
  assert.equal(await said('reload'), 'Server scheduled to reload\n');
  assert.equal(await said('stop now'), 'Server scheduled to stop\n');
});

test('events are occtl’s lines, or a document a line', async () => {
  const { output } = await occtl(['show', 'events']);
  assert.deepEqual(output.trimStart().split('\n').slice(0, 3), [
    'Press CTRL+C to quit',
    '',
    "default: connected user 'alice' (7) from 198.51.100.7 with IP 10.77.0.42",
  ]);
  assert.match(
    output,
    /\ndefault: disconnect user 'alice' .* \(reason: DPD timeout, time: {2}1m:30s\)\n$/,
  );
  const json = (await occtl(['-j', 'show', 'events'])).output.trimEnd().split('\n');
  assert.deepEqual(
    json.map((line) => (JSON.parse(line) as { Event: string }).Event),
    ['listening', 'connected', 'login refused', 'lost', 'disconnected'],
  );
});

test('nobody by that name is occtl’s exit code 2, a refusal 1', async () => {
  const onAsk = (): void => {
    throw new WolfguardError('NOT_FOUND', '"eve" has no session');
  };
  const show = await occtl(['show', 'user', 'eve'], { onAsk });
  assert.deepEqual([show.exitCode, show.errors], [2, '']);
  assert.match(show.output, /not found\n$/);
  const json = await occtl(['-j', 'show', 'user', 'eve'], { onAsk });
  assert.deepEqual([json.exitCode, json.output, json.errors], [2, '[]\n', '']);
  const disconnect = await occtl(['disconnect', 'user', 'eve'], { onAsk });
  assert.deepEqual([disconnect.exitCode, disconnect.errors], [1, 'occtl: "eve" has no session\n']);
});

const occtl = (args: readonly string[], behaviour: Behaviour = {}): Promise<Outcome> =>
  wolfctl(args, { ...behaviour, calledAs: '/usr/local/bin/occtl' });
