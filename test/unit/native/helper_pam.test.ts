// wolfguard-pam with real PAM modules, in an /etc of its own.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { helperPath } from '../../../server/auth/helper_path.ts';
import { PrivateEtc, whyNoPam } from '../../pam/private_etc.ts';
import { HelperProcess } from './helper_process.ts';
import type { HelperMessage } from './helper_process.ts';

const options = { skip: whyNoPam() };
const program = helperPath('wolfguard-pam') ?? '';

// Numbers of Linux-PAM.
const SUCCESS = 0;
const SERVICE_ERR = 3;
const AUTH_ERR = 7;
const USER_UNKNOWN = 10;
const ACCT_EXPIRED = 13;
const SESSION_ERR = 14;
const CONV_ERR = 19;

const PASSWORD = 'Hello world!';
const PERMIT = ['auth required pam_permit.so', 'account required pam_permit.so'];
const UNIX = ['account required pam_unix.so', 'password required pam_unix.so'];
let etc: PrivateEtc;
let calls = '';

before(() => {
  if (options.skip !== false) return;
  etc = new PrivateEtc();
  const module = etc.buildModule();
  calls = path.join(etc.directory, 'calls');
  etc.service('unix', 'auth required pam_unix.so nodelay', ...UNIX);
  etc.service('unix-slow', 'auth required pam_unix.so', ...UNIX);
  etc.service('permit', ...PERMIT);
  etc.service('deny', 'auth required pam_permit.so', 'account required pam_deny.so');
  etc.service('talk', 'auth optional pam_echo.so this is for %u from %H', ...PERMIT);
  const noise = '/bin/sh -c [echo noise; echo noise >&2]';
  etc.service('noisy', `auth optional pam_exec.so quiet ${noise}`, ...PERMIT);
  etc.service(
    'slow',
    `auth required ${module} record=/etc/slow-login`,
    'auth required pam_exec.so /bin/sleep 30',
    'account required pam_permit.so',
    `session required ${module} record=/etc/slow-close sleep=1 record=/etc/closed`,
  );
  etc.service('rename', `auth required ${module} user=wggroups`, ...PERMIT);
  etc.service('upper', ...PERMIT);
  etc.service('session', ...PERMIT, `session required ${module} record=/etc/calls`);
  etc.service('no-session', ...PERMIT, `session required ${module} code=${SESSION_ERR}`);
  etc.service('asks', ...PERMIT, `session required ${module} ask=Why?`);
  const users = {
    wgalice: '20000:0:99999:7:::',
    wgold: '20000:0:99999:7::1:',
    wgmust: '0:0:99999:7:::',
    wgmust2: '0:0:99999:7:::',
  };
  for (const [name, aging] of Object.entries(users))
    etc.addUser({ name, aging, password: PASSWORD });
  etc.addGroup('wgstaff', 64_101);
  etc.addUser({ name: 'wggroups', password: PASSWORD, gid: 64_101 });
  etc.addGroup('wgit', 64_102, ['wgalice', 'wggroups', 'wgnowhere']);
  etc.addUser({ name: 'wgmany', password: PASSWORD, gid: 64_101 });
  for (let i = 0; i < 600; i++) etc.addGroup(`wgmany${i}`, 65_000 + i, ['wgmany']);
});

after(() => {
  if (options.skip === false) etc.close();
});

test('pam_unix asks for the password, and the right one succeeds', options, async () => {
  const talk = await converse('unix', 'wgalice', [PASSWORD]);
  assert.deepEqual(talk.asked, ['p:Password: ']);
  assert.deepEqual(talk.result, { code: SUCCESS, stage: 'm' });
  assert.equal(talk.user, 'wgalice');
});

test('a wrong password and an unknown user fail to authenticate', options, async () => {
  assert.deepEqual((await converse('unix', 'wgalice', ['wrong'])).result, {
    code: AUTH_ERR,
    stage: 'a',
  });
  const unknown = await converse('unix', 'wgnobody', [PASSWORD]);
  assert.ok([AUTH_ERR, USER_UNKNOWN].includes(unknown.result?.code ?? -1));
  assert.equal(unknown.user, null);
});

test('an account that expired is refused although its password is right', options, async () => {
  const talk = await converse('unix', 'wgold', [PASSWORD]);
  assert.deepEqual(talk.result, { code: ACCT_EXPIRED, stage: 'm' });
  assert.match(talk.said.join(), /expired/);
});

test('an account module that denies is heard', options, async () => {
  assert.equal((await converse('deny', 'wgalice', [])).result?.stage, 'm');
});

