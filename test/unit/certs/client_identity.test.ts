import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { readIdentity } from '../../../certs/client_identity.ts';
import type { ClientIdentity } from '../../../certs/client_identity.ts';
import { OpensslAuthority } from './openssl.ts';

const authority = new OpensslAuthority();
after(() => authority.close());

const alice = authority.issue('/O=Org/OU=staff/OU=it/UID=a.smith/CN=alice', [
  'subjectAltName=email:alice@example.com,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@corp.example,DNS:pc1',
]);

const identity = (der: Uint8Array, userField: string, groupField = ''): ClientIdentity =>
  readIdentity(der, { userField, groupField });

for (const [field, user] of [
  ['CN', 'alice'],
  ['cn', 'alice'],
  ['UID', 'a.smith'],
  ['SAN:email', 'alice@example.com'],
  ['SAN:upn', 'alice@corp.example'],
  ['2.5.4.3', 'alice'],
  ['0.9.2342.19200300.100.1.1', 'a.smith'],
] as const) {
  test(`the user stands in ${field}`, () => {
    assert.deepEqual(identity(alice, field), { user, groups: [] });
  });
}

test('each OU is a group, in its order and once', () => {
  assert.deepEqual(identity(alice, 'CN', 'OU'), { user: 'alice', groups: ['staff', 'it'] });
  const twice = authority.issue('/OU=staff/OU=staff/CN=bob');
  assert.deepEqual(identity(twice, 'CN', 'OU'), { user: 'bob', groups: ['staff'] });
});

test('any OID of the subject may name user or group, one with a zero in it too', () => {
  const der = authority.issue('/CN=x/own=carl/title=boss', [], requestOptions());
  assert.deepEqual(identity(der, '1.3.6.1.4.1.99999.0.7', '2.5.4.12'), {
    user: 'carl',
    groups: ['boss'],
  });
});

test('a name in UTF-8, and one in the BMPString of older authorities, come as they are', () => {
  assert.deepEqual(identity(authority.issue('/CN=Zoë Ångström'), 'CN'), {
    user: 'Zoë Ångström',
    groups: [],
  });
  const wide = authority.issue('/CN=Łukasz', [], requestOptions('MASK:0x800'));
  assert.ok(Buffer.from(wide).includes(Buffer.from('\u0141ukasz', 'utf16le').swap16()));
  assert.deepEqual(identity(wide, 'CN'), { user: 'Łukasz', groups: [] });
});

test('a certificate without the field has no user, and the reason names the field', () => {
  for (const field of ['SAN:email', 'SAN:upn', 'UID', '1.2.3.4']) {
    assert.deepEqual(identity(authority.issue('/CN=bob'), field), {
      reason: `the certificate has no ${field}`,
    });
  }
  const others = authority.issue('/CN=bob', ['subjectAltName=DNS:bob.example.com']);
  assert.deepEqual(identity(others, 'SAN:email'), { reason: 'the certificate has no SAN:email' });
});

test('two values are refused, also where only one of them could be a name', () => {
  const reason = 'the certificate has more than one CN';
  assert.deepEqual(identity(authority.issue('/CN=alice/CN=root'), 'CN'), { reason });
  assert.deepEqual(identity(authority.issue('/CN=alice+CN=root', [], ['-multivalue-rdn']), 'CN'), {
    reason,
  });
  const emails = authority.issue('/CN=x', [
    'subjectAltName=email:a@example.com,email:b@example.com',
  ]);
  assert.deepEqual(identity(emails, 'SAN:email'), {
    reason: 'the certificate has more than one SAN:email',
  });
});

test('a name with control characters is none', () => {
  assert.deepEqual(identity(authority.issue('/CN=root\x07'), 'CN'), {
    reason: "the CN of the certificate cannot be a user's name",
  });
  const groups = identity(authority.issue('/OU=a\x1bb/OU=it/CN=bob'), 'CN', 'OU');
  assert.deepEqual(groups, { user: 'bob', groups: ['it'] });
});

test('what is no certificate is refused with a reason', () => {
  const reason = 'the certificate cannot be read';
  assert.deepEqual(identity(new Uint8Array(), 'CN'), { reason });
  assert.deepEqual(identity(Uint8Array.from([0x30, 0x80, 0, 0]), 'CN'), { reason });
  assert.deepEqual(identity(alice.subarray(0, alice.length - 1), 'CN'), { reason });
  assert.deepEqual(identity(Uint8Array.from([...alice, 0]), 'CN'), { reason });
});

test('damage anywhere gives an answer, never an exception', () => {
  fc.assert(
    fc.property(fc.nat(alice.length - 1), fc.nat(255), (at, byte) => {
      const damaged = Uint8Array.from(alice);
      damaged[at] = byte;
      const found = identity(damaged, 'SAN:upn', 'OU');
      assert.ok('user' in found || found.reason.length > 0);
    }),
    { numRuns: 2000 },
  );
});

/** What `openssl req` shall know: an OID "own", the types of texts. */
function requestOptions(stringMask = 'utf8only'): readonly string[] {
  const config = authority.file('request.cnf');
  writeFileSync(
    config,
    [
      ...['oid_section=oids', '[req]', 'distinguished_name=none', `string_mask=${stringMask}`],
      ...['[none]', '[oids]', 'own=1.3.6.1.4.1.99999.0.7'],
    ].join('\n'),
  );
  return ['-config', config];
}
