import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { checkFile } from '../../../config/check.ts';
import { OpensslAuthority } from '../certs/openssl.ts';

const DAY_MS = 86_400_000;
const authority = new OpensslAuthority();
const at = (name: string): string => authority.file(name);
after(() => authority.close());
before(() => {
  authority.issue('/CN=vpn', [], [], 'server');
  authority.issue('/CN=bob', [], [], 'bob');
  authority.issue('/CN=vpn', [], ['-newkey', 'rsa:2048'], 'rsa');
  authority.revoke('list', ['bob']);
  authority.respond('good', 'server');
  authority.respond('strange', 'bob');
  authority.run('ec', '-in', 'server.key', '-aes128', '-passout', 'pass:x', '-out', 'locked.key');
  const openFiles = { passwd: '', users: 'root:x:0:\nnobody:x:1:\n', groups: 'nogroup:x:1:\n' };
  for (const [name, text] of Object.entries(openFiles)) writeFileSync(at(name), text);
  for (const [name, text, mode] of [
    ['pass', 'x\n', 0o600],
    ['pass-wrong', 'y\n', 0o600],
    ['pass-empty', '\n', 0o600],
    ['pass-open', 'x\n', 0o600],
  ] as const) {
    writeFileSync(at(name), text, { mode });
  }
  chmodSync(at('pass-open'), 0o644);
});

test('client authority, list, response and an encrypted key that are sound are ok', () => {
  const tls = {
    client_ca: 'ca.pem',
    client_crl: 'list.crl.der',
    ocsp_response: 'good.ocsp',
    private_key: 'locked.key',
    private_key_passphrase_file: 'pass',
  };
  assert.deepEqual(check(tls), ['ok']);
});

for (const [what, tls, sentence] of [
  [
    'a passphrase that others may read',
    { private_key_passphrase_file: 'pass-open' },
    /^tls\.private_key_passphrase_file: others than its owner may read ".*pass-open" \(mode 644\): chmod 600 it$/,
  ],
  [
    'an empty passphrase',
    { private_key_passphrase_file: 'pass-empty' },
    /^tls\.private_key_passphrase_file: the first line of .* is empty$/,
  ],
  [
    'a wrong passphrase',
    { private_key: 'locked.key', private_key_passphrase_file: 'pass-wrong' },
    /^tls\.private_key: the passphrase in tls\.private_key_passphrase_file does not open the key$/,
  ],
  [
    'an encrypted key without a passphrase',
    { private_key: 'locked.key' },
    /^tls\.private_key: the key has a passphrase, .* name a file with it/,
  ],
  [
    'a client authority that is none',
    { client_ca: 'server.pem' },
    /^tls\.client_ca: certificate 1 of the file is not that of an authority$/,
  ],
  ['a key as client authority', { client_ca: 'ca.key' }, /^tls\.client_ca: the file holds no cert/],
  [
    'a certificate as revocation list',
    { client_ca: 'ca.pem', client_crl: 'ca.pem' },
    /^tls\.client_crl: the file holds no revocation list$/,
  ],
  [
    'a revocation list without an authority',
    { client_crl: 'list.crl' },
    /^tls\.client_crl: without tls\.client_ca nobody is asked for a certificate/,
  ],
  [
    'a response about another certificate',
    { ocsp_response: 'strange.ocsp' },
    /^tls\.ocsp_response: is about another certificate$/,
  ],
  [
    'something else as response',
    { ocsp_response: 'ca.pem' },
    /^tls\.ocsp_response: the file holds/,
  ],
  ['no response', { ocsp_response: 'none' }, /^tls\.ocsp_response: cannot read .* no such file$/],
] as const) {
  test(`${what} is found`, () => {
    const [first, ...others] = check(tls);
    assert.match(first ?? '', sentence);
    assert.deepEqual(others, ['1 mistake']);
  });
}

test('a list and a response that have ended are found', () => {
  const tls = { client_ca: 'ca.pem', client_crl: 'list.crl', ocsp_response: 'good.ocsp' };
  const found = check(tls, '', Date.now() + 8 * DAY_MS);
  assert.match(found[0] ?? '', /^tls\.client_crl: list 1 of the file expired on \d{4}-/);
  assert.match(found[1] ?? '', /^tls\.ocsp_response: the response expired on \d{4}-/);
  assert.equal(found[2], '2 mistakes');
});

test('a certificate that has ended is found', () => {
  const [found] = check({}, '', Date.now() + 21 * DAY_MS);
  assert.match(found ?? '', /^tls\.certificate: the certificate expired on \d{4}-/);
});

test('a list of another authority is found', () => {
  const other = new OpensslAuthority('/CN=Other');
  other.revoke('list');
  const found = check({ client_ca: 'ca.pem', client_crl: other.file('list.crl') });
  other.close();
  assert.match(
    found[0] ?? '',
    /list 1 of the file is of an authority that is not in tls\.client_ca/,
  );
});

test('an RSA and an ECDSA pair go together, two of one kind do not', () => {
  assert.deepEqual(
    check({ certificate: ['server.pem', 'rsa.pem'], private_key: ['server.key', 'rsa.key'] }),
    ['ok'],
  );
  const [first] = check({
    certificate: ['server.pem', 'bob.pem'],
    private_key: ['server.key', 'bob.key'],
  });
  assert.match(
    first ?? '',
    /^tls\.certificate: number 1 and number 2 have the same kind of key \(ec/,
  );
});

test("a virtual host's files are looked at, and found wanting at their own place", () => {
  const { output } = run(
    {},
    `[[vhost]]\nname = "b.example.com"\ntls = { certificate = "${at('bob.pem')}", client_ca = "${at('none')}" }\n`,
  );
  assert.match(output, /:8:\d+: tls\.private_key: is not the key of the certificate in/);
  assert.match(output, /:8:\d+: tls\.client_ca: cannot read ".*none": there is no such file/);
  assert.match(output, /2 mistakes$/);
});

test('what a virtual host has from the main server is found once', () => {
  const found = check({ client_ca: 'none' }, '[[vhost]]\nname = "b.example.com"\n');
  assert.equal(found.length, 2);
});

type Tls = Readonly<Record<string, string | string[]>>;

/** The sentences, without places, source lines and carets. */
const check = (tls: Tls, more = '', now = Date.now()): string[] =>
  run(tls, more, now)
    .output.split('\n')
    .filter((line) => !/^\s/.test(line) && !/^ *\d+ \|/.test(line))
    .map((line) => line.replace(/^\/\S+?\.toml:( |\d+:\d+: )/, ''));

/** Names without a slash are files of the authority's folder. */
function run(tls: Tls, more: string, now = Date.now()): { readonly output: string } {
  const path = (name: string): string => (name.startsWith('/') ? name : at(name));
  const values: Tls = { certificate: 'server.pem', private_key: 'server.key', ...tls };
  const lines = Object.entries(values).map(
    ([key, value]) =>
      `${key} = ${JSON.stringify(typeof value === 'string' ? path(value) : value.map(path))}`,
  );
  const text = `[tls]\n${lines.join('\n')}\n[auth.file]\npath = "${at('passwd')}"\n${more}\n`;
  writeFileSync(at('wolfguard.toml'), text);
  return checkFile(
    at('wolfguard.toml'),
    { passwd: at('users'), group: at('groups'), pam: [] },
    now,
  );
}
