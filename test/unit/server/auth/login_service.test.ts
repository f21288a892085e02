import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { LoginRequest } from '../../../../core/ipc/messages.ts';
import type { Backend, Round } from '../../../../server/auth/backend.ts';
import { DialogueTable } from '../../../../server/auth/dialogue_table.ts';
import { LoginService } from '../../../../server/auth/login_service.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import { LOGIN } from './settings_fixture.ts';

const BOTH = { username: 'alice', password: 's3cret' };

test('a peer that only knocks leaves nothing behind', async () => {
  const { service, dialogues } = open(() => ({ kind: 'refused' }));
  for (let i = 0; i < 100; i++) {
    const outcome = await service.handle(start());
    assert.equal(outcome.kind, 'form');
    assert.equal(outcome.dialogue, null);
  }
  assert.equal(dialogues.size, 0);
});

test('a wrong password keeps one dialogue under one id until it fails', async () => {
  const { service, dialogues } = open(() => ({ kind: 'refused' }));
  const first = await service.handle(reply(null, BOTH));
  assert.equal(first.kind, 'form');
  const second = await service.handle(reply(first.dialogue, BOTH));
  assert.equal(second.kind, 'form');
  assert.equal(second.dialogue, first.dialogue);
  assert.equal((await service.handle(reply(first.dialogue, BOTH))).kind, 'failed');
  assert.equal(dialogues.size, 0);
});

test('an id from an earlier process is a new dialogue, and the login works', async () => {
  const { service } = open(() => ({ kind: 'accepted', groups: ['staff'] }));
  assert.deepEqual(await service.handle(reply('x'.repeat(43), BOTH)), {
    kind: 'accepted',
    user: 'alice',
    groups: ['staff'],
    attributes: NO_ATTRIBUTES,
  });
});

test('a backend that throws is unavailable, and its outage is logged once until it is over', async () => {
  let down = true;
  const { service, logged } = open(() => {
    if (down) throw new Error('no route to directory');
    return { kind: 'refused' };
  });
  for (let i = 0; i < 3; i++) {
    const outcome = await service.handle(reply(null, BOTH));
    assert.deepEqual(outcome, { kind: 'unavailable', reason: 'no route to directory' });
  }
  assert.deepEqual(messages(logged), ['backend cannot be asked']);
  down = false;
  await service.handle(reply(null, BOTH));
  assert.deepEqual(messages(logged), ['backend cannot be asked', 'backend answers again']);
  assert.ok(!logged.join('').includes('s3cret'));
});

test('a backend that never answers is given up when the dialogue ends, also by an early timer', async () => {
  const waiting = Promise.withResolvers<Round>();
  let aborted = false;
  const { service } = open(
    (signal) => {
      signal.addEventListener('abort', () => (aborted = true));
      return waiting.promise;
    },
    // A clock that stands still: to it every timer is early.
    { timeoutMs: 30, now: () => 1_000_000 },
  );
  assert.equal((await service.handle(reply(null, BOTH))).kind, 'failed');
  assert.ok(aborted);
});

test('a step without a backend is unavailable', async () => {
  const { service } = open(() => ({ kind: 'refused' }), { chains: [['nothing']] });
  assert.equal((await service.handle(reply(null, BOTH))).kind, 'unavailable');
});

test('a conversation of several rounds reaches its backend and is closed in the end', async () => {
  let cancelled = 0;
  const answers: string[] = [];
  const conversation = {
    respond: (answer: string): Promise<Round> => {
      answers.push(answer);
      return Promise.resolve(answers.length < 2 ? ask() : { kind: 'accepted', groups: [] });
    },
    cancel: () => void (cancelled += 1),
  };
  const ask = (): Round => ({
    kind: 'challenge',
    message: 'Code',
    label: 'Code:',
    echo: false,
    conversation,
  });
  const { service } = open(ask);
  const first = await service.handle(reply(null, BOTH));
  assert.equal(first.kind, 'form');
  const second = await service.handle(reply(first.dialogue, { secondary_password: '1' }));
  assert.equal(second.kind, 'form');
  assert.equal(cancelled, 0);
  const last = await service.handle(reply(first.dialogue, { secondary_password: '2' }));
  assert.equal(last.kind, 'accepted');
  assert.deepEqual(answers, ['1', '2']);
  assert.equal(cancelled, 1);
});

test('a new beginning cancels an open challenge', async () => {
  let cancelled = false;
  const { service } = open(() => ({
    kind: 'challenge',
    message: 'Code',
    label: 'Code:',
    echo: false,
    conversation: {
      respond: () => Promise.reject(new Error('not asked')),
      cancel: () => (cancelled = true),
    },
  }));
  const first = await service.handle(reply(null, BOTH));
  assert.equal(first.kind, 'form');
  await service.handle({ ...start(), dialogue: first.dialogue });
  assert.ok(cancelled);
});

test('a dialogue pushed out while its backend works lets nobody in', async () => {
  const gate = Promise.withResolvers<Round>();
  const { service, dialogues } = open(() => gate.promise, { capacity: 1 });
  const login = service.handle(reply(null, BOTH));
  await sleep(1);
  const other = service.handle(reply(null, { username: 'bob' }));
  gate.resolve({ kind: 'accepted', groups: [] });
  assert.equal((await login).kind, 'unavailable');
  assert.equal((await other).kind, 'form');
  assert.equal(dialogues.size, 1);
});

function open(
  verify: (signal: AbortSignal) => Round | Promise<Round>,
  { timeoutMs = 60_000, chains = [['file']], capacity = 10, now = Date.now } = {},
) {
  const logged: string[] = [];
  const logger = pino({}, { write: (line) => logged.push(line) });
  const dialogues = new DialogueTable({ capacity, lingerMs: 1000 });
  const fake: Backend = {
    name: 'fake',
    verify: async (_credentials, signal) => verify(signal),
    close: () => Promise.resolve(),
  };
  const service = new LoginService(
    { logger, dialogues, now },
    new Map([
      [
        '',
        {
          rules: { chains, maxAttempts: 3, timeoutMs, selectGroup: [] },
          backends: new Map([['file', fake]]),
        },
      ],
    ]),
  );
  return { service, dialogues, logged };
}

const messages = (logged: string[]): unknown[] =>
  logged.map((line) => (JSON.parse(line) as { msg: unknown }).msg);

const start = (): LoginRequest => LOGIN;

const reply = (dialogue: string | null, fields: Record<string, string>): LoginRequest => ({
  ...LOGIN,
  dialogue,
  step: { kind: 'reply', fields, group: null, urlGroup: null },
});
