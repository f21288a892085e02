// The step "pam" with the real libpam, in an /etc of its own.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { PamBackend } from '../../../../server/auth/pam_backend.ts';
import type { PamBackendOptions, PamLimits } from '../../../../server/auth/pam_backend.ts';
import type { Round } from '../../../../server/auth/backend.ts';
import { PrivateEtc, whyNoPam } from '../../../pam/private_etc.ts';
import { testBackend, verify } from './backend_suite.ts';

const options = { skip: whyNoPam() };
const PERMIT = ['auth required pam_permit.so', 'account required pam_permit.so'];
const UNIX = ['account required pam_unix.so', 'password required pam_unix.so'];
// RFC 4226, appendix D, in hex: its codes are in the standard.
const OATH_SECRET = '3132333435363738393031323334353637383930';

let etc: PrivateEtc;
let module = '';

before(() => {
  if (options.skip !== false) return;
  etc = new PrivateEtc();
  module = etc.buildModule();
  etc.addGroup('staff', 64_201);
  etc.addGroup('alice', 64_202, ['alice']);
  etc.addGroup('it', 64_203, ['alice']);
  const password = 's3cret';
  etc.addUser({ name: 'alice', password, gid: 64_201 });
  etc.addUser({ name: 'locked', password, gid: 64_201, lock: '!' });
  etc.addUser({ name: 'expired', password, aging: '20000:0:99999:7::1:' });
  for (const name of ['must', 'must2']) {
    etc.addUser({ name, password, aging: '0:0:99999:7:::' });
  }
  etc.service('unix', 'auth required pam_unix.so nodelay', ...UNIX);
  etc.service('unix-slow', 'auth required pam_unix.so', ...UNIX);
  etc.write('users.oath', `HOTP alice - ${OATH_SECRET}\n`);
  etc.service(
    'otp',
    'auth required pam_unix.so nodelay',
    'auth required pam_oath.so usersfile=/etc/users.oath window=5 digits=6',
    'account required pam_unix.so',
  );
});

after(() => {
  if (options.skip === false) etc.close();
});

if (options.skip === false) {
  testBackend('pam', {
    open: () => Promise.resolve(open('unix').backend),
    openUnreachable: () => Promise.resolve(open('no-file').backend),
  });
}

test(
  "the name and the groups of the system come with it, not the user's own group",
  options,
  async () => {
    service('rename', `auth required ${module} user=alice`, 'account required pam_permit.so');
    const round = await verify(open('rename').backend, 'Alice@EXAMPLE', 'x');
    assert.ok(round.kind === 'accepted');
    assert.equal(round.user, 'alice');
    assert.deepEqual(round.groups, ['staff', 'it']);
    assert.equal(round.attributes?.accounting, null);
  },
);

test(
  'gid_min leaves out the groups below it, and accounting asks for records',
  options,
  async () => {
    const { backend } = open('unix', { gidMin: 64_203, accounting: true });
    const round = await verify(backend, 'alice', 's3cret');
    assert.ok(round.kind === 'accepted');
    assert.deepEqual(round.groups, ['it']);
    assert.deepEqual(round.attributes?.accounting, {
      backend: 'pam',
      interimMs: null,
      classes: [],
    });
  },
);

test('an expired account is refused, with its reason in the log and no name', options, async () => {
  const { backend, logged } = open('unix');
  assert.deepEqual(await verify(backend, 'expired', 's3cret'), { kind: 'refused' });
  const [info] = logged.filter(({ level }) => level === 30);
  assert.equal(info?.['stage'], 'account');
  assert.equal(info['reason'], 'User account has expired');
  const above = logged.filter(({ level }) => Number(level) > 20);
  assert.ok(!JSON.stringify(above).includes('"expired"'));
  assert.ok(!JSON.stringify(logged).includes('s3cret'));
  assert.deepEqual(await verify(backend, 'expired', 'wrong'), { kind: 'refused' });
  assert.equal(logged.filter(({ level }) => level === 30).length, 1);
});

