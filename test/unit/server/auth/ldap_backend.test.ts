import assert from 'node:assert/strict';
import { argon2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LdapServerAddress } from '../../../../core/ipc/messages.ts';
import { LdapBackend } from '../../../../server/auth/ldap_backend.ts';
import type { LdapBackendOptions } from '../../../../server/auth/ldap_backend.ts';
import {
  BASE_DN,
  GROUPS,
  PEOPLE,
  SERVICE,
  Slapd,
  group,
  makeDirectoryCertificate,
  person,
} from '../../../scenario/harness/slapd.ts';
import { testBackend, verify } from './backend_suite.ts';
import { cuttingPeer, endlessPeer, freePort, peer, silentPeer } from './ldap_peers.ts';
import { LogRecorder } from './log_recorder.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-ldap-'));
const file = (name: string): string => path.join(folder, name);
const tls = makeDirectoryCertificate(file('tls'), ['DNS:localhost']);
const [plainPort, tlsPort] = [await freePort(), await freePort()];
const slapd = await Slapd.start({
  folder: file('slapd'),
  urls: [`ldap://127.0.0.1:${plainPort}`, `ldaps://127.0.0.1:${tlsPort}`],
  tls,
  ldif: [
    person('bob', '  spaces & ünïcode  ', 'mail: Bob@Example.com', 'uid: Robert'),
    person('twin1', 's3cret', 'cn: twin'),
    person('twin2', 's3cret', 'cn: twin'),
    person('newcomer', 's3cret', 'pwdReset: TRUE'),
    person('expired', 's3cret', `pwdPolicySubentry: cn=short,ou=policies,${BASE_DN}`),
    person('graced', 's3cret', `pwdPolicySubentry: cn=grace,ou=policies,${BASE_DN}`),
    person('bare', ''),
    person('slow', argon2('s3cret')),
    `dn: uid=o'hara\\2C (x)*\\5C#é,${PEOPLE}\nobjectClass: inetOrgPerson\nuid: o'hara, (x)*\\#é\ncn: o\nsn: o\nuserPassword: s3cret\n`,
    `dn: cn=odd,${GROUPS}\nobjectClass: groupOfNames\ncn: odd\ncn: second name\nmember: uid=o'hara\\2C (x)*\\5C#é,${PEOPLE}\n`,
    group('everybody', ...Array.from({ length: 300 }, (_, i) => `somebody${i}`), 'bob'),
    // Every search of the people meets it.
    `dn: ou=elsewhere,${PEOPLE}\nobjectClass: referral\nobjectClass: extensibleObject\nou: elsewhere\nref: ldap://127.0.0.1:1/${PEOPLE}\n`,
  ].join('\n'),
});
const filledAt = performance.now();
writeFileSync(file('secret'), `${SERVICE.password}\n`);
const log = new LogRecorder();
after(async () => {
  await slapd.stop();
  rmSync(folder, { recursive: true });
});

const plain = server(plainPort);

testBackend('ldap', {
  open: () => Promise.resolve(open()),
  openUnreachable: async () => open({ servers: [server(await freePort())] }),
  groups: ['it', 'staff'],
  ignoresCapitals: true,
});

test('StartTLS and ldaps work with our own authority, and every password goes through TLS', async () => {
  for (const options of [
    { startTls: true, servers: [{ ...plain, host: 'localhost' }] },
    { servers: [{ secure: true, host: 'localhost', port: tlsPort }] },
  ]) {
    const begin = slapd.program.output.length;
    const round = await verify(open({ ...options, ca: tls.caPath }), 'alice', 's3cret');
    assert.equal(round.kind, 'accepted');
    const binds = await slapdLines(begin, /mech=SIMPLE/, 3);
    assert.ok(
      binds.every((line) => / ssf=256$/.test(line)),
      binds.join('\n'),
    );
  }
});

