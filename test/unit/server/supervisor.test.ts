import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { WolfguardError } from '../../../core/error.ts';
import type {
  AccountingRecord,
  AuthSettings,
  AuthToPrimary,
  PrimaryToAuth,
} from '../../../core/ipc/auth.ts';
import type { LoginRequest } from '../../../core/ipc/messages.ts';
import { AuthLink } from '../../../server/auth_link.ts';
import { Backoff } from '../../../server/backoff.ts';
import { Supervisor } from '../../../server/supervisor.ts';
import { LOGIN, authSettings } from './auth/settings_fixture.ts';

test('a child that dies is replaced within a second, and again', async (t) => {
  const { supervisor, events } = supervise(t, 'good');
  await supervisor.start();
  for (let death = 1; death <= 2; death++) {
    const before = supervisor.pid;
    const killedAt = performance.now();
    supervisor.kill();
    await until(() => supervisor.pid !== before && countOf(events, 'ready') === death + 1);
    assert.ok(performance.now() - killedAt < 1000);
  }
  assert.deepEqual(events.slice(0, 4), ['spawned', 'ready', 'gone', 'spawned']);
});

test('what is sent to a dead child does not reach its successor', async (t) => {
  const { supervisor, events, sends } = supervise(t, 'good');
  await supervisor.start();
  supervisor.kill();
  await until(() => countOf(events, 'ready') === 2);
  sends[0]?.({ kind: 'for the dead' });
  sends[1]?.({ kind: 'for the living' });
  await until(() => events.includes('echo'));
  assert.equal(countOf(events, 'echo'), 1);
});

test('a first start that fails is an error in the child’s own words', async (t) => {
  const { supervisor } = supervise(t, 'fatal');
  await assert.rejects(supervisor.start(), (error) => {
    assert.ok(error instanceof WolfguardError);
    assert.equal(error.message, 'The test child cannot start: the certificate is unreadable.');
    return true;
  });
});

test('a first start that ends silently names the exit code', async (t) => {
  const { supervisor } = supervise(t, 'dies');
  await assert.rejects(supervisor.start(), /exit code 7/);
});

test('a child that never says "ready" is killed', async (t) => {
  const { supervisor } = supervise(t, 'mute', { readyTimeoutMs: 300 });
  await assert.rejects(supervisor.start(), /not ready within 0.3 s/);
});

test('a child that hangs is replaced, and one that only says that it is alive is not', async (t) => {
  const reasons: string[] = [];
  const silenceLimitMs = 3_000;
  const hanging = supervise(t, 'hangs', { silenceLimitMs, reasons });
  const living = supervise(t, 'alive', { silenceLimitMs, reasons });
  await Promise.all([hanging.supervisor.start(), living.supervisor.start()]);
  const { pid } = living.supervisor;
  await until(() => countOf(hanging.events, 'ready') === 2);
  assert.deepEqual(reasons, ['it hung: not a word for 3 s']);
  assert.equal(living.supervisor.pid, pid);
  assert.deepEqual(living.events, ['spawned', 'ready']);
});

test('a child whose successor says nothing either is absent, until one speaks', async (t) => {
  const lives = ['good', 'mute', 'alive'];
  const { supervisor, events } = supervise(t, () => lives.shift() ?? 'alive', {
    silenceLimitMs: 200,
  });
  await supervisor.start();
  assert.equal(supervisor.isAbsent, false);
  supervisor.kill();
  await until(() => supervisor.isAbsent);
  supervisor.kill();
  await until(() => countOf(events, 'ready') === 2);
  assert.equal(supervisor.isAbsent, false);
});

test('stop ends a child by its last message and starts no other', async (t) => {
  const { supervisor, events } = supervise(t, 'good');
  await supervisor.start();
  await supervisor.stop({ kind: 'shutdown' }, 5000);
  assert.equal(supervisor.pid, undefined);
  assert.deepEqual(events, ['spawned', 'ready', 'gone']);
});

test('a child that does not stop in time is killed', async (t) => {
  const { supervisor } = supervise(t, 'stubborn');
  await supervisor.start();
  const askedAt = performance.now();
  await supervisor.stop({ kind: 'shutdown' }, 200);
  assert.ok(performance.now() - askedAt < 2000);
});

