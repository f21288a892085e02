import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';

test('the url of a directory: scheme, host, port; several with blanks between', () => {
  assert.deepEqual(
    ldap('url = "ldaps://Ldap.example.com ldap://[::1]:3389/  ldap://10.0.0.1"').url,
    [
      { secure: true, host: 'Ldap.example.com', port: 636 },
      { secure: false, host: '::1', port: 3389 },
      { secure: false, host: '10.0.0.1', port: 389 },
    ],
  );
  assert.deepEqual(ldap('').url, []);
});

test('what is not the url of a directory is refused', () => {
  for (const url of [
    ...['ldap.example.com', 'ldap://', 'http://x', 'ldapi:///run/ldapi', 'ldaps://x/dc=example'],
    ...['ldap://x?uid', 'ldap://me:pw@x', 'ldap://x:', 'ldap://x,ldap://y', 'ldap://::1'],
  ]) {
    assert.match(mistakes(`url = "${url}"`).join(), /is not the URL of a directory/, url);
  }
  assert.match(mistakes('url = "ldap://x:0"').join(), /port 0 is not between/);
  assert.match(mistakes('url = "ldap://x ldap://x"').join(), /is listed twice/);
});

test('filters are checked before anybody logs in', () => {
  for (const filter of [
    '(uid={user})',
    '(&(objectClass=person)(|(uid={user})(mail={user}@example.com))(!(disabled=*)))',
    '(&(sAMAccountName={user})(memberOf:1.2.840.113556.1.4.1941:=cn=vpn,dc=example,dc=com))',
    '(cn=a\\2a{user}b)',
  ]) {
    assert.equal(ldap(`user_filter = ${JSON.stringify(filter)}`).user_filter, filter);
  }
  for (const filter of [
    ...['uid={user}', '(uid={user}', '(uid={user}))', '(&(uid={user})', '(&)', '({user}=x)', '()'],
    ...['(|(uid={user}) (mail={user}))', '(uid={user}\\zz)', '(!(a=b)(uid={user}))', '(uid=())'],
    ...['(uid={user})(a=b)', '(cn=\\c3\\a9{user})'],
  ]) {
    const found = mistakes(`user_filter = ${JSON.stringify(filter)}`).join();
    assert.match(found, /is not an LDAP filter/, filter);
  }
});

test('a filter has the words that it can have, and one at least', () => {
  assert.match(mistakes('user_filter = "(uid=alice)"').join(), /the same for everybody/);
  assert.match(mistakes('user_filter = "(uid={dn})"').join(), /"\{dn\}" stands for nothing here/);
  assert.match(mistakes('user_filter = "(uid={name})"').join(), /"\{name\}" stands for nothing/);
  assert.match(mistakes('group_filter = "(cn=vpn)"').join(), /the same for everybody/);
  const either = '(|(member={dn})(memberUid={user}))';
  assert.equal(ldap(`group_filter = "${either}"`).group_filter, either);
});

test('names of entries and attributes look like such', () => {
  assert.match(mistakes('base_dn = "people"').join(), /is not a distinguished name/);
  assert.match(mistakes('group_attribute = "cn=x"').join(), /is not the name of an attribute/);
  const bind = (name: string): readonly string[] =>
    mistakes(`bind_dn = ${JSON.stringify(name)}\nbind_password_file = "/x"`);
  for (const name of ['cn=vpn,dc=x', 'vpn@corp.example.com', 'CORP\\vpn']) {
    assert.deepEqual(bind(name), [], name);
  }
  assert.match(bind('EXTERNAL').join(), /is not a name to bind as/);
});

test('keys that need each other, or contradict', () => {
  const url = 'url = "ldaps://x"';
  assert.match(mistakes(`${url}\nstart_tls = true`).join(), /ldaps:\/\/ speaks TLS already/);
  assert.match(mistakes('url = "ldap://x"\nca = "/x.pem"').join(), /no TLS with ldap:\/\/ alone/);
  assert.deepEqual(mistakes('url = "ldap://x"\nca = "/x.pem"\nstart_tls = true'), []);
  assert.match(mistakes('bind_dn = "cn=x"').join(), /bind_dn needs a password/);
  assert.match(mistakes('bind_password_file = "/x"').join(), /the password of nobody/);
  const chain = '[[auth.chain]]\nsteps = ["ldap"]';
  assert.match(mistakes(`${url}\n${chain}`).join(), /auth\.ldap\.base_dn: the step "ldap" needs/);
});

function ldap(lines: string) {
  const result = loadConfig(`[auth.ldap]\n${lines}`, 'test');
  if (!result.ok) throw new Error(result.output);
  return result.config.auth.ldap;
}

function mistakes(lines: string): readonly string[] {
  const result = loadConfig(`[auth.ldap]\n${lines}`, 'test');
  return result.ok ? [] : result.problems.map(({ message }) => message);
}