test('pam_oath asks for a code in a second round, and a code works once', options, async () => {
  const { backend } = open('otp');
  const [first = '', second = ''] = hotp(0, 2);
  assert.equal((await logIn(backend, 'alice', 's3cret', [first])).last.kind, 'accepted');
  const replay = await logIn(backend, 'alice', 's3cret', [first]);
  assert.equal(replay.last.kind, 'refused');
  assert.deepEqual(replay.asked, ["One-time password (OATH) for `alice': (hidden)"]);
  assert.equal((await logIn(backend, 'alice', 'wrong', [second])).last.kind, 'refused');
  const [third = ''] = hotp(2, 1);
  assert.equal((await logIn(backend, 'alice', 's3cret', [third])).last.kind, 'accepted');
});

test(
  'an expired password is changed by answers, and its reason stands above the field',
  options,
  async () => {
    const { backend } = open('unix');
    const fresh = 'corr3ct-horse-battery';
    const change = await logIn(backend, 'must', 's3cret', ['s3cret', fresh, fresh]);
    assert.equal(change.last.kind, 'accepted');
    assert.deepEqual(change.asked, [
      'Current password: (hidden)',
      'New password: (hidden)',
      'Retype new password: (hidden)',
    ]);
    assert.match(change.messages[0] ?? '', /required to change your password/);
    assert.equal((await verify(backend, 'must', fresh)).kind, 'accepted');
    assert.equal((await verify(backend, 'must', 's3cret')).kind, 'refused');
  },
);

test('a new password that is retyped wrongly changes nothing', options, async () => {
  const { backend } = open('unix');
  const before = etc.read('shadow');
  const change = await logIn(backend, 'must2', 's3cret', ['s3cret', 'corr3ct-horse', 'b4ttery']);
  assert.equal(change.last.kind, 'refused');
  assert.equal(etc.read('shadow'), before);
});

test(
  'the first secret is the password; what else is asked goes to the person',
  options,
  async () => {
    service(
      'ask',
      `auth required ${module} tell=Hello show=Colour?_ expect=blue`,
      `auth required ${module} ask=Password:_ expect=s3cret tell=One tell=Two ask=Pet?_ expect=Rex`,
      'account required pam_permit.so',
    );
    const { backend } = open('ask');
    const talk = await logIn(backend, 'alice', 's3cret', ['blue', 'Rex']);
    assert.equal(talk.last.kind, 'accepted');
    assert.deepEqual(talk.asked, ['Colour? (shown)', 'Pet? (hidden)']);
    assert.deepEqual(talk.messages, ['Hello', 'One\nTwo']);
    assert.equal((await logIn(backend, 'alice', 's3cret', ['blue', ''])).last.kind, 'refused');
    const odd = await logIn(backend, 'alice', 's3cret', ['x'.repeat(2000)]);
    assert.equal(odd.last.kind, 'refused');
    await noHelperIsLeft();
  },
);

test(
  'results that speak of the person refuse, results that do not are outages',
  options,
  async () => {
    const kindOf = async (stage: 'auth' | 'account', code: number): Promise<string> => {
      const name = `code-${stage}-${code}`;
      const rule = `required ${module} code=${code}`;
      service(name, ...PERMIT.filter((line) => !line.startsWith(stage)), `${stage} ${rule}`);
      return (await verify(open(name).backend, 'alice', 'x')).kind;
    };
    // PERM_DENIED, AUTH_ERR, USER_UNKNOWN, MAXTRIES, ACCT_EXPIRED
    for (const code of [6, 7, 10, 11]) assert.equal(await kindOf('auth', code), 'refused');
    for (const code of [6, 13]) assert.equal(await kindOf('account', code), 'refused');
    // SERVICE_ERR, SYSTEM_ERR, AUTHINFO_UNAVAIL
    for (const code of [3, 4, 9]) assert.equal(await kindOf('auth', code), 'unavailable');
    assert.equal(await kindOf('account', 9), 'unavailable');
  },
);