test('a password that must be changed is changed in the same conversation', options, async () => {
  const fresh = 'corr3ct-horse-battery';
  const before = lineOf('shadow', 'wgmust');
  const talk = await converse('unix', 'wgmust', [PASSWORD, PASSWORD, fresh, fresh]);
  assert.deepEqual(talk.result, { code: SUCCESS, stage: 'c' });
  assert.ok(talk.asked.length >= 3, talk.asked.join());
  assert.notEqual(lineOf('shadow', 'wgmust'), before);
  assert.deepEqual((await converse('unix', 'wgmust', [fresh])).result?.code, SUCCESS);
});

test('every question gets an answer of its own', options, async () => {
  const before = lineOf('shadow', 'wgmust2');
  const talk = await converse('unix', 'wgmust2', [PASSWORD, PASSWORD, 'corr3ct-horse', 'b4ttery']);
  assert.notEqual(talk.result?.code, SUCCESS);
  assert.equal(lineOf('shadow', 'wgmust2'), before);
});

test('modules may inform, and they know the remote host', options, async () => {
  const talk = await converse('talk', 'wgalice', []);
  assert.deepEqual(talk.said, ['i:this is for wgalice from 192.0.2.7']);
  assert.equal(talk.result?.code, SUCCESS);
});

test('what a module prints does not get between the messages', options, async () => {
  assert.equal((await converse('noisy', 'wgalice', [])).result?.code, SUCCESS);
});

test('the end of the input cancels', options, async () => {
  const helper = start('unix', 'wgalice');
  assert.equal((await helper.next())?.type, 'p');
  helper.child.stdin.end();
  assert.equal((await readRest(helper)).result?.code, CONV_ERR);
});

test('an answer that is broken, too long or has a NUL in it cancels', options, async () => {
  for (const bytes of [
    Buffer.from([0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 0, 2, 0x62, 0x78]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x61]),
    Buffer.from([0, 0, 4, 2, 0x61, ...Buffer.alloc(1025, 0x78)]),
    Buffer.from([0, 0, 0, 3, 0x61, 0x78, 0]),
  ]) {
    const helper = start('unix', 'wgalice');
    await helper.next();
    helper.child.stdin.write(bytes);
    assert.equal((await readRest(helper)).result?.code, CONV_ERR, bytes.toString('hex', 0, 8));
  }
});

test('a module that blocks is ended by the timeout, without a result', options, async () => {
  const helper = start('slow', 'wgalice', { seconds: '1' });
  assert.equal(await helper.next(), null);
  assert.deepEqual(await helper.exited, [3, null]);
});

test('a bad login reports its delay and does not sleep', options, async () => {
  const began = performance.now();
  const talk = await converse('unix-slow', 'wgalice', ['wrong']);
  assert.equal(talk.result?.code, AUTH_ERR);
  // pam_unix asks for 2 s, libpam adds or takes up to half of it.
  assert.ok(talk.delayMs >= 900 && talk.delayMs <= 3100, String(talk.delayMs));
  assert.ok(performance.now() - began < 900);
  assert.equal((await converse('unix-slow', 'wgalice', [PASSWORD])).delayMs, 0);
});

test('after a login come the groups of the system, the primary one first', options, async () => {
  const { groups } = await converse('unix', 'wggroups', [PASSWORD]);
  assert.deepEqual(groups, ['64101 wgstaff', '64102 wgit']);
  assert.deepEqual((await converse('unix', 'wggroups', ['wrong'])).groups, []);
});

test(
  'somebody without an account in the system has the groups that name them',
  options,
  async () => {
    assert.deepEqual((await converse('permit', 'wgnowhere', [])).groups, ['64102 wgit']);
  },
);

test('of more than 512 groups the first 512 count', options, async () => {
  const { groups, result } = await converse('unix', 'wgmany', [PASSWORD]);
  assert.equal(result?.code, SUCCESS);
  assert.equal(groups.length, 512);
});

test(
  'a name that a module changes is the one that counts, for the groups too',
  options,
  async () => {
    const talk = await converse('rename', 'wgalice', []);
    assert.equal(talk.user, 'wggroups');
    assert.deepEqual(talk.groups, ['64101 wgstaff', '64102 wgit']);
  },
);

test(
  'a service without a file is a result of its own, not the service "other"',
  options,
  async () => {
    assert.deepEqual((await converse('nothing', 'wgalice', [])).result, {
      code: SERVICE_ERR,
      stage: 'f',
    });
    // libpam writes it small.
    assert.equal((await converse('UPPER', 'wgalice', [])).result?.code, SUCCESS);
  },
);

