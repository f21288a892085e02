import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthority } from '../../../certs/authority.ts';
import type { KeyPairPem } from '../../../certs/authority.ts';
import { checkFile, readConfig } from '../../../config/check.ts';
import type { CheckResult } from '../../../config/check.ts';

const NOW = Date.UTC(2026, 0, 1);

let folder = '';
let pair: KeyPairPem;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wolfguard-check-'));
  pair = await createAuthority('test', NOW);
  put('server.pem', pair.certificatePem);
  put('server.key', pair.privateKeyPem);
  put('passwd', '');
  put('etc-passwd', 'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n');
  put('etc-group', 'root:x:0:\nnogroup:x:65534:\n');
});

after(() => rmSync(folder, { recursive: true }));

test('a sound file on a sound machine is ok', () => {
  assert.deepEqual(check(''), { exitCode: 0, output: `${at('wolfguard.toml')}: ok` });
});

test('a file that cannot be read is one clear sentence', () => {
  assert.deepEqual(checkFile(at('none.toml')), {
    exitCode: 1,
    output: `${at('none.toml')}: cannot be read: there is no such file`,
  });
  assert.deepEqual(checkFile(folder), {
    exitCode: 1,
    output: `${folder}: cannot be read: it is a directory`,
  });
  assert.deepEqual(readConfig(at('none.toml')), {
    ok: false,
    output: `${at('none.toml')}: cannot be read: there is no such file`,
  });
});

test('a profile that a group or a host names is looked at, and its place is told', () => {
  put(
    'good.xml',
    '<?xml version="1.0"?>\n<!-- x -->\n<AnyConnectProfile a="b">\n</AnyConnectProfile>',
  );
  put('half.xml', '<AnyConnectProfile>');
  const { output } = check(`[group.staff.policy]
user_profile = "${at('good.xml')}"
[group."a.b".policy]
user_profile = "${at('half.xml')}"
[[vhost]]
name = "a.example"
policy = { user_profile = "/nowhere.xml" }
`);
  const lines = headlines(output);
  assert.equal(lines.length, 3);
  assert.match(
    lines[0] ?? '',
    /^\[group\."a\.b"\.policy\] user_profile: .* is no whole AnyConnect/,
  );
  assert.match(
    lines[1] ?? '',
    /^\[vhost\.policy\] user_profile: cannot read "\/nowhere\.xml": there/,
  );
});

test('mistakes of the text and of the disk come together, in order, and are counted', () => {
  const { exitCode, output } = check(
    '[workers]\nuser = "nobdy"\n[policy]\nkeep_alive = "5h"\n[log]\ndestination = "/nowhere/at/all.log"\n',
  );
  assert.equal(exitCode, 1);
  assert.deepEqual(headlines(output), [
    'workers.user: there is no user "nobdy" here',
    'unknown key "keep_alive" in [policy]',
    'log.destination: cannot read "/nowhere/at": there is no such file',
    '3 mistakes',
  ]);
  assert.match(output, /\^{10} did you mean "keepalive"\?/);
});

test('the files of the step "ldap" are looked at where a chain has it', () => {
  put('ldap.pem', pair.certificatePem);
  put('ldap.secret', 'to search with\n');
  put('empty', '\nnot here\n');
  const ldap = (ca: string, secret: string, step = 'ldap'): string[] =>
    headlines(
      check(
        `[auth.ldap]\nurl = "ldaps://x"\nbase_dn = "dc=x"\nca = "${at(ca)}"\n` +
          `bind_dn = "cn=x"\nbind_password_file = "${at(secret)}"\n` +
          `[[auth.chain]]\nsteps = ["${step}"]\n`,
      ).output,
    );
  assert.deepEqual(ldap('ldap.pem', 'ldap.secret'), ['ok']);
  assert.deepEqual(ldap('none', 'none', 'file'), ['ok']);
  assert.match(
    ldap('none', 'empty').join('\n'),
    /^auth.ldap.ca: cannot read .*\nauth.ldap.bind_password_file: the first line .* is empty\n2 m/,
  );
  assert.match(ldap('empty', 'ldap.secret').join(), /^auth.ldap.ca: the file holds no certificate/);
});

test('the secret of the step "radius" is looked at where a chain has it', () => {
  put('radius.secret', 'shared\n');
  put('empty', '\nnot here\n');
  const radius = (secret: string, step = 'radius'): string =>
    headlines(
      check(
        `[auth.radius]\nservers = ["192.0.2.1"]\nsecret_file = "${at(secret)}"\n` +
          `[[auth.chain]]\nsteps = ["${step}"]\n`,
      ).output,
    ).join('\n');
  assert.equal(radius('radius.secret'), 'ok');
  assert.equal(radius('none', 'file'), 'ok');
  assert.match(radius('none'), /^auth.radius.secret_file: cannot read .*\n1 mistake$/);
  assert.match(radius('empty'), /^auth.radius.secret_file: the first line .* is empty\n1 mistake$/);
});