test('only children that keep dying young are kept waiting, at most five seconds', () => {
  const backoff = new Backoff();
  const young = Array.from({ length: 9 }, () => backoff.delayAfterDeath(0, true, 1000));
  assert.deepEqual(young, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(backoff.delayAfterDeath(0, true, 60_000), 0);
  assert.equal(backoff.delayAfterDeath(0, true, 1000), 0, 'a steady life wipes the slate');
  const mute = new Backoff();
  mute.delayAfterDeath(0, false, 60_000);
  assert.equal(mute.delayAfterDeath(0, false, 60_000), 100, 'never ready is never steady');
});

test('a login is answered by the auth process', async (t) => {
  const { link } = await startAuth(t);
  assert.equal((await link.login(dialogue('any'))).kind, 'accepted');
});

test('a login in flight goes to the successor of a killed auth process', async (t) => {
  const { link, supervisor } = await startAuth(t);
  const waiting = link.login(dialogue('slow'));
  supervisor.kill();
  assert.equal((await link.login(dialogue('sent to the dying'))).kind, 'accepted');
  assert.equal(link.inFlight, 1, 'the slow one was sent again and waits for its time-out');
  link.close();
  assert.equal((await waiting).kind, 'unavailable');
});

test('a login that kills the auth process twice is given up, and the next one works', async (t) => {
  const { link } = await startAuth(t);
  const outcome = await link.login(dialogue('poison'));
  assert.equal(outcome.kind, 'unavailable');
  assert.equal((await link.login(dialogue('any'))).kind, 'accepted');
});

test('a login without an answer ends when its time is up', async (t) => {
  const { link } = await startAuth(t, 150);
  const outcome = await link.login(dialogue('slow'));
  assert.ok(outcome.kind === 'unavailable' && /took too long/.test(outcome.reason));
  assert.equal(link.inFlight, 0);
});

test('more logins at once than allowed are refused without being sent', async () => {
  const link = new AuthLink(SETTINGS, { timeoutMs: 1000, maxInFlight: 2 });
  const waiting = [link.login(dialogue('a')), link.login(dialogue('b'))];
  assert.equal((await link.login(dialogue('c'))).kind, 'unavailable');
  link.close();
  await Promise.all(waiting);
});

test('settings that change while an auth process starts reach it', () => {
  const link = new AuthLink(SETTINGS, { timeoutMs: 1000, maxInFlight: 2 });
  const sent: PrimaryToAuth[] = [];
  const attached = link.attach((message) => sent.push(message));
  attached.handleSpawned();
  link.configure({ ...SETTINGS, stateDir: '/other' });
  attached.handleReady();
  assert.deepEqual(
    sent.map((message) => [message.kind, 'settings' in message && message.settings.stateDir]),
    [
      ['start', SETTINGS.stateDir],
      ['configure', '/other'],
    ],
  );
});

test('an accounting record goes to each successor until one has it in a safe place', () => {
  const link = new AuthLink(SETTINGS, { timeoutMs: 1000, maxInFlight: 2 });
  const told = (): { attached: ReturnType<AuthLink['attach']>; ids: number[] } => {
    const ids: number[] = [];
    const attached = link.attach((message) => {
      if (message.kind === 'accounting') ids.push(message.id);
    });
    return { attached, ids };
  };
  link.account(RECORD);
  const first = told();
  first.attached.handleReady();
  link.account(RECORD);
  link.account(RECORD);
  assert.deepEqual(first.ids, [1, 2, 3]);
  first.attached.handleMessage({ kind: 'accounting-kept', ids: [1, 2] });
  first.attached.handleGone();
  const second = told();
  second.attached.handleReady();
  assert.deepEqual(second.ids, [3]);
});

const RECORD: AccountingRecord = {
  event: 'start',
  at: 0,
  id: 'a',
  vhost: '',
  user: 'alice',
  group: '',
  peer: { address: '192.0.2.1', port: 1 },
  userAgent: '',
  inside4: null,
  inside6: null,
  durationMs: 0,
  traffic: { rxBytes: 0, rxPackets: 0, txBytes: 0, txPackets: 0 },
  cause: null,
  attributes: { backend: 'radius', interimMs: null, classes: [] },
};

const SETTINGS: AuthSettings = { ...authSettings(), logLevel: 'silent' };

const dialogue = (name: string): LoginRequest => ({ ...LOGIN, dialogue: name });

async function startAuth(
  t: TestContext,
  timeoutMs = 5000,
): Promise<{ link: AuthLink; supervisor: Supervisor<PrimaryToAuth, AuthToPrimary> }> {
  const link = new AuthLink(SETTINGS, { timeoutMs, maxInFlight: 10 });
  const supervisor = new Supervisor<PrimaryToAuth, AuthToPrimary>(
    {
      fork: () => forkFixture('good'),
      link: (send) => link.attach(send),
      logger: pino({ level: 'silent' }),
      now: Date.now,
    },
    { name: 'auth process', readyTimeoutMs: 5000, silenceLimitMs: 60_000 },
  );
  t.after(() => supervisor.stop({ kind: 'start', settings: SETTINGS, measure: false }, 0));
  await supervisor.start();
  return { link, supervisor };
}

function supervise(
  t: TestContext,
  behaviour: string | (() => string),
  { readyTimeoutMs = 5000, silenceLimitMs = 60_000, reasons = [] as string[] } = {},
): {
  supervisor: Supervisor<{ kind: string }, { kind: string }>;
  events: string[];
  sends: ((message: { kind: string }) => void)[];
} {
  const events: string[] = [];
  const sends: ((message: { kind: string }) => void)[] = [];
  const supervisor = new Supervisor<{ kind: string }, { kind: string }>(
    {
      fork: () => forkFixture(typeof behaviour === 'string' ? behaviour : behaviour()),
      link: (send) => {
        sends.push(send);
        return {
          handleSpawned: () => {
            events.push('spawned');
            send({ kind: 'start' });
          },
          handleReady: () => events.push('ready'),
          handleMessage: ({ kind }) => events.push(kind),
          handleGone: () => events.push('gone'),
        };
      },
      logger: pino(
        {},
        {
          write: (line) => {
            const { reason } = JSON.parse(line) as { reason?: string };
            if (reason !== undefined) reasons.push(reason);
          },
        },
      ),
      now: Date.now,
    },
    { name: 'test child', readyTimeoutMs, silenceLimitMs },
  );
  t.after(() => supervisor.stop({ kind: 'shutdown' }, 0));
  return { supervisor, events, sends };
}

const forkFixture = (behaviour: string): ChildProcess =>
  fork(path.join(import.meta.dirname, 'fixtures', 'child.ts'), [behaviour], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });

const countOf = (events: string[], kind: string): number =>
  events.filter((event) => event === kind).length;

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) assert.fail('it did not happen within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
