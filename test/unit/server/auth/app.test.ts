// The real auth process, spoken to as the primary does.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import type { AuthSettings, AuthToPrimary, PrimaryToAuth } from '../../../../core/ipc/auth.ts';
import type { AuthOutcome, LoginRequest } from '../../../../core/ipc/messages.ts';
import { unpack } from '../../../../core/ipc/outbox.ts';
import { credentials } from './backend_suite.ts';
import { BACKEND_SETTINGS, LOGIN, authSettings } from './settings_fixture.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import { PasswdFixture, cheapHash } from './passwd_fixture.ts';

test('a login through the process: form, wrong password, right password', async (t) => {
  const auth = await AuthProcess.start(new PasswdFixture(t, `alice:staff:${cheapHash('s3cret')}`));
  assert.equal((await auth.begin()).kind, 'form');
  const wrong = await auth.reply(null, 'alice', 'wrong');
  assert.equal(wrong.kind, 'form');
  assert.match(wrong.form.message, /^Login failed/);
  assert.deepEqual(await auth.reply(wrong.dialogue, 'alice', 's3cret'), {
    kind: 'accepted',
    user: 'alice',
    groups: ['staff'],
    attributes: NO_ATTRIBUTES,
  });
});

test('a login whose form came from a killed process works with its successor', async (t) => {
  const passwd = new PasswdFixture(t, `alice:staff:${cheapHash('s3cret')}`);
  const first = await AuthProcess.start(passwd);
  const form = await first.reply(null, 'alice', 'wrong');
  assert.equal(form.kind, 'form');
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await AuthProcess.start(passwd);
  assert.equal((await second.reply(form.dialogue, 'alice', 's3cret')).kind, 'accepted');
});

test('a thousand logins at once all get their answer and none is lost', async (t) => {
  const people = Array.from({ length: 20 }, (_, i) => `user${i}:*:!${cheapHash(`pw${i}`)}`);
  const passwd = new PasswdFixture(t, `alice:*:${cheapHash('s3cret')}`, ...people);
  const auth = await AuthProcess.start(passwd);
  const outcomes = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      i % 2 ? auth.reply(null, 'alice', 's3cret') : auth.reply(null, `user${i % 20}`, 'x'),
    ),
  );
  outcomes.forEach((outcome, i) => assert.equal(outcome.kind, i % 2 ? 'accepted' : 'form'));
});

test('signals to the group leave it alone, and the end of its channel ends it', async (t) => {
  const auth = await AuthProcess.start(new PasswdFixture(t));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) auth.child.kill(signal);
  assert.equal((await auth.begin()).kind, 'form');
  auth.child.disconnect();
  const [code] = (await once(auth.child, 'exit')) as [number | null];
  assert.equal(code, 0);
});

test('new settings count from the next login on', async (t) => {
  const before = new PasswdFixture(t, `alice:*:${cheapHash('before')}`);
  const after = new PasswdFixture(t, `alice:*:${cheapHash('after')}`);
  const auth = await AuthProcess.start(before);
  assert.equal((await auth.reply(null, 'alice', 'before')).kind, 'accepted');
  auth.send({ kind: 'configure', settings: settingsOf(after, 1) });
  assert.equal((await auth.reply(null, 'alice', 'after')).kind, 'accepted');
  assert.equal((await auth.reply(null, 'alice', 'before')).kind, 'failed');
});

test('settings are tried without being taken', async (t) => {
  const before = new PasswdFixture(t, `alice:*:${cheapHash('before')}`);
  const after = new PasswdFixture(t, `alice:*:${cheapHash('after')}`);
  const auth = await AuthProcess.start(before);
  assert.equal(await auth.try(settingsOf(after)), null);
  assert.equal((await auth.reply(null, 'alice', 'before')).kind, 'accepted');
});

const APP = path.resolve(import.meta.dirname, '../../../../server/auth/app.ts');

const settingsOf = ({ file }: PasswdFixture, maxAttempts = 3): AuthSettings =>
  authSettings({
    maxAttempts,
    backends: {
      ...BACKEND_SETTINGS,
      file: { path: file, otpPath: '/dev/null', renewHashes: true },
    },
  });

class AuthProcess {
  readonly child: ChildProcess;
  readonly #answers = new Map<number, (outcome: AuthOutcome) => void>();
  #tried: ((problem: string | null) => void) | undefined;
  #nextId = 1;

  static async start(passwd: PasswdFixture): Promise<AuthProcess> {
    const child = fork(APP, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    const gone = once(child, 'exit');
    passwd.beforeRemoval.push(() => {
      child.kill('SIGKILL');
      return gone;
    });
    const auth = new AuthProcess(child);
    auth.send({ kind: 'start', settings: settingsOf(passwd), measure: false });
    const [ready] = (await once(child, 'message')) as [AuthToPrimary];
    assert.equal(ready.kind, 'ready');
    return auth;
  }

  private constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', (written: AuthToPrimary | readonly AuthToPrimary[]) => {
      for (const message of unpack(written))
        if (message.kind === 'outcome') this.#answers.get(message.id)?.(message.outcome);
        else if (message.kind === 'settings-tried') this.#tried?.(message.problem);
    });
  }

  send = (message: PrimaryToAuth): boolean => this.child.send(message);

  try = (settings: AuthSettings): Promise<string | null> => {
    this.send({ kind: 'try-settings', id: 1, settings });
    return new Promise((resolve) => (this.#tried = resolve));
  };

  begin = (): Promise<AuthOutcome> =>
    this.#login(null, { kind: 'start', group: null, urlGroup: null });

  reply = (dialogue: string | null, username: string, password: string): Promise<AuthOutcome> =>
    this.#login(dialogue, {
      kind: 'reply',
      fields: { username, password },
      group: null,
      urlGroup: null,
    });

  #login(dialogue: string | null, step: LoginRequest['step']): Promise<AuthOutcome> {
    const id = this.#nextId++;
    const { client, peer } = credentials('', '');
    this.send({ kind: 'login', id, request: { ...LOGIN, dialogue, step, client, peer } });
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }
}
