import assert from 'node:assert/strict';
import { argon2Sync, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LdapBackend, LdapBackendOptions } from '../../../../server/auth/ldap_backend.ts';
import {
  BASE_DN,
  GROUPS,
  PEOPLE,
  SERVICE,
  Slapd,
  group,
  person,
} from '../../../scenario/harness/slapd.ts';
import { testBackend, verify } from './backend_suite.ts';
import { LdapFixture, server } from './ldap_fixture.ts';
import { freePort, silentPeer } from './ldap_peers.ts';

const directory = await LdapFixture.start(
  [
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
);
after(() => directory.close());
const filledAt = performance.now();
const { assertUnavailable, file, log, open } = directory;

testBackend('ldap', {
  open: () => Promise.resolve(open()),
  openUnreachable: async () => open({ servers: [server(await freePort())] }),
  groups: ['it', 'staff'],
  ignoresCapitals: true,
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
  await verify(backend, 'TWIN', 's3cret');
  const said = log.messages(50).slice(seen);
  assert.match(said.join(), /^[^,]*finds several people for one name[^,]*$/);
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

test('an unknown name and a locked account take as long as a slow hash', async () => {
  const backend = open();
  assert.equal((await verify(backend, 'slow', 's3cret')).kind, 'accepted');
  const [good, wrong, unknown, locked] = [
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

test('no password is in any line of the log, and no name above debug', () => {
  const all = log.lines.join('\n');
  assert.ok(log.lines.length > 20);
  for (const secret of ['s3cret', SERVICE.password, 'ünïcode']) assert.ok(!all.includes(secret));
  for (const line of log.lines) {
    if (!line.includes('"level":20')) assert.doesNotMatch(line, /alice|uid=|bob/i);
  }
});

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

/** As slapd's argon2 module has it; strong enough to be noticed. */
function argon2(password: string): string {
  const nonce = randomBytes(16);
  const parameters = { memory: 32 * 1024, passes: 3, parallelism: 1, tagLength: 32 };
  const tag = argon2Sync('argon2id', { ...parameters, message: password, nonce });
  const base64 = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `{ARGON2}$argon2id$v=19$m=32768,t=3,p=1$${base64(nonce)}$${base64(tag)}`;
}
