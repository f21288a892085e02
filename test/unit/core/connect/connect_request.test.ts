import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConnectHeaders } from '../../../../core/connect/connect_request.ts';

// What openconnect 9.01 sends [oc 5.1].
const OPENCONNECT = {
  'x-cstp-base-mtu': '1500',
  'x-cstp-mtu': '1390',
  'x-cstp-address-type': 'IPv6,IPv4',
  'x-cstp-full-ipv6-capability': 'true',
  'x-dtls-master-secret': 'aB'.repeat(48),
  'x-dtls-ciphersuite':
    'PSK-NEGOTIATE:OC-DTLS1_2-AES256-GCM:OC2-DTLS1_2-CHACHA20-POLY1305:OC-DTLS1_2-AES128-GCM:AES256-SHA',
  'x-dtls12-ciphersuite': 'ECDHE-RSA-AES256-GCM-SHA384:AES256-GCM-SHA384:AES128-GCM-SHA256',
};

test('the headers of openconnect become facts', () => {
  const facts = parseConnectHeaders(OPENCONNECT);
  assert.equal(facts.baseMtu, 1500);
  assert.equal(facts.cstpMtu, 1390);
  assert.ok(facts.wantsIpv6 && facts.fullIpv6);
  assert.deepEqual(facts.masterSecret, Buffer.alloc(48, 0xab));
  assert.equal(facts.dtlsSuites.length, 5);
  assert.deepEqual(facts.dtls12Suites[1], 'AES256-GCM-SHA384');
});

test('without headers there are no facts and no IPv6', () => {
  assert.deepEqual(parseConnectHeaders({}), {
    baseMtu: null,
    cstpMtu: null,
    wantsIpv6: false,
    fullIpv6: false,
    masterSecret: null,
    dtlsSuites: [],
    dtls12Suites: [],
    compression: { tls: [], dtls: [] },
  });
});

test('IPv4 alone means no IPv6', () => {
  assert.equal(parseConnectHeaders({ 'x-cstp-address-type': 'IPv4' }).wantsIpv6, false);
});

for (const text of [
  '0',
  '-1',
  '16385',
  '99999',
  '4294967295',
  '1e3',
  '0x500',
  '1500 ',
  '1500, 1500',
  '',
])
  test(`a base MTU of "${text}" cannot wrap anything around (ocserv #717)`, () => {
    const { baseMtu } = parseConnectHeaders({ 'x-cstp-base-mtu': text });
    assert.equal(baseMtu, text === '1500 ' ? 1500 : null);
  });

test('a master secret of another length or alphabet is none', () => {
  for (const hex of ['ab'.repeat(47), 'ab'.repeat(49), 'zz'.repeat(48), ''])
    assert.equal(parseConnectHeaders({ 'x-dtls-master-secret': hex }).masterSecret, null);
});

test('64 suites are looked at, and names are words', () => {
  const names = Array.from({ length: 100 }, (_, i) => `S${i}`).join(':');
  assert.equal(parseConnectHeaders({ 'x-dtls-ciphersuite': names }).dtlsSuites.length, 64);
  assert.deepEqual(parseConnectHeaders({ 'x-dtls-ciphersuite': 'a\tb:ok' }).dtlsSuites, ['ok']);
});

test('no header value makes the parser throw', () => {
  const headers = fc.record(
    Object.fromEntries(Object.keys(OPENCONNECT).map((name) => [name, fc.string()])),
  );
  fc.assert(fc.property(headers, (values) => void parseConnectHeaders(values)));
});
