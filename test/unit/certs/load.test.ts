import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import {
  createAuthority,
  issueServerCertificate,
  type KeyPairPem,
} from '../../../certs/authority.ts';
import { writeFileAtomically } from '../../../certs/files.ts';
import { loadServerCertificate } from '../../../certs/load.ts';
import { termWarning } from '../../../core/x509/term.ts';
import { pinOf } from '../../../certs/pin.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const IDENTITY = { dnsNames: ['vpn.example.org'], addresses: [] };

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-load-'));
after(() => rmSync(folder, { recursive: true, force: true }));

let authority: KeyPairPem;
let server: KeyPairPem;
before(async () => {
  authority = await createAuthority('test', NOW);
  server = await issueServerCertificate(authority, IDENTITY, NOW);
});

test('a chain and its key load with pin and end of validity', () => {
  const loaded = load(server.certificatePem + authority.certificatePem, server.privateKeyPem);
  assert.equal(loaded.certificateChainPem, server.certificatePem + authority.certificatePem);
  assert.equal(loaded.pin, pinOf(server.certificatePem));
  assert.equal(loaded.keyType, 'ec');
  assert.ok((loaded.term.until ?? 0) > NOW + 800 * DAY_MS);
  assert.deepEqual(loaded.warnings, []);
});

test('a chain in the wrong order is put right, with a warning', () => {
  const loaded = load(authority.certificatePem + server.certificatePem, server.privateKeyPem);
  assert.equal(loaded.certificateChainPem, server.certificatePem + authority.certificatePem);
  assert.match(loaded.warnings.join(), /does not begin with/);
});

test('text around the PEM blocks does not matter', () => {
  const loaded = load(`subject=CN = x\n${server.certificatePem}\ntrailing\n`, server.privateKeyPem);
  assert.equal(loaded.certificateChainPem, server.certificatePem);
});

test('the term of the certificate is told', () => {
  const { term } = load(server.certificatePem, server.privateKeyPem);
  assert.equal(termWarning(term, NOW), undefined);
  assert.match(termWarning(term, NOW + 1000 * DAY_MS) ?? '', /expired on \d{4}-\d\d-\d\d/);
  assert.match(termWarning(term, NOW - DAY_MS) ?? '', /not valid before .*clock/);
});

test('a key of another certificate is refused', () => {
  assert.throws(() => load(server.certificatePem, authority.privateKeyPem), {
    code: 'TLS_MISMATCH',
  });
});

test('a file without a certificate, a damaged one and a missing one are told apart', () => {
  assert.throws(() => load('nothing', server.privateKeyPem), /no certificate in PEM form/);
  const damaged = server.certificatePem.replace(/[A-Za-z0-9]{40}/, 'A'.repeat(40));
  assert.throws(() => load(damaged, server.privateKeyPem), /certificate 1 in .* is damaged/);
  assert.throws(
    () =>
      loadServerCertificate({
        certificate: path.join(folder, 'none'),
        privateKey: 'x',
        passphrase: null,
      }),
    { code: 'FILE_READ', message: /none: no such file or folder/ },
  );
});

for (const [what, ...args] of [
  ['PKCS#8', 'pkcs8', '-topk8', '-v2', 'aes-256-cbc'],
  ['PKCS#8 with 3DES', 'pkcs8', '-topk8', '-v2', 'des3'],
  ['the older "Proc-Type: 4,ENCRYPTED"', 'ec', '-aes128'],
] as const) {
  test(`a key with a passphrase in ${what} opens with it, and with no other`, () => {
    const pem = openssl(server.privateKeyPem, ...args, '-passout', 'pass:x');
    assert.match(pem, /ENCRYPTED/);
    assert.equal(load(server.certificatePem, pem, 'x').privateKeyPem, server.privateKeyPem);
    for (const wrong of ['y', '']) {
      assert.throws(() => load(server.certificatePem, pem, wrong), {
        code: 'TLS_KEY',
        message:
          /^the passphrase in tls\.private_key_passphrase_file does not open the private key \/.*key\.pem$/,
      });
    }
    assert.throws(
      () => load(server.certificatePem, pem),
      /is protected by a passphrase: .* name it in tls\.private_key_passphrase_file$/,
    );
  });
}

test('a key under a cipher that OpenSSL has given up is refused with the command that helps', () => {
  const legacy = ['-provider', 'legacy', '-provider', 'default'];
  const args = ['pkcs8', '-topk8', '-v1', 'PBE-MD5-DES', '-passout', 'pass:x', ...legacy] as const;
  const pem = openssl(server.privateKeyPem, ...args);
  assert.throws(() => load(server.certificatePem, pem, 'x'), /write it anew with "openssl pkcs8/);
});

test('a passphrase for a key that needs none does no harm', () => {
  const loaded = load(server.certificatePem, server.privateKeyPem, 'x');
  assert.equal(loaded.privateKeyPem, server.privateKeyPem);
  assert.throws(() => load(server.certificatePem, 'nothing', 'x'), /no private key in PEM form/);
});

test('a key on a token is refused as not available yet', () => {
  const paths = { certificate: 'x', privateKey: 'pkcs11:token=vpn', passphrase: null };
  assert.throws(() => loadServerCertificate(paths), /not available yet/);
});

test('a written file has its mode whatever stood there before, and no remains beside it', () => {
  const directory = mkdtempSync(path.join(folder, 'write-'));
  const file = path.join(directory, 'key');
  writeFileSync(file, 'old', { mode: 0o644 });
  writeFileAtomically(file, 'new', 0o600);
  assert.equal(readFileSync(file, 'utf8'), 'new');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(readdirSync(directory), ['key']);
});

test('a file that cannot be written is reported with its path and the reason', () => {
  const file = path.join(folder, 'no', 'such', 'folder');
  assert.throws(() => writeFileAtomically(file, 'x', 0o600), {
    code: 'FILE_WRITE',
    message: /cannot write .*folder: no such file or folder/,
  });
});

const openssl = (input: string, ...args: readonly string[]): string =>
  execFileSync('openssl', args, { input, encoding: 'utf8', stdio: 'pipe' });

function load(certificates: string, key: string, passphrase: string | null = null) {
  const directory = mkdtempSync(path.join(folder, 'pair-'));
  const paths = {
    certificate: path.join(directory, 'chain.pem'),
    privateKey: path.join(directory, 'key.pem'),
    passphrase,
  };
  writeFileSync(paths.certificate, certificates);
  writeFileSync(paths.privateKey, key);
  return loadServerCertificate(paths);
}