test('a stranger’s certificate, or one for another name, gets no password', async () => {
  const other = makeDirectoryCertificate(file('other'), ['DNS:localhost']);
  for (const [ca, host, reason] of [
    [other.caPath, 'localhost', /certificate is signed by nobody in auth\.ldap\.ca/],
    [null, 'localhost', /certificate is signed by nobody/],
    [tls.caPath, '127.0.0.1', /certificate is for another name/],
  ] as const) {
    for (const options of [
      { startTls: true, servers: [{ ...plain, host }] },
      { servers: [{ secure: true, host, port: tlsPort }] },
    ]) {
      const begin = slapd.program.output.length;
      await assertUnavailable(open({ ...options, ca }), reason);
      await slapdLines(begin, /closed/, 1);
      assert.doesNotMatch(slapd.program.output.slice(begin), / BIND /);
    }
  }
});

test('a directory that refuses StartTLS, or speaks no TLS at all, gets no password', async (t) => {
  const port = await freePort();
  const bare = await Slapd.start({ folder: file('bare'), urls: [`ldap://127.0.0.1:${port}`] });
  t.after(() => bare.stop());
  const begin = bare.program.output.length;
  const ca = tls.caPath;
  await assertUnavailable(
    open({ startTls: true, ca, servers: [server(port)] }),
    /refuses StartTLS/,
  );
  const secure = { secure: true, host: '127.0.0.1', port };
  await assertUnavailable(open({ ca, servers: [secure], timeoutMs: 300 }), /./);
  assert.doesNotMatch(bare.program.output.slice(begin), / BIND /);
});

test('a directory that accepts and never answers costs its time-out and no more', async (t) => {
  const silent = await silentPeer(t);
  const secure = { secure: true, host: '127.0.0.1', port: silent.port };
  for (const options of [
    { servers: [server(silent.port)] },
    { servers: [server(silent.port)], startTls: true },
    { servers: [secure] },
  ]) {
    const began = performance.now();
    await assertUnavailable(open({ ...options, timeoutMs: 100 }), /within 100 ms/);
    assert.ok(performance.now() - began < 2_000);
  }
  await closed(silent);
});

test('a login that is given up closes its connection at once', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port), plain] });
  const controller = new AbortController();
  const round = verify(backend, 'alice', 's3cret', controller.signal);
  while (silent.open().now === 0) await sleep(5);
  controller.abort();
  assert.equal((await round).kind, 'unavailable');
  await closed(silent);
  // It was not the server's fault.
  void verify(backend, 'alice', 's3cret', AbortSignal.timeout(100));
  while (silent.connections() < 2) await sleep(5);
});

test('a line that is cut at any request is an outage, and the next server answers', async (t) => {
  for (const request of [1, 2, 3, 4, 5]) {
    const cutting = await cuttingPeer(t, plainPort, request);
    await assertUnavailable(open({ servers: [server(cutting.port)] }), /./);
    const both = open({ servers: [server(cutting.port), plain] });
    assert.equal((await verify(both, 'alice', 's3cret')).kind, 'accepted');
    assert.equal(cutting.connections(), 2);
  }
});

test('a dead server in front slows the first login only, until it has rested', async (t) => {
  const silent = await silentPeer(t);
  let now = 1_000_000;
  const servers = [server(silent.port), plain];
  const backend = new LdapBackend(
    { logger: log.logger, now: () => now },
    settings({ servers, timeoutMs: 200 }),
  );
  for (let i = 0; i < 5; i++) {
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  }
  assert.equal(silent.connections(), 1);
  now += 30_000;
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  assert.equal(silent.connections(), 2);
});

test('a directory that is down is asked again as soon as it is there', async (t) => {
  const port = await freePort();
  const options = { folder: file('later'), urls: [`ldap://127.0.0.1:${port}`] };
  const backend = open({ servers: [server(port)] });
  await assertUnavailable(backend, /nothing listens there/);
  const later = await Slapd.start(options);
  t.after(() => later.stop());
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await later.stop();
  await assertUnavailable(backend, /nothing listens there/);
  await later.startAgain();
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
});

test('an answer without end is given up after a megabyte', async (t) => {
  const endless = await endlessPeer(t);
  await assertUnavailable(open({ servers: [server(endless.port)] }), /more than 1048576 bytes/);
  await closed(endless);
});

test('an expired password, one that must be changed, and none at all are refused', async () => {
  // The policies of two of them let passwords live for a second.
  await sleep(Math.max(0, filledAt + 2_100 - performance.now()));
  for (const user of ['newcomer', 'expired', 'graced', 'bare']) {
    assert.deepEqual(await verify(open(), user, 's3cret'), { kind: 'refused' }, user);
  }
});