test(
  'each outage says in the log what it is, once, and a login after it works',
  options,
  async () => {
    service('crash', `auth required ${module} crash`, 'account required pam_permit.so');
    service('strange', `auth required ${module} strange`, 'account required pam_permit.so');
    service('no-module', 'auth required pam_nowhere.so', 'account required pam_permit.so');
    for (const [name, text] of [
      ['nothing-here', /no PAM service "nothing-here": write the file \/etc\/pam\.d\/nothing-here/],
      ['crash', /ended without a result: (ended by SIGSEGV|exit code 1)/],
      ['strange', /Conversation error/],
      ['no-module', /Module is unknown/],
    ] as const) {
      const { backend, logged } = open(name);
      for (let i = 0; i < 3; i++) {
        assert.equal((await verify(backend, 'alice', 'x')).kind, 'unavailable', name);
      }
      const errors = logged.filter(({ level }) => level === 50);
      assert.equal(errors.length, 1, name);
      assert.match(String(errors[0]?.['problem']), text);
      service(name, ...PERMIT);
      assert.equal((await verify(backend, 'alice', 'x')).kind, 'accepted', name);
    }
  },
);

test('without the helper, or with a broken one, a login is unavailable', options, async () => {
  for (const [command, text] of [
    [null, /was not built/],
    [['/nowhere/wolfguard-pam'], /ENOENT/],
    [['/bin/true'], /exit code 0/],
    [['/bin/echo'], /another language/],
  ] as const) {
    const { logger, logged } = newLog();
    const backend = new PamBackend({ logger, command }, DEFAULTS);
    assert.equal((await verify(backend, 'alice', 'x')).kind, 'unavailable');
    assert.match(String(logged[0]?.['problem']), text);
  }
});

test('an abort ends a module that blocks', options, async () => {
  service('block', `auth required ${module} sleep=30`, 'account required pam_permit.so');
  const { backend } = open('block');
  const signal = AbortSignal.timeout(300);
  const began = performance.now();
  assert.equal((await verify(backend, 'alice', 'x', signal)).kind, 'unavailable');
  assert.ok(performance.now() - began < 5000);
  await noHelperIsLeft();
});

test('a person who goes away leaves no process behind', options, async () => {
  const { backend } = open('ask');
  const round = await verify(backend, 'alice', 's3cret');
  assert.ok(round.kind === 'challenge');
  assert.equal(helpers().length, 1);
  round.conversation.cancel();
  round.conversation.cancel();
  await noHelperIsLeft();
  const late = await round.conversation.respond('blue', new AbortController().signal);
  assert.equal(late.kind, 'unavailable');
});

test(
  'a refusal is held back as long as a module asks, and no longer than somebody waits',
  options,
  async () => {
    service('delay', `auth required ${module} delay=1000000 code=7`);
    const { backend } = open('delay');
    const timed = async (signal: AbortSignal): Promise<number> => {
      const began = performance.now();
      assert.deepEqual(await verify(backend, 'alice', 'x', signal), { kind: 'refused' });
      return performance.now() - began;
    };
    // libpam adds or takes up to half of it.
    assert.ok((await timed(new AbortController().signal)) > 450);
    service('delay', `auth required ${module} delay=30000000 code=7`);
    assert.ok((await timed(AbortSignal.timeout(500))) < 5000);
  },
);

test(
  '40 bad logins at once wait for their delays side by side, and a good one waits for none',
  options,
  async () => {
    const { backend } = open('unix-slow');
    const began = performance.now();
    const seconds = (): number => (performance.now() - began) / 1000;
    const bad = Array.from({ length: 40 }, () => verify(backend, 'alice', 'wrong'));
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
    const goodAfter = seconds();
    for (const round of await Promise.all(bad)) assert.equal(round.kind, 'refused');
    // pam_unix asks for 2 s, libpam adds or takes up to half of it: one after the other it were 80 s.
    assert.ok(goodAfter < seconds(), `${goodAfter} s`);
    assert.ok(seconds() > 1 && seconds() < 15, `${seconds()} s`);
  },
);

