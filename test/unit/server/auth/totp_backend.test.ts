import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { codeAt } from '../../../../core/otp/token.ts';
import type { TotpToken } from '../../../../core/otp/token.ts';
import type { Backend, Conversation, Round } from '../../../../server/auth/backend.ts';
import { enrol, newRecoveryCodes, newToken } from '../../../../server/auth/otp_admin.ts';
import { hmac } from '../../../../server/auth/otp_secrets.ts';
import { TotpBackend } from '../../../../server/auth/totp_backend.ts';
import { testBackend, verify } from './backend_suite.ts';
import { PasswdFixture } from './passwd_fixture.ts';

const HOUR_MS = 3_600_000;
// In the middle of a step.
const NOW = 1_800_000_015_000;
const STEP = NOW / 30_000 - 0.5;
const HEX = '3132333435363738393031323334353637383930';

// A recovery code each time that alice is right: codes of the app follow each other too slowly.
testBackend('totp', {
  groups: [],
  open: async (t) => {
    const bench = await Bench.open(t);
    return answering(bench.backend, (password) =>
      password === 's3cret' ? (bench.recoveryCodes.pop() ?? '') : password,
    );
  },
  openUnreachable: async (t) => {
    const bench = await Bench.open(t);
    rmSync(bench.fixture.file);
    return answering(bench.backend, () => bench.code());
  },
});

test('everybody is asked the same, whether enrolled or not', async (t) => {
  const { backend } = await Bench.open(t);
  for (const user of ['alice', 'nobody-of-this-name', '', '__proto__']) {
    const { conversation, ...question } = await challenge(backend, user);
    assert.deepEqual(question, {
      kind: 'challenge',
      message: 'Please enter your one-time password.',
      label: 'One-time password:',
      echo: false,
    });
    assert.equal((await answer(conversation, '000000')).kind, 'refused');
  }
});

test('a code works once, and one before it no more', async (t) => {
  const bench = await Bench.open(t);
  assert.deepEqual(await bench.login('alice', bench.code()), { kind: 'accepted', groups: [] });
  assert.equal((await bench.login('alice', bench.code())).kind, 'refused');
  assert.equal((await bench.login('alice', bench.code(-1))).kind, 'refused');
  assert.equal((await bench.login('alice', bench.code(1))).kind, 'accepted');
});

test('a code of two steps ago or ahead is wrong', async (t) => {
  const bench = await Bench.open(t);
  for (const steps of [-2, 2]) {
    assert.equal((await bench.login('alice', bench.code(steps))).kind, 'refused');
  }
  assert.equal((await bench.login('alice', bench.code(-1))).kind, 'accepted');
});