test('certificate and key must be there, be what they should, and belong together', async () => {
  const other = await createAuthority('other', NOW);
  put('other.key', other.privateKeyPem);
  put('damaged.pem', pair.certificatePem.replace(/\n.{20}/, '\nAAAA'));
  const said = (certificate: string, key: string): string[] =>
    headlines(check('', certificate, key).output);
  assert.match(
    said('server.pem', 'other.key').join('\n'),
    /^tls.private_key: is not the key of the certificate in .*\n1 mistake$/,
  );
  assert.match(
    said('none.pem', 'server.key')[0] ?? '',
    /^tls.certificate: cannot read .*there is no such file$/,
  );
  assert.match(
    said('server.key', 'server.key')[0] ?? '',
    /^tls.certificate: the file holds no certificate/,
  );
  assert.match(
    said('damaged.pem', 'server.key')[0] ?? '',
    /^tls.certificate: certificate 1 of the file is damaged/,
  );
  assert.match(
    said('server.pem', 'server.pem')[0] ?? '',
    /^tls.private_key: the file holds no private key/,
  );
});

test('a key never stands in the output', () => {
  const { output } = check('', 'server.key', 'passwd');
  const secret = pair.privateKeyPem.split('\n')[1] ?? '';
  assert.ok(secret.length > 20);
  assert.ok(!output.includes(secret));
});

test('group and cipher lists are shown to the library that will use them', () => {
  assert.deepEqual(
    headlines(
      check('', 'server.pem', 'server.key', 'groups = "X25519:nonsense"\nciphers = "nonsense"')
        .output,
    ),
    [
      'tls.groups: OpenSSL does not take "X25519:nonsense"',
      'tls.ciphers: OpenSSL does not take "nonsense"',
      '2 mistakes',
    ],
  );
  assert.equal(
    check('', 'server.pem', 'server.key', 'ciphers = "ECDHE+AESGCM:!aNULL"').exitCode,
    0,
  );
});

test('a default that this machine lacks is named without a line', () => {
  const file = at('bare.toml');
  put('bare.toml', '');
  const { output } = checkFile(file, accounts());
  assert.match(
    output,
    /bare\.toml: auth\.file\.path: .* \(the default: the file does not set it\)\n {4}wolfguard passwd USER makes it/,
  );
});

test('the file of one-time passwords is looked for where a chain has the step', () => {
  const path = `otp_path = ${JSON.stringify(at('otp'))}\n`;
  assert.equal(check(path).exitCode, 0);
  const chain = '[[auth.chain]]\nsteps = ["file", "totp"]\n';
  assert.match(
    check(path + chain).output,
    /auth\.file\.otp_path: cannot read "[^"]*otp": (.|\n)*wolfguard otp USER makes it/,
  );
  put('otp', '');
  assert.equal(check(path + chain).exitCode, 0);
});

test("the file of the PAM service is looked for where a chain has the step, also its vendor's", () => {
  const service = '[auth.pam]\nservice = "Nowhere"\n';
  const chain = '[[auth.chain]]\nsteps = ["pam"]\n';
  assert.equal(check(service + chain).exitCode, 0, 'no folder of services');
  mkdirSync(at('pam.d'));
  mkdirSync(at('vendor'));
  assert.equal(check(service).exitCode, 0);
  assert.match(
    check(service + chain).output,
    /there is no PAM service "nowhere"(.|\n)*pam\.d\/nowhere/,
  );
  put('vendor/nowhere', '');
  assert.equal(check(service + chain).exitCode, 0);
});

test('a wrong value is reported once, not again for the default that stands in for it', () => {
  const { output } = check('[admin]\ngroup = 3\n');
  assert.deepEqual(headlines(output), [
    'admin.group: expected text in quotes, found a number',
    '1 mistake',
  ]);
});

function check(
  more: string,
  certificate = 'server.pem',
  key = 'server.key',
  tls = '',
): CheckResult {
  put(
    'wolfguard.toml',
    `[tls]
certificate = ${JSON.stringify(at(certificate))}
private_key = ${JSON.stringify(at(key))}
${tls}
[auth.file]
path = ${JSON.stringify(at('passwd'))}
${more}`,
  );
  return checkFile(at('wolfguard.toml'), accounts());
}

/** The sentences, without places, source lines and carets. */
const headlines = (output: string): string[] =>
  output
    .split('\n')
    .filter((line) => !/^\s/.test(line) && !/^ *\d+ \|/.test(line))
    .map((line) => line.replace(/^\/\S+?\.toml:(\d+:\d+:)? /, ''));

const accounts = () => ({
  passwd: at('etc-passwd'),
  group: at('etc-group'),
  pam: [at('pam.d'), at('vendor')],
});
const at = (name: string): string => join(folder, name);
const put = (name: string, text: string): void => writeFileSync(at(name), text);