test('passwords with blanks and other alphabets arrive as they are', async () => {
  const password = '  spaces & ünïcode  ';
  assert.equal((await verify(open(), 'bob', password)).kind, 'accepted');
  assert.equal((await verify(open(), 'bob', password.trim())).kind, 'refused');
});

test('an empty password never reaches the directory', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port)] });
  for (const [user, password] of [
    ['alice', ''],
    ['', 's3cret'],
    ['alice', '\0'],
  ] as const) {
    assert.deepEqual(await verify(backend, user, password), { kind: 'refused' });
  }
  assert.equal(silent.connections(), 0);
});

test('names that try to be filters find nobody', async () => {
  const backend = open();
  for (const user of [
    ...[
      '*',
      'al*',
      'alice*',
      '*)(uid=*',
      'alice)(|(uid=*',
      'alice))(|(uid=alice',
      '\\2a',
      '\\61lice',
    ],
    ...[
      'ali\\63e',
      'alice\0',
      '\0',
      '{user}',
      '{dn}',
      '$&',
      'uid=alice',
      'alice,ou=people',
      '(',
      ')',
    ],
    ...['\\', '&', '|', '!', '\u{1F98A}', 'é', `uid=alice,${PEOPLE}`, 'alice;uid=*'],
  ]) {
    assert.deepEqual(await verify(backend, user, 's3cret'), { kind: 'refused' }, user);
  }
});

test('a name full of what filters are made of belongs to its person, with the groups', async () => {
  const round = await verify(open(), "o'hara, (x)*\\#é", 's3cret');
  assert.deepEqual(round, { kind: 'accepted', groups: ['odd', 'second name'] });
});

test('one person has one name, however it was typed', async () => {
  const password = '  spaces & ünïcode  ';
  const said = async (user: string, userFilter?: string) => {
    const round = await verify(open({ ...(userFilter && { userFilter }) }), user, password);
    return round.kind === 'accepted' ? (round.user ?? user) : round.kind;
  };
  assert.equal(await said('bob'), 'bob');
  assert.equal(await said(' BOB '), 'bob');
  assert.equal(await said('ROBERT'), 'Robert');
  assert.equal(await said('bob@example.com', '(|(uid={user})(mail={user}))'), 'bob');
  assert.equal(await said('BOB', '(mail={user}@example.com)'), 'Bob');
});

test('a name that two people have is refused, and the operator hears why', async () => {
  const seen = log.records(50).length;
  const backend = open({ userFilter: '(cn={user})' });
  assert.deepEqual(await verify(backend, 'twin', 's3cret'), { kind: 'refused' });
  assert.match(log.messages(50).slice(seen).join(), /finds several people for one name/);
  assert.ok(!JSON.stringify(log.records(50)).includes('twin'));
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
});

test('a filter may demand a group of everybody who comes in', async () => {
  const userFilter = `(&(uid={user})(memberOf=cn=it,${GROUPS}))`;
  const backend = open({ userFilter });
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  assert.equal((await verify(backend, 'bob', '  spaces & ünïcode  ')).kind, 'refused');
});

test('groups are found by entry or by name, or not asked for', async () => {
  const groups = async (options: Partial<LdapBackendOptions>) => {
    const round = await verify(open(options), 'ALICE', 's3cret');
    return round.kind === 'accepted' ? round.groups : round.kind;
  };
  assert.deepEqual(await groups({}), ['it', 'staff']);
  assert.deepEqual(await groups({ groupFilter: `(member=uid={user},${PEOPLE})` }), ['it', 'staff']);
  assert.deepEqual(await groups({ groupFilter: '(&(member={dn})(cn=s*))' }), ['staff']);
  assert.deepEqual(await groups({ groupAttribute: 'CN' }), ['it', 'staff']);
  assert.deepEqual(await groups({ groupAttribute: 'description' }), []);
  assert.deepEqual(await groups({ groupBaseDn: '' }), []);
});