test("another person's code is wrong", async (t) => {
  const bench = await Bench.open(t);
  await bench.enrol('bob');
  for (const user of ['bob', 'nobody-of-this-name', '']) {
    assert.equal((await bench.login(user, bench.code())).kind, 'refused');
    assert.equal((await bench.login(user, bench.recoveryCodes[0] ?? '')).kind, 'refused');
  }
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('of logins with one code at the same moment, in two processes, exactly one passes', async (t) => {
  const bench = await Bench.open(t);
  const second = bench.another();
  const backends = Array.from({ length: 10 }, (_, i) => (i % 2 ? second : bench.backend));
  for (const typed of [bench.code(), bench.recoveryCodes[0] ?? '']) {
    const conversations = await Promise.all(backends.map((backend) => challenge(backend, 'alice')));
    const rounds = await Promise.all(
      conversations.map(({ conversation }) => answer(conversation, typed)),
    );
    assert.equal(rounds.filter(({ kind }) => kind === 'accepted').length, 1, typed);
    assert.equal(rounds.filter(({ kind }) => kind === 'refused').length, 9, typed);
  }
});

test('a used code stays used over a restart', async (t) => {
  const bench = await Bench.open(t);
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
  await bench.backend.close();
  const { conversation } = await challenge(bench.another(), 'alice');
  assert.equal((await answer(conversation, bench.code())).kind, 'refused');
});

test("counted codes of liboath's file: looked for ahead, once, over a restart, the file as it was", async (t) => {
  const bench = await Bench.open(t);
  const lines = [`HOTP\tbob\t-\t${HEX}`, `HOTP/E/8 carl + ${HEX} 25 396619 2026-11-21T20:29:29L`];
  bench.fixture.write(...lines);
  assert.equal((await bench.login('bob', hotp(21))).kind, 'refused');
  assert.equal((await bench.login('bob', hotp(20))).kind, 'accepted');
  assert.equal((await bench.login('bob', hotp(20))).kind, 'refused');
  assert.equal((await bench.login('bob', hotp(19))).kind, 'refused');
  assert.equal((await bench.login('carl', hotp(25, 8))).kind, 'refused');
  assert.equal((await bench.login('carl', hotp(26, 8))).kind, 'accepted');
  await bench.backend.close();
  const again = bench.another();
  for (const [counter, kind] of [
    [20, 'refused'],
    [41, 'refused'],
    [40, 'accepted'],
  ] as const) {
    const { conversation } = await challenge(again, 'bob');
    assert.equal((await answer(conversation, hotp(counter))).kind, kind, String(counter));
  }
  assert.deepEqual(bench.fixture.lines(), lines);
});

test("a time-based code of liboath's file, as oathtool shows it", async (t) => {
  const bench = await Bench.open(t);
  bench.fixture.write(`HOTP/T60/7 bob - ${HEX} 0 276999 2026-11-21T20:29:29L`);
  const at = ['--time-step-size=60s', '--now', `@${NOW / 1000}`];
  const code = execFileSync('oathtool', ['--totp', '--digits=7', ...at, HEX], { encoding: 'utf8' });
  assert.equal((await bench.login('bob', code)).kind, 'accepted');
});

test('a recovery code works once and leaves the file', async (t) => {
  const bench = await Bench.open(t);
  const [first = '', second = ''] = bench.recoveryCodes;
  const before = bench.hashesLeft();
  assert.equal((await bench.login('alice', first.toUpperCase())).kind, 'accepted');
  assert.equal((await bench.login('alice', first)).kind, 'refused');
  assert.equal(bench.hashesLeft(), before - 1);
  assert.equal((await bench.login('alice', second.replaceAll('-', ' '))).kind, 'accepted');
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
  const told = bench.fixture.logged.filter(({ msg }) => msg === 'a recovery code was used');
  assert.deepEqual(
    told.map(({ left }) => left),
    [9, 8],
  );
});

test('ten wrong codes lock for an hour, and a recovery code goes through', async (t) => {
  const bench = await Bench.open(t);
  await bench.enrol('bob');
  for (let i = 0; i < 12; i++) await bench.login('alice', '000000');
  assert.equal((await bench.login('alice', bench.code())).kind, 'refused');
  assert.equal((await bench.login('bob', bench.code(0, 'bob'))).kind, 'accepted');
  assert.equal((await bench.login('alice', bench.recoveryCodes[0] ?? '')).kind, 'accepted');
  const warnings = bench.fixture.logged.filter(({ level }) => level === 40);
  assert.equal(warnings.length, 1);
  assert.ok(!JSON.stringify(warnings).includes('alice'), 'names are for the level debug');
  bench.now += HOUR_MS - 1;
  assert.equal((await bench.login('alice', bench.code())).kind, 'refused');
  bench.now += 1;
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('guesses at the same moment are all counted', async (t) => {
  const bench = await Bench.open(t);
  await Promise.all(Array.from({ length: 50 }, () => bench.login('alice', '000000')));
  assert.equal((await bench.login('alice', bench.code())).kind, 'refused');
});

test('a new secret ends a lock', async (t) => {
  const bench = await Bench.open(t);
  for (let i = 0; i < 10; i++) await bench.login('alice', '000000');
  await bench.enrol('alice');
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('a conversation takes one answer, and none when it is cancelled', async (t) => {
  const bench = await Bench.open(t);
  const first = (await challenge(bench.backend, 'alice')).conversation;
  assert.equal((await answer(first, '000000')).kind, 'refused');
  assert.equal((await answer(first, bench.code())).kind, 'refused');
  const second = (await challenge(bench.backend, 'alice')).conversation;
  second.cancel();
  second.cancel();
  assert.equal((await answer(second, bench.code())).kind, 'refused');
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('an answer that comes too late uses no code', async (t) => {
  const bench = await Bench.open(t);
  const { conversation } = await challenge(bench.backend, 'alice');
  const round = await conversation.respond(bench.code(), AbortSignal.abort());
  assert.equal(round.kind, 'unavailable');
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('who is enrolled, or no longer, counts at once', async (t) => {
  const bench = await Bench.open(t);
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
  bench.fixture.write('# nobody');
  assert.equal((await bench.login('alice', bench.code(1))).kind, 'refused');
  await bench.enrol('alice');
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('where used codes cannot be kept, nobody is let in and it is an outage', async (t) => {
  const bench = await Bench.open(t);
  writeFileSync(bench.stateDir, 'in the way of the folder');
  const round = await bench.login('alice', bench.code());
  assert.equal(round.kind, 'unavailable');
  assert.match(round.reason, /otp\.db, where used one-time passwords are kept, cannot be used/);
  rmSync(bench.stateDir);
  assert.equal((await bench.login('alice', bench.code())).kind, 'accepted');
});

test('neither codes nor secrets are ever logged', async (t) => {
  const bench = await Bench.open(t);
  const [line = ''] = bench.fixture.lines();
  const [recovery = ''] = bench.recoveryCodes;
  bench.fixture.write(line, 'broken:GEZDGNBVGY3TQOJQ0189');
  const code = bench.code();
  for (const typed of [code, code, recovery, recovery, '123456']) {
    await bench.login('alice', typed);
    await bench.login('nobody-of-this-name', typed);
  }
  const logged = JSON.stringify(bench.fixture.logged);
  assert.match(logged, /one-time password refused/, 'the level is low enough to show it all');
  for (const secret of [code, recovery, line.split(':')[1] ?? '', '123456', 'GEZDGNBVGY3TQOJQ']) {
    assert.ok(!logged.includes(secret));
  }
});

/** A backend, a person called alice, and a clock. */
class Bench {
  readonly fixture: PasswdFixture;
  readonly stateDir: string;
  readonly backend: TotpBackend;
  /** alice's. */
  readonly recoveryCodes = newRecoveryCodes();
  now = NOW;
  readonly #tokens = new Map<string, TotpToken>();
  readonly #t: TestContext;

  static async open(t: TestContext): Promise<Bench> {
    const bench = new Bench(t);
    await bench.enrol('alice');
    return bench;
  }

  private constructor(t: TestContext) {
    this.#t = t;
    this.fixture = new PasswdFixture(t);
    this.fixture.logger.level = 'trace';
    this.stateDir = path.join(this.fixture.folder, 'state');
    this.backend = this.another();
  }

  /** As another auth process would have it. */
  another(): TotpBackend {
    const backend = new TotpBackend(
      { logger: this.fixture.logger, now: () => this.now },
      { file: this.fixture.file, stateDir: this.stateDir },
    );
    this.#t.after(() => backend.close());
    return backend;
  }

  async enrol(name: string): Promise<void> {
    const token = newToken();
    this.#tokens.set(name, token);
    const { recoveryCodes } = name === 'alice' ? this : { recoveryCodes: newRecoveryCodes() };
    await enrol(this.fixture.file, { name, token, recoveryCodes, replace: true });
  }

  /** What the app of a person shows, so many steps from now. */
  code(steps = 0, name = 'alice'): string {
    const token = this.#tokens.get(name);
    assert.ok(token !== undefined);
    return codeAt(hmac, token, STEP + Math.floor((this.now - NOW) / 30_000) + steps);
  }

  async login(user: string, typed: string): Promise<Round> {
    return answer((await challenge(this.backend, user)).conversation, typed);
  }

  hashesLeft = (): number =>
    readFileSync(this.fixture.file, 'utf8').split('::')[1]?.split(',').length ?? 0;
}

async function challenge(backend: Backend, user: string): Promise<Round & { kind: 'challenge' }> {
  const round = await verify(backend, user, '');
  assert.equal(round.kind, 'challenge');
  return round;
}

const answer = (conversation: Conversation, typed: string): Promise<Round> =>
  conversation.respond(typed, new AbortController().signal);

/** Answers the challenge at once, with what `typed` makes of the password. */
const answering = (backend: Backend, typed: (password: string) => string): Backend => ({
  name: backend.name,
  verify: async (credentials, signal) => {
    const round = await backend.verify(credentials, signal);
    if (round.kind !== 'challenge') return round;
    return round.conversation.respond(typed(credentials.password), signal);
  },
  close: () => backend.close(),
});

const hotp = (counter: number, digits = 6): string =>
  execFileSync('oathtool', ['--hotp', `--counter=${counter}`, `--digits=${digits}`, HEX], {
    encoding: 'utf8',
  }).trim();