test('a session is opened and closed by two processes', options, async () => {
  for (const [mode, stage] of [
    ['open', 'o'],
    ['close', 'l'],
  ] as const) {
    const talk = await readRest(start('session', 'wgalice', { mode }));
    assert.deepEqual(talk.result, { code: SUCCESS, stage });
    assert.equal(talk.user, null);
  }
  assert.deepEqual(readFileSync(calls, 'utf8').trim().split('\n'), [
    'open_session wgalice 192.0.2.7 wolfguard',
    'close_session wgalice 192.0.2.7 wolfguard',
  ]);
});

test(
  'a session module that refuses is heard, and one that asks gets no answer',
  options,
  async () => {
    const refused = await readRest(start('no-session', 'wgalice', { mode: 'open' }));
    assert.deepEqual(refused.result, { code: SESSION_ERR, stage: 'o' });
    const asking = await readRest(start('asks', 'wgalice', { mode: 'open' }));
    assert.deepEqual(asking.result, { code: CONV_ERR, stage: 'o' });
  },
);

test(
  'a login ends with the process that began it, a session is told to its end',
  options,
  async () => {
    for (const [mode, outlives] of [
      ['login', false],
      ['close', true],
    ] as const) {
      const args = [...etc.helper, mode, 'slow', 'wgalice', '192.0.2.7', '20'];
      const parent = new HelperProcess('sh', ['-c', '"$@" <&0 & echo $! >&2; wait', 'sh', ...args]);
      await eventually('the module works', () => etc.has(`slow-${mode}`));
      const pid = Number(parent.stderr);
      parent.child.kill('SIGKILL');
      await parent.exited;
      if (!outlives) await eventually('the helper is gone', () => !isAlive(pid));
      else {
        await eventually('the session is closed', () => etc.has('closed'));
        await eventually('the helper is gone', () => !isAlive(pid));
      }
    }
  },
);

test('wrong arguments are exit code 2', options, async () => {
  for (const args of [
    [],
    ['login', 'a', 'b'],
    ['enter', 'a', 'user', ''],
    ['login', '', 'user', ''],
    ['login', '../etc', 'user', ''],
    ['login', 'a', '', ''],
    ['login', 'a', 'us\ner', ''],
    ['login', 'a', 'x'.repeat(257), ''],
    ['login', 'a', 'user', '', '0'],
    ['login', 'a', 'user', '', '1x'],
    ['login', 'a', 'user', '', '1', 'more'],
  ]) {
    const helper = new HelperProcess(program, args);
    assert.deepEqual(await helper.exited, [2, null], JSON.stringify(args));
  }
});

interface Talk {
  /** Questions as "type:text". */
  readonly asked: string[];
  /** Information and errors as "type:text". */
  readonly said: string[];
  user: string | null;
  /** As "number name". */
  readonly groups: string[];
  delayMs: number;
  result: { code: number; stage: string } | null;
}

async function converse(service: string, user: string, answers: string[]): Promise<Talk> {
  return readRest(start(service, user), answers);
}

/** The helper, in a mount namespace with our /etc. */
function start(
  service: string,
  user: string,
  { mode = 'login', seconds = '20' }: { mode?: string; seconds?: string } = {},
): HelperProcess {
  const [wrapper, ...args] = etc.helper;
  return new HelperProcess(wrapper, [...args, mode, service, user, '192.0.2.7', seconds]);
}

async function readRest(helper: HelperProcess, answers: string[] = []): Promise<Talk> {
  const talk: Talk = { asked: [], said: [], user: null, groups: [], delayMs: 0, result: null };
  let message: HelperMessage | null;
  while ((message = await helper.next()) !== null) {
    assert.equal(talk.result, null, 'nothing follows the result');
    hear(talk, message, () => {
      const answer = answers.shift();
      if (answer === undefined) helper.child.stdin.end();
      else helper.answer(answer);
    });
  }
  assert.deepEqual(await helper.exited, [0, null], helper.stderr);
  return talk;
}

function hear(talk: Talk, { type, body }: HelperMessage, answer: () => void): void {
  if (type === 'r') {
    talk.result = { code: body.readUInt32BE(), stage: String.fromCharCode(body[4] ?? 0) };
  } else if (type === 'u') {
    talk.user = String(body);
  } else if (type === 'g') {
    talk.groups.push(`${body.readUInt32BE()} ${String(body.subarray(4))}`);
  } else if (type === 'd') {
    talk.delayMs = body.readUInt32BE() / 1000;
  } else if (type === 'p' || type === 'e') {
    talk.asked.push(`${type}:${String(body)}`);
    answer();
  } else {
    talk.said.push(`${type}:${String(body).trim()}`);
  }
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function eventually(what: string, isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 100; i++) {
    if (isSo()) return;
    await sleep(50);
  }
  assert.fail(`not within 5 s: ${what}`);
}

const lineOf = (file: string, name: string): string | undefined =>
  etc
    .read(file)
    .split('\n')
    .find((line) => line.startsWith(`${name}:`));