test('a slow module takes one place; those that wait for people take none', options, async () => {
  const limits = { running: 2, waiting: 1, parked: 3 };
  service('block', `auth required ${module} sleep=30`, 'account required pam_permit.so');
  const { backend } = open('ask', {}, limits);
  const parked: Extract<Round, { kind: 'challenge' }>[] = [];
  for (let i = 0; i < 4; i++) {
    const round = await verify(backend, 'alice', 's3cret');
    assert.ok(round.kind === 'challenge');
    parked.push(round);
  }
  // The oldest had to go.
  const signal = new AbortController().signal;
  assert.equal((await parked[0]?.conversation.respond('blue', signal))?.kind, 'unavailable');
  assert.equal((await parked[1]?.conversation.respond('blue', signal))?.kind, 'challenge');
  for (const { conversation } of parked) conversation.cancel();

  const slow = open('block', {}, limits).backend;
  const gone = new AbortController();
  const blocked = [1, 2, 3].map(() => verify(slow, 'alice', 'x', gone.signal));
  await sleep(100);
  const full = await verify(slow, 'alice', 'x');
  assert.deepEqual(full, { kind: 'unavailable', reason: 'Too many logins at once' });
  gone.abort();
  for (const round of await Promise.all(blocked)) assert.equal(round.kind, 'unavailable');
  await noHelperIsLeft();
});

test('nothing of our environment reaches the modules', options, async () => {
  service(
    'env',
    'auth required pam_exec.so /bin/sh -c [cat /proc/$PPID/environ > /etc/environ]',
    'account required pam_permit.so',
  );
  process.env['WOLFGUARD_TEST_SECRET'] = 'x';
  assert.equal((await verify(open('env').backend, 'alice', 'x')).kind, 'accepted');
  delete process.env['WOLFGUARD_TEST_SECRET'];
  assert.doesNotMatch(etc.read('environ'), /WOLFGUARD_TEST_SECRET/);
});

const DEFAULTS: PamBackendOptions = { service: 'unix', gidMin: 0, accounting: false };

const service = (name: string, ...rules: string[]): void => etc.service(name, ...rules);

function open(name: string, changes: Partial<PamBackendOptions> = {}, limits?: PamLimits) {
  const { logger, logged } = newLog();
  const components = { logger, command: etc.helper, ...(limits && { limits }) };
  const backend = new PamBackend(components, { ...DEFAULTS, service: name, ...changes });
  return { backend, logged };
}

function newLog() {
  const logged: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    logged.push(JSON.parse(line) as Record<string, unknown>);
  };
  return { logger: pino({ level: 'debug' }, { write }), logged };
}

interface Talk {
  readonly last: Round;
  /** The labels of the fields, and whether what is typed can be seen. */
  readonly asked: readonly string[];
  readonly messages: readonly string[];
}

/** A whole login; answers that are not asked for are left over. */
async function logIn(
  backend: PamBackend,
  user: string,
  password: string,
  answers: readonly string[],
): Promise<Talk> {
  const asked: string[] = [];
  const messages: string[] = [];
  let round = await verify(backend, user, password);
  const { conversation } = round.kind === 'challenge' ? round : { conversation: null };
  for (const answer of answers) {
    if (round.kind !== 'challenge') break;
    assert.equal(round.conversation, conversation);
    asked.push(`${round.label} (${round.echo ? 'shown' : 'hidden'})`);
    messages.push(round.message);
    round = await round.conversation.respond(answer, new AbortController().signal);
  }
  return { last: round, asked, messages };
}

/** Codes of the HOTP secret, from a counter on. */
const hotp = (counter: number, count: number): string[] =>
  execFileSync('oathtool', ['-c', String(counter), '-w', String(count - 1), OATH_SECRET], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');

/** Our children that run the helper. */
function helpers(): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return (
          status.includes(`\nPPid:\t${process.pid}\n`) && status.startsWith('Name:\twolfguard-pam')
        );
      } catch {
        return false;
      }
    });
}

async function noHelperIsLeft(): Promise<void> {
  for (let i = 0; i < 100 && helpers().length > 0; i++) await sleep(20);
  assert.deepEqual(helpers(), []);
}