test('the service password is read at every login; without a good one nobody is asked', async () => {
  const secret = file('rotating');
  const backend = open({ bindPasswordFile: secret });
  await assertUnavailable(backend, /auth\.ldap\.bind_password_file: .*ENOENT/, 50);
  writeFileSync(secret, '\n');
  await assertUnavailable(backend, /auth\.ldap\.bind_password_file: .* is empty/, 50);
  writeFileSync(secret, 'wrong');
  await assertUnavailable(backend, /cannot bind as auth\.ldap\.bind_dn: the directory refuses/, 50);
  const seen = log.records(50).length;
  await verify(backend, 'alice', 's3cret');
  assert.equal(log.records(50).length, seen, 'said once');
  writeFileSync(secret, `${SERVICE.password}\r\nnot this line`);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
});

test('places in the tree that are not there are outages with their key', async () => {
  const gone = `ou=gone,${BASE_DN}`;
  await assertUnavailable(open({ baseDn: gone }), /cannot search under auth\.ldap\.base_dn/, 50);
  const backend = open({ groupBaseDn: gone });
  await assertUnavailable(backend, /cannot search under auth\.ldap\.group_base_dn/, 50);
});

test('files of auth.ldap.ca that are missing or no certificates are outages with their key', async () => {
  const ca = file('ca-of-mine.pem');
  const backend = open({ servers: [{ secure: true, host: 'localhost', port: tlsPort }], ca });
  await assertUnavailable(backend, /auth\.ldap\.ca: .*ENOENT/, 50);
  writeFileSync(ca, 'nothing');
  await assertUnavailable(backend, /auth\.ldap\.ca: .* holds no certificate/, 50);
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await assertUnavailable(backend, /auth\.ldap\.ca: /, 50);
});

test('without an account the search goes as nobody', async (t) => {
  const port = await freePort();
  const urls = [`ldap://127.0.0.1:${port}`];
  const open2 = await Slapd.start({ folder: file('open'), urls, readers: ['anonymous'] });
  t.after(() => open2.stop());
  const anonymous = { bindDn: '', bindPasswordFile: null };
  const backend = open({ ...anonymous, servers: [server(port)] });
  assert.deepEqual(await verify(backend, 'alice', 's3cret'), {
    kind: 'accepted',
    groups: ['it', 'staff'],
  });
  assert.equal((await verify(backend, 'alice', 'wrong')).kind, 'refused');
  // Where nobody may not search, that is no wrong password either.
  await assertUnavailable(open(anonymous), /cannot search under auth\.ldap\.base_dn/, 50);
});

test('a referral is not followed', async (t) => {
  const elsewhere = await peer(t, (socket) => socket.destroy());
  const port = await freePort();
  const urls = [`ldap://127.0.0.1:${port}`];
  const referring = await Slapd.start({
    folder: file('referring'),
    urls,
    readers: ['anonymous'],
    lines: [`referral ldap://127.0.0.1:${elsewhere.port}`],
  });
  t.after(() => referring.stop());
  await assertUnavailable(
    open({ servers: [server(port)], baseDn: 'ou=people,dc=example,dc=org' }),
    /referrals are not followed/,
    50,
  );
  assert.equal(elsewhere.connections(), 0);
});

test('many at once are at most 32 connections, and all get their answer', async (t) => {
  const counting = await cuttingPeer(t, plainPort);
  const backend = open({ servers: [server(counting.port)] });
  const rounds = await Promise.all(
    Array.from({ length: 200 }, (_, i) => verify(backend, 'alice', i % 2 ? 's3cret' : 'wrong')),
  );
  rounds.forEach((round, i) => assert.equal(round.kind, i % 2 ? 'accepted' : 'refused'));
  assert.equal(counting.connections(), 200);
  // Those that said goodbye may still be closing.
  assert.ok(counting.open().most <= 40, String(counting.open().most));
});

test('a crowd that a dead directory keeps waiting is bounded', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port)] });
  const controller = new AbortController();
  const rounds = Array.from({ length: 1_100 }, () =>
    verify(backend, 'alice', 's3cret', controller.signal),
  );
  assert.deepEqual(await Promise.race(rounds), {
    kind: 'unavailable',
    reason: 'Too many logins at once',
  });
  controller.abort();
  for (const { kind } of await Promise.all(rounds)) assert.equal(kind, 'unavailable');
  await closed(silent);
});

