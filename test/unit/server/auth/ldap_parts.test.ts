import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FilterParser } from 'ldapts';
import { isOutage, judgeBind, renderAnswer } from '../../../../server/auth/ldap/answer.ts';
import { fillFilter, nameOf, nameRuleOf } from '../../../../server/auth/ldap/filter.ts';
import { RefusalClock } from '../../../../server/auth/ldap/refusal_clock.ts';
import { LdapServers, isLoopback } from '../../../../server/auth/ldap/servers.ts';
import { LdapTrouble, troubleOf } from '../../../../server/auth/ldap/trouble.ts';
import { LogRecorder } from './log_recorder.ts';

test('a name in a filter is escaped [rfc4515 3]', () => {
  const fill = (user: string): string => fillFilter('(uid={user})', { user });
  assert.equal(fill('alice'), '(uid=alice)');
  assert.equal(fill('*)(uid=*'), '(uid=\\2a\\29\\28uid=\\2a)');
  assert.equal(fill('a\0b\\2a'), '(uid=a\\00b\\5c2a)');
  assert.equal(fill('{dn}'), '(uid={dn})');
  assert.equal(
    fillFilter('(|(member={dn})(owner={user}))', { user: '$&', dn: 'cn=a\\, b,dc=x' }),
    '(|(member=cn=a\\5c, b,dc=x)(owner=$&))',
  );
});

const character = fc.oneof(
  fc.constantFrom('*', '(', ')', '\\', '\0', '=', '{', '}'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);

test('whatever the name, the filter compares one attribute with exactly that name', () => {
  fc.assert(
    fc.property(fc.string({ unit: character, minLength: 1 }), (user) => {
      const filter = FilterParser.parseString(fillFilter('(uid={user})', { user }));
      const { attribute, value } = filter as unknown as Record<string, unknown>;
      assert.equal(filter.constructor.name, 'EqualityFilter');
      assert.deepEqual([attribute, value], ['uid', user]);
    }),
  );
});

test('the name of a person is what the directory has where the filter looks', () => {
  const name = (filter: string, typed: string, ...values: string[]): string =>
    nameOf(nameRuleOf(filter), values, typed);
  assert.equal(name('(uid={user})', 'ALICE', 'alice'), 'alice');
  assert.equal(name('(&(objectClass=person)(|(uid={user})(mail={user})))', ' a  b ', 'A B'), 'A B');
  // Somebody with two names keeps the one that was typed.
  assert.equal(name('(uid={user})', 'Bob', 'robert', 'bob'), 'bob');
  assert.equal(name('(|(uid={user})(mail={user}))', 'alice@example.com', 'alice'), 'alice');
  assert.equal(name('(mail={user}@example.com)', 'ALICE', 'x@y', 'Alice@Example.com'), 'Alice');
});

test('a name that the directory does not show, or that cannot be one, stays as typed', () => {
  const name = (filter: string, ...values: string[]): string =>
    nameOf(nameRuleOf(filter), values, 'alice');
  assert.equal(name('(uid={user})'), 'alice');
  assert.equal(name('(uid={user})', 'evil\nname', ' ', 'x'.repeat(257)), 'alice');
  assert.equal(name('(mail={user}@example.com)', '@example.com', 'a@b'), 'alice');
  assert.equal(name('(uid={user}*)', 'alice2'), 'alice');
});

test('what a bind says about a person', () => {
  const judge = (code: number, text = '', changeDue = false): string =>
    judgeBind({ code, text, changeDue });
  assert.equal(judge(0), 'accepted');
  assert.equal(judge(0, '', true), 'refused');
  for (const code of [19, 32, 34, 48, 49, 50]) assert.equal(judge(code), 'refused', String(code));
  for (const code of [1, 2, 3, 8, 10, 11, 13, 51, 52, 53, 80, 118]) {
    assert.equal(judge(code), 'unavailable', String(code));
  }
  assert.equal(judge(53, 'Account inactivated. Contact system administrator.'), 'refused');
  assert.equal(judge(53, 'unauthenticated bind disallowed'), 'unavailable');
  assert.deepEqual([51, 52, 49, 32].map(isOutage), [true, true, false, false]);
  assert.match(renderAnswer({ code: 10, text: 'ldap://x' }), /auth\.ldap\.url \(code 10: ldap:/);
});

test('a server that failed is asked last for 30 s, or until it works', () => {
  const { servers, list, clock, log } = threeServers();
  const [a, b, c] = list;
  const failed = new LdapTrouble('server', 'nothing listens there');
  assert.deepEqual(servers.inOrder(), [a, b, c]);
  servers.failed(a, failed);
  assert.deepEqual(servers.inOrder(), [b, c, a]);
  clock.now += 10_000;
  servers.failed(b, failed);
  servers.failed(c, failed);
  // All are resting: the one that has done so for longest comes first.
  assert.deepEqual(servers.inOrder(), [a, b, c]);
  servers.worked(b);
  assert.deepEqual(servers.inOrder(), [b, a, c]);
  clock.now += 20_000;
  assert.deepEqual(servers.inOrder(), [a, b, c]);
  assert.deepEqual(log.messages(40), [
    ...Array.from({ length: 3 }, () => 'the directory cannot be asked'),
    'the directory answers again',
  ]);
});

test('a mistake of ours lets no server rest, and is said once', () => {
  const { servers, list, log } = threeServers();
  const mistake = new LdapTrouble('setup', 'auth.ldap.ca: no such file');
  servers.failed(list[0], mistake);
  servers.failed(list[1], mistake);
  assert.deepEqual(servers.inOrder(), list);
  assert.equal(log.messages(50).length, 1);
  servers.worked(list[0]);
  servers.failed(list[0], mistake);
  assert.equal(log.messages(50).length, 2);
});

test('what goes wrong with sockets and TLS comes in words', () => {
  const words = (code: string, message: string): string =>
    troubleOf(Object.assign(new Error(message), { code })).message;
  assert.match(words('ECONNREFUSED', 'connect'), /^nothing listens there \(connect\)$/);
  assert.match(
    words('SELF_SIGNED_CERT_IN_CHAIN', 'x; if the root CA is y'),
    /auth\.ldap\.ca.*\(x\)$/,
  );
  assert.match(words('ERR_TLS_CERT_ALTNAME_INVALID', 'x'), /another name/);
  assert.equal(words('EPIPE', 'write EPIPE'), 'write EPIPE');
});

test('a refusal waits for what the slowest of the latest good logins took, and a second at most', () => {
  const clock = new RefusalClock();
  assert.equal(clock.missing(5), 0);
  clock.accepted(80);
  clock.accepted(60);
  assert.equal(clock.missing(5), 75);
  assert.equal(clock.missing(90), 0);
  for (let i = 0; i < 16; i++) clock.accepted(20);
  assert.equal(clock.missing(5), 15);
  clock.accepted(30_000);
  assert.equal(clock.missing(0), 1_000);
});

test('traffic to a loopback address stays on the machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.3.2.1', '::1']) assert.ok(isLoopback(host));
  for (const host of ['127.0.0.1.example.com', 'ldap', '10.0.0.1', '::2']) {
    assert.ok(!isLoopback(host), host);
  }
});

function threeServers() {
  const log = new LogRecorder();
  const clock = { now: 1_000_000 };
  const server = (host: string) => ({ secure: true, host, port: 636 });
  const list = [server('a'), server('b'), server('c')] as const;
  const servers = new LdapServers({ logger: log.logger, now: () => clock.now }, list);
  return { servers, list, clock, log };
}
