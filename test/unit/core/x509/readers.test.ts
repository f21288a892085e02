import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { readCertificateNames } from '../../../../core/x509/certificate.ts';
import { parseField } from '../../../../core/x509/field.ts';
import { readOcspResponse } from '../../../../core/x509/ocsp_response.ts';
import { derOf, pemBlocks, toPem } from '../../../../core/x509/pem.ts';
import { readRevocationListHead } from '../../../../core/x509/revocation_list.ts';
import { OpensslAuthority } from '../../certs/openssl.ts';

const DAY_MS = 86_400_000;
const authority = new OpensslAuthority();
const bytes = (name: string): Uint8Array => readFileSync(authority.file(name));
after(() => authority.close());
before(() => {
  authority.issue('/CN=bob', [], [], 'bob');
  authority.revoke('list', ['bob']);
  authority.respond('good', 'bob');
});

test('names and serial of a certificate are those that OpenSSL reads', () => {
  const certificate = new X509Certificate(bytes('bob.pem'));
  const names = readCertificateNames(certificate.raw);
  assert.equal(names?.serial, certificate.serialNumber.toLowerCase());
  assert.deepEqual(names.subjectFields, [{ oid: '2.5.4.3', value: 'bob' }]);
  const issuer = readCertificateNames(new X509Certificate(bytes('ca.pem')).raw);
  assert.deepEqual(names.issuer, issuer?.subject);
});

test('the head of a revocation list says by whom it is and for how long', () => {
  const head = readRevocationListHead(bytes('list.crl.der'));
  const issuer = readCertificateNames(new X509Certificate(bytes('ca.pem')).raw);
  assert.deepEqual(head?.issuer, issuer?.subject);
  assert.equal((head?.nextUpdate ?? 0) - (head?.thisUpdate ?? 0), 7 * DAY_MS);
  assert.equal(head?.signatureAlgorithm, '1.2.840.10045.4.3.2');
});

test('an OCSP response says of whom it speaks, what and for how long', () => {
  const [status, ...others] = readOcspResponse(bytes('good.ocsp')) ?? [];
  assert.ok(status !== undefined);
  const { serialNumber } = new X509Certificate(bytes('bob.pem'));
  assert.equal(status.serial, serialNumber.toLowerCase());
  assert.equal(status.status, 'good');
  assert.equal((status.nextUpdate ?? 0) - status.thisUpdate, 7 * DAY_MS);
  assert.equal(others.length, 0);
});

test('"try later" and other failures of a responder are no response', () => {
  assert.equal(readOcspResponse(Uint8Array.of(0x30, 3, 0x0a, 1, 3)), undefined);
});

test('damage anywhere gives an answer or undefined, never an exception', () => {
  for (const [name, read] of [
    ['list.crl.der', readRevocationListHead],
    ['good.ocsp', readOcspResponse],
  ] as const) {
    const whole = bytes(name);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, cut) => {
        const damaged = Uint8Array.from(cut ? whole.subarray(0, at) : whole);
        if (!cut) damaged[at] = byte;
        const found = read(damaged);
        assert.ok(!cut || found === undefined);
      }),
      { numRuns: 1000 },
    );
  }
});

test('PEM frames come off and on', () => {
  const pem = readFileSync(authority.file('bob.pem'), 'utf8');
  const [block = ''] = pemBlocks(Buffer.from(`before\r\n${pem}after`), 'CERTIFICATE');
  assert.equal(toPem(derOf(block), 'CERTIFICATE'), block);
  assert.deepEqual(pemBlocks(Buffer.from(pem), 'X509 CRL'), []);
});

test('fields of a certificate are known by their names and OIDs, and nothing else is one', () => {
  assert.deepEqual(parseField('uid'), { kind: 'subject', oid: '0.9.2342.19200300.100.1.1' });
  assert.deepEqual(parseField('SAN:UPN'), { kind: 'upn' });
  assert.deepEqual(parseField('1.2.3'), { kind: 'subject', oid: '1.2.3' });
  for (const text of [
    '',
    'X',
    'SAN:dns',
    '1',
    '3.1',
    '1.40.1',
    '2.5.04',
    '2..5',
    ' CN',
    'toString',
  ]) {
    assert.equal(parseField(text), undefined, text);
  }
});
