import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminCommand, AdminResults } from '../../../core/ipc/admin.ts';
import { parseAdminRequest, encodeAdminRequest } from '../../../core/ipc/admin_request.ts';
import { NOW, wolfctl } from './wolfctl_bench.ts';
import type { Outcome } from './wolfctl_bench.ts';

test('a drain is asked for with a limit, without one, and called off', async () => {
  const asked = async (...args: string[]): Promise<unknown> => (await run(args)).command;
  assert.deepEqual(await asked('drain'), { command: 'drain' });
  assert.deepEqual(await asked('drain', '--limit', '1h30m'), {
    command: 'drain',
    limit: 5_400_000,
  });
  assert.deepEqual(await asked('drain', '--off'), { command: 'drain', off: true });
});

test('a limit that is none is refused without asking', async () => {
  for (const limit of ['30', '0s', 'soon']) {
    const { exitCode, errors, command } = await run(['drain', '--limit', limit]);
    assert.deepEqual([exitCode, command], [1, undefined]);
    assert.match(errors, new RegExp(`"${limit}" is not a duration`));
  }
});

test('what happens next is said in a sentence', async () => {
  const say = async (result: AdminResults['drain']): Promise<string> =>
    (await run(['drain'], result)).output;
  assert.equal(
    await say({ state: 'draining', until: NOW + 1_800_000, sessions: 2 }),
    'new logins are refused; the server stops when 2 sessions have ended, in 30m at the latest\n',
  );
  assert.equal(
    await say({ state: 'draining', until: null, sessions: 1 }),
    'new logins are refused; the server stops when 1 session has ended\n',
  );
  assert.equal(
    await say({ state: 'draining', until: null, sessions: 0 }),
    'new logins are refused; there are no sessions, so the server stops\n',
  );
  assert.equal(
    await say({ state: 'ready', until: null, sessions: 3 }),
    'new logins are taken again\n',
  );
});

test('what the admin socket hears of a drain is checked', () => {
  const parse = (command: object): unknown =>
    parseAdminRequest(encodeAdminRequest(1, command as AdminCommand));
  for (const request of [
    { command: 'drain' },
    { command: 'drain', limit: 1000 },
    { command: 'drain', off: true },
  ])
    assert.deepEqual(parse(request), { kind: 'request', id: 1, request });
  for (const bad of [{ limit: 0 }, { limit: '30m' }, { off: false }])
    assert.equal((parse({ command: 'drain', ...bad }) as { kind: string }).kind, 'bad');
});

const run = (
  args: readonly string[],
  result: AdminResults['drain'] = { state: 'draining', until: null, sessions: 1 },
): Promise<Outcome> => wolfctl(args, { answers: { drain: result } });
