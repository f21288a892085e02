// wolfguard-pam with real PAM modules. The helper runs in a mount namespace of its own whose /etc
// is a copy: test users, their passwords and PAM services exist there only.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { helperPath } from '../../../server/auth/helper_path.ts';
import { HelperProcess } from './helper_process.ts';
import type { HelperMessage } from './helper_process.ts';

const found = helperPath('wolfguard-pam');
const isRoot = process.getuid?.() === 0;
const missing =
  found === null
    ? 'wolfguard-pam was not built (libpam0g-dev)'
    : !isRoot && 'PAM reads passwords as root only';
assert.ok(missing === false || process.env['CI'] !== 'true', `in CI: ${String(missing)}`);
const program = found ?? '';
const options = { skip: missing };

// Numbers of Linux-PAM.
const SUCCESS = 0;
const AUTH_ERR = 7;
const USER_UNKNOWN = 10;
const ACCT_EXPIRED = 13;
const CONV_ERR = 19;

const HASH =
  '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1';
const PASSWORD = 'Hello world!';
const SERVICES: Record<string, string> = {
  unix: 'auth required pam_unix.so nodelay\naccount required pam_unix.so\npassword required pam_unix.so\n',
  permit: 'auth required pam_permit.so\naccount required pam_permit.so\n',
  deny: 'auth required pam_permit.so\naccount required pam_deny.so\n',
  talk: 'auth optional pam_echo.so this is for %u from %H\nauth required pam_permit.so\naccount required pam_permit.so\n',
  noisy:
    'auth optional pam_exec.so quiet /bin/sh -c "echo noise; echo noise >&2"\nauth required pam_permit.so\naccount required pam_permit.so\n',
  slow: 'auth required pam_exec.so /bin/sleep 30\naccount required pam_permit.so\n',
};
const PREFIX = `wolfguard-test-${process.pid}-`;
let etc = '';
let sanitizerEnvironment: string[] = [];

before(() => {
  if (missing !== false) return;
  sanitizerEnvironment = preloads();
  etc = mkdtempSync(path.join(tmpdir(), 'wolfguard-etc-'));
  cpSync('/etc', etc, { recursive: true, verbatimSymlinks: true, filter: isPlain });
  for (const [name, text] of Object.entries(SERVICES)) {
    writeFileSync(path.join(etc, 'pam.d', PREFIX + name), text);
  }
  const users = {
    wgalice: '20000:0:99999:7:::',
    wgold: '20000:0:99999:7::1:',
    wgmust: '0:0:99999:7:::',
    wgmust2: '0:0:99999:7:::',
  };
  Object.entries(users).forEach(([name, aging], i) => {
    append('passwd', `${name}:x:${64_000 + i}:65534::/nonexistent:/usr/sbin/nologin\n`);
    append('shadow', `${name}:${HASH}:${aging}\n`);
  });
});

after(() => {
  if (etc !== '') rmSync(etc, { recursive: true });
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
  const talk = await converse('unix', 'wgmust', [PASSWORD, PASSWORD, fresh, fresh]);
  assert.deepEqual(talk.result, { code: SUCCESS, stage: 'c' });
  assert.ok(talk.asked.length >= 3, talk.asked.join());
  assert.ok(!readFileSync(path.join(etc, 'shadow'), 'utf8').includes(`wgmust:${HASH}`));
  assert.deepEqual((await converse('unix', 'wgmust', [fresh])).result?.code, SUCCESS);
});

test('every question gets an answer of its own', options, async () => {
  const talk = await converse('unix', 'wgmust2', [PASSWORD, PASSWORD, 'corr3ct-horse', 'b4ttery']);
  assert.notEqual(talk.result?.code, SUCCESS);
  assert.ok(readFileSync(path.join(etc, 'shadow'), 'utf8').includes(`wgmust2:${HASH}`));
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
  const helper = start('slow', 'wgalice', '1');
  assert.equal(await helper.next(), null);
  assert.deepEqual(await helper.exited, [3, null]);
});

test('wrong arguments are exit code 2', options, async () => {
  for (const args of [
    [],
    ['a', 'b'],
    ['', 'user', ''],
    ['../etc', 'user', ''],
    ['a', '', ''],
    ['a', 'us\ner', ''],
    ['a', 'x'.repeat(257), ''],
    ['a', 'user', '', '0'],
    ['a', 'user', '', '1x'],
    ['a', 'user', '', '1', 'more'],
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
  result: { code: number; stage: string } | null;
}

async function converse(service: string, user: string, answers: string[]): Promise<Talk> {
  return readRest(start(service, user), answers);
}

/** The helper, in a mount namespace with our /etc. */
function start(service: string, user: string, ...more: string[]): HelperProcess {
  const script = 'mount --bind "$1" /etc && shift && exec "$@"';
  const args = [
    'env',
    ...sanitizerEnvironment,
    program,
    PREFIX + service,
    user,
    '192.0.2.7',
    ...more,
  ];
  const namespace = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', etc];
  return new HelperProcess('unshare', [...namespace, ...args]);
}

async function readRest(helper: HelperProcess, answers: string[] = []): Promise<Talk> {
  const talk: Talk = { asked: [], said: [], user: null, result: null };
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
  } else if (type === 'p' || type === 'e') {
    talk.asked.push(`${type}:${String(body)}`);
    answer();
  } else {
    talk.said.push(`${type}:${String(body).trim()}`);
  }
}

/**
 * ASan wraps crypt(3) and looks for the real one at start, before pam_unix loads libcrypt: in the
 * sanitized build pam_unix would call a null pointer. ASan must stay the first library.
 */
function preloads(): string[] {
  const libraries = execFileSync('ldd', [program], { encoding: 'utf8' });
  const asan = /libasan\S* => (\S+)/.exec(libraries)?.[1];
  return asan === undefined ? [] : [`LD_PRELOAD=${asan} libcrypt.so.1`];
}

/** No sockets and pipes: services keep some in /etc. */
function isPlain(file: string): boolean {
  const stats = lstatSync(file);
  return stats.isFile() || stats.isDirectory() || stats.isSymbolicLink();
}

function append(file: string, text: string): void {
  const target = path.join(etc, file);
  writeFileSync(target, readFileSync(target, 'utf8') + text);
}