test('an unknown name and a locked account take as long as a slow hash', async () => {
  const backend = open();
  assert.equal((await verify(backend, 'slow', 's3cret')).kind, 'accepted');
  const [good = 0, wrong = 0, unknown = 0, locked = 0] = [
    await tookMs(backend, 'slow', 's3cret', 'accepted'),
    await tookMs(backend, 'slow', 'wrong', 'refused'),
    await tookMs(backend, 'nobody', 's3cret', 'refused'),
    await tookMs(backend, 'locked', 's3cret', 'refused'),
  ];
  const least = Math.min(good, wrong) * 0.7;
  assert.ok(least > 20, `the hash is slow: ${good}, ${wrong}`);
  assert.ok(unknown > least, `${unknown} of ${least}`);
  assert.ok(locked > least, `${locked} of ${least}`);
});

test('a directory that hears passwords in clear text is warned of, but not on this machine', () => {
  const warnings = (options: Partial<LdapBackendOptions>): readonly string[] => {
    const own = new LogRecorder();
    new LdapBackend({ logger: own.logger, now: Date.now }, settings(options));
    return own.messages(40);
  };
  const far = { secure: false, host: 'ldap.example.com', port: 389 };
  assert.match(warnings({ servers: [far] }).join(), /CLEAR TEXT/);
  assert.deepEqual(warnings({ servers: [far], startTls: true }), []);
  assert.deepEqual(warnings({ servers: [{ ...far, secure: true }] }), []);
  assert.deepEqual(warnings({ servers: [plain] }), []);
});

test('no password is in any line of the log, and no name above debug', () => {
  const all = log.lines.join('\n');
  assert.ok(log.lines.length > 20);
  for (const secret of ['s3cret', SERVICE.password, 'ünïcode']) assert.ok(!all.includes(secret));
  for (const line of log.lines) {
    if (!line.includes('"level":20')) assert.doesNotMatch(line, /alice|uid=|bob/i);
  }
});

// ─── helpers ──────────────────────────────────────────────────────────────────────────────────

function open(options: Partial<LdapBackendOptions> = {}): LdapBackend {
  return new LdapBackend({ logger: log.logger, now: Date.now }, settings(options));
}

function settings(options: Partial<LdapBackendOptions>): LdapBackendOptions {
  return {
    servers: [plain],
    startTls: false,
    ca: null,
    bindDn: SERVICE.dn,
    bindPasswordFile: file('secret'),
    baseDn: PEOPLE,
    userFilter: '(uid={user})',
    groupBaseDn: GROUPS,
    groupFilter: '(member={dn})',
    groupAttribute: 'cn',
    ...options,
  };
}

function server(port: number): LdapServerAddress {
  return { secure: false, host: '127.0.0.1', port };
}

/** Alice cannot be asked about, and the newest line of this level (40, 50) says why. */
async function assertUnavailable(backend: LdapBackend, reason: RegExp, level = 40): Promise<void> {
  assert.deepEqual(await verify(backend, 'alice', 's3cret'), {
    kind: 'unavailable',
    reason: 'The directory cannot be asked',
  });
  assert.match(String(log.records(level).at(-1)?.['reason']), reason);
}

async function tookMs(
  backend: LdapBackend,
  user: string,
  password: string,
  kind: string,
): Promise<number> {
  const began = performance.now();
  assert.equal((await verify(backend, user, password)).kind, kind);
  return performance.now() - began;
}

/** What slapd has said from `begin` on, once there are so many such lines. */
async function slapdLines(begin: number, pattern: RegExp, least: number): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const text = slapd.program.output.slice(begin);
    const lines = text.split('\n').filter((line) => pattern.test(line));
    if (lines.length >= least || tries > 100) return lines;
    await sleep(20);
  }
}

async function closed(subject: { readonly open: () => { readonly now: number } }): Promise<void> {
  for (let tries = 0; subject.open().now > 0; tries++) {
    assert.ok(tries < 100, 'its connections are closed');
    await sleep(20);
  }
}

/** As slapd's argon2 module has it; strong enough to be noticed. */
function argon2(password: string): string {
  const nonce = randomBytes(16);
  const parameters = { memory: 32 * 1024, passes: 3, parallelism: 1, tagLength: 32 };
  const tag = argon2Sync('argon2id', { ...parameters, message: password, nonce });
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `{ARGON2}$argon2id$v=19$m=32768,t=3,p=1$${base64(nonce)}$${base64(tag)}`;
}
