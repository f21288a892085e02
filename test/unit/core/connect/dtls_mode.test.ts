import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConnectHeaders } from '../../../../core/connect/connect_request.ts';
import { chooseDtls } from '../../../../core/connect/dtls_mode.ts';

const ON = { udp: true, legacy: true, aesHardware: true };
const TLS = 'TLS_AES_256_GCM_SHA384';
const SECRET = { 'x-dtls-master-secret': 'ab'.repeat(48) };
/** All that a Cisco client and an openconnect without PSK may offer. */
const EVERYTHING = {
  ...SECRET,
  'x-dtls-ciphersuite':
    'OC-DTLS1_2-AES128-GCM:OC-DTLS1_2-AES256-GCM:OC2-DTLS1_2-CHACHA20-POLY1305:AES256-SHA',
  'x-dtls12-ciphersuite':
    'AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384',
};

const choose = (headers: Record<string, string>, policy = ON, tlsCipher = TLS): unknown => {
  const mode = chooseDtls(parseConnectHeaders(headers), policy, tlsCipher);
  return mode.kind === 'legacy' ? `${mode.header}: ${mode.suite}` : mode.kind;
};

test('PSK-NEGOTIATE is taken wherever it stands in the list [oc 5.1]', () => {
  assert.equal(choose({ 'x-dtls-ciphersuite': 'PSK-NEGOTIATE:OC-DTLS1_2-AES256-GCM' }), 'psk');
  assert.equal(choose({ ...SECRET, 'x-dtls-ciphersuite': 'AES256-SHA:PSK-NEGOTIATE' }), 'psk');
});

for (const [header, name, number, records] of [
  ['X-DTLS-CipherSuite', 'OC-DTLS1_2-AES256-GCM', 0x009d, 'aes-gcm'],
  ['X-DTLS-CipherSuite', 'OC-DTLS1_2-AES128-GCM', 0x009c, 'aes-gcm'],
  ['X-DTLS-CipherSuite', 'OC2-DTLS1_2-CHACHA20-POLY1305', 0xccab, 'chacha20-poly1305'],
  ['X-DTLS12-CipherSuite', 'AES256-GCM-SHA384', 0x009d, 'aes-gcm'],
  ['X-DTLS12-CipherSuite', 'AES128-GCM-SHA256', 0x009c, 'aes-gcm'],
  ['X-DTLS12-CipherSuite', 'ECDHE-RSA-AES256-GCM-SHA384', 0xc030, 'aes-gcm'],
  ['X-DTLS12-CipherSuite', 'ECDHE-RSA-AES128-GCM-SHA256', 0xc02f, 'aes-gcm'],
] as const)
  test(`${name} is resumed under the name that was offered [oc 8.3]`, () => {
    const facts = parseConnectHeaders({
      ...SECRET,
      [header.toLowerCase()]: `X:${name}:AES256-SHA`,
    });
    const { masterSecret } = facts;
    assert.deepEqual(chooseDtls(facts, ON, TLS), {
      kind: 'legacy',
      header,
      suite: name,
      number,
      records,
      masterSecret,
    });
  });

for (const [tlsCipher, chosen] of [
  ['TLS_AES_256_GCM_SHA384', 'X-DTLS12-CipherSuite: AES256-GCM-SHA384'],
  ['ECDHE-RSA-AES128-GCM-SHA256', 'X-DTLS12-CipherSuite: ECDHE-RSA-AES128-GCM-SHA256'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'X-DTLS-CipherSuite: OC2-DTLS1_2-CHACHA20-POLY1305'],
] as const)
  test(`beside ${tlsCipher} the same cipher is preferred [oc 8.3]`, () => {
    for (const aesHardware of [true, false])
      assert.equal(choose(EVERYTHING, { ...ON, aesHardware }, tlsCipher), chosen);
  });

test('where the same cipher is not to be had, strength decides, and what this machine is quick at', () => {
  const cbc = 'ECDHE-RSA-AES256-SHA';
  assert.equal(choose(EVERYTHING, ON, cbc), 'X-DTLS12-CipherSuite: AES256-GCM-SHA384');
  assert.equal(
    choose(EVERYTHING, { ...ON, aesHardware: false }, cbc),
    'X-DTLS-CipherSuite: OC2-DTLS1_2-CHACHA20-POLY1305',
  );
  assert.equal(
    choose({ ...SECRET, 'x-dtls12-ciphersuite': 'AES128-GCM-SHA256' }),
    'X-DTLS12-CipherSuite: AES128-GCM-SHA256',
  );
});

test('a name counts only under its own header', () => {
  assert.equal(choose({ ...SECRET, 'x-dtls-ciphersuite': 'AES256-GCM-SHA384' }), 'off');
  assert.equal(choose({ ...SECRET, 'x-dtls12-ciphersuite': 'OC-DTLS1_2-AES256-GCM' }), 'off');
});

test('there is no DTLS without a suite of DTLS 1.2, nor without a secret', () => {
  assert.equal(choose({ ...SECRET, 'x-dtls-ciphersuite': 'AES256-SHA:DES-CBC3-SHA' }), 'off');
  assert.equal(choose({ 'x-dtls12-ciphersuite': 'AES256-GCM-SHA384' }), 'off');
  assert.equal(choose({}), 'off');
});

test('there is no DTLS where it is switched off [oc 8.7]', () => {
  const psk = { 'x-dtls-ciphersuite': 'PSK-NEGOTIATE' };
  assert.equal(choose(psk, { ...ON, udp: false }), 'off');
  assert.equal(choose(EVERYTHING, { ...ON, legacy: false }), 'off');
  assert.equal(choose(psk, { ...ON, legacy: false }), 'psk');
});
