import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
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
  assert.ok(loaded.notAfter > NOW + 800 * DAY_MS);
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

test('an expired certificate loads with a warning that names the day', () => {
  const loaded = load(server.certificatePem, server.privateKeyPem, NOW + 1000 * DAY_MS);
  assert.match(loaded.warnings.join(), /expired on \d{4}-\d\d-\d\d/);
});

test('a certificate of the future loads with a warning about the clock', () => {
  const loaded = load(server.certificatePem, server.privateKeyPem, NOW - DAY_MS);
  assert.match(loaded.warnings.join(), /not valid before .*clock/);
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
      loadServerCertificate(
        { certificate: path.join(folder, 'none'), privateKey: 'x', passphrase: null },
        NOW,
      ),
    { code: 'FILE_READ', message: /none: no such file or folder/ },
  );
});

test('a key with a passphrase opens with it, and is refused without it or with another', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });
  assert.throws(() => load(server.certificatePem, pem), /tls\.private_key_passphrase_file/);
  assert.throws(() => load(server.certificatePem, pem, NOW, 'y'), /does not open the private key/);
  const own = createPrivateKey(server.privateKeyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });
  const loaded = load(server.certificatePem, own, NOW, 'x');
  assert.equal(loaded.privateKeyPem, server.privateKeyPem);
  assert.throws(() => load(server.certificatePem, 'nothing'), /no private key in PEM form/);
});

test('a key on a token is refused as not available yet', () => {
  const paths = { certificate: 'x', privateKey: 'pkcs11:token=vpn', passphrase: null };
  assert.throws(() => loadServerCertificate(paths, NOW), /not available yet/);
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

function load(certificates: string, key: string, now = NOW, passphrase: string | null = null) {
  const directory = mkdtempSync(path.join(folder, 'pair-'));
  const paths = {
    certificate: path.join(directory, 'chain.pem'),
    privateKey: path.join(directory, 'key.pem'),
    passphrase,
  };
  writeFileSync(paths.certificate, certificates);
  writeFileSync(paths.privateKey, key);
  return loadServerCertificate(paths, now);
}
