import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer } from 'node:tls';

import { issueServerCertificate, createAuthority } from '../../../certs/authority.ts';
import { pinOf } from '../../../certs/pin.ts';
import { ensureQuickStartCertificates } from '../../../certs/quick_start.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const IDENTITY = {
  dnsNames: ['vpn.example.org', 'localhost'],
  addresses: ['127.0.0.1', '::1', '192.0.2.7', '2001:db8::7'],
};

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-certs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('openssl accepts the chain by its strictest rules', async () => {
  const { file } = await make('strict');
  const verify = (...rest: string[]): string =>
    openssl(
      'verify',
      '-x509_strict',
      '-purpose',
      'sslserver',
      ...rest,
      '-CAfile',
      file('ca.pem'),
      file('server.pem'),
    );
  assert.match(verify(), /OK/);
  for (const name of IDENTITY.dnsNames) assert.match(verify('-verify_hostname', name), /OK/);
  for (const address of IDENTITY.addresses) assert.match(verify('-verify_ip', address), /OK/);
  assert.throws(() => verify('-verify_hostname', 'other.example.org'));
});

test('the authority may not sign another authority and lives ten years', async () => {
  const { file } = await make('authority');
  const text = openssl('x509', '-in', file('ca.pem'), '-noout', '-text');
  assert.match(text, /CA:TRUE, pathlen:0/);
  assert.match(text, /ASN1 OID: prime256v1/);
  assert.equal(Math.round(lifetimeDays(file('ca.pem'))), 3650);
});

test('the server certificate is for servers only and lives no longer than 825 days', async () => {
  const { file } = await make('server');
  const text = openssl('x509', '-in', file('server.pem'), '-noout', '-text');
  assert.match(text, /CA:FALSE/);
  assert.match(text, /TLS Web Server Authentication/);
  assert.ok(lifetimeDays(file('server.pem')) <= 825);
});

test('no two certificates bear the same serial number', async () => {
  const authority = await createAuthority('test', NOW);
  const serials = new Set<string>();
  for (let i = 0; i < 8; i++) {
    const { certificatePem } = await issueServerCertificate(authority, IDENTITY, NOW);
    const { serialNumber } = new X509Certificate(certificatePem);
    assert.equal(serialNumber.length, 32);
    serials.add(serialNumber);
  }
  assert.equal(serials.size, 8);
});

test('private keys are readable by their owner only', async () => {
  const { file } = await make('modes');
  for (const name of ['ca.key', 'server.key'])
    assert.equal(statSync(file(name)).mode & 0o777, 0o600);
});

test('the pin is the one that openssl computes', async () => {
  const { file } = await make('pin');
  const spki = openssl('x509', '-in', file('server.pem'), '-noout', '-pubkey');
  const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: spki });
  const hash = execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: der });
  assert.equal(
    pinOf(readFileSync(file('server.pem'), 'utf8')),
    `pin-sha256:${hash.toString('base64')}`,
  );
});

test('a second start keeps every file', async () => {
  const first = await make('again');
  const before = first.contents();
  const second = await ensureQuickStartCertificates(first.directory, IDENTITY, NOW + DAY_MS);
  assert.equal(first.result.action, 'made');
  assert.equal(second.action, 'kept');
  assert.deepEqual(first.contents(), before);
});

test('a certificate is renewed 30 days before its end with the same key', async () => {
  const made = await make('renew');
  const before = made.contents();
  const kept = await ensureQuickStartCertificates(made.directory, IDENTITY, NOW + 794 * DAY_MS);
  assert.equal(kept.action, 'kept');
  const renewed = await ensureQuickStartCertificates(made.directory, IDENTITY, NOW + 796 * DAY_MS);
  assert.equal(renewed.action, 'renewed');
  const later = made.contents();
  assert.notEqual(later['server.pem'], before['server.pem']);
  assert.equal(pinOf(later['server.pem'] ?? ''), pinOf(before['server.pem'] ?? ''));
  assert.equal(later['ca.pem'], before['ca.pem']);
});

test('an address that the machine has got since makes a new certificate with the same pin', async () => {
  const made = await make('moved');
  const pin = pinOf(made.contents()['server.pem'] ?? '');
  const moved = { ...IDENTITY, addresses: [...IDENTITY.addresses, '198.51.100.9'] };
  const { action } = await ensureQuickStartCertificates(made.directory, moved, NOW);
  const certificate = new X509Certificate(made.contents()['server.pem'] ?? '');
  assert.equal(action, 'renewed');
  assert.equal(certificate.checkIP('198.51.100.9'), '198.51.100.9');
  assert.equal(pinOf(certificate.toString()), pin);
});

test('a certificate that somebody put there is left alone', async () => {
  const made = await make('foreign');
  const foreign = await issueServerCertificate(
    await createAuthority('Some CA', NOW),
    IDENTITY,
    NOW,
  );
  writeFileSync(made.file('server.pem'), foreign.certificatePem);
  writeFileSync(made.file('server.key'), foreign.privateKeyPem);
  const { action } = await ensureQuickStartCertificates(
    made.directory,
    IDENTITY,
    NOW + 900 * DAY_MS,
  );
  assert.equal(action, 'kept');
  assert.equal(made.contents()['server.pem'], foreign.certificatePem);
});

test('a damaged key is reported with its path', async () => {
  const made = await make('damaged');
  rmSync(made.file('server.pem'));
  writeFileSync(made.file('server.key'), 'garbage');
  await assert.rejects(ensureQuickStartCertificates(made.directory, IDENTITY, NOW), {
    code: 'QUICK_START_FILES',
    message: /server\.key is damaged .* delete it/,
  });
});

test('a TLS client that trusts the authority connects by name and by address', async () => {
  const { file } = await make('handshake');
  const server = createServer({
    cert: readFileSync(file('server.pem')),
    key: readFileSync(file('server.key')),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    for (const servername of ['localhost', undefined]) {
      const { port } = server.address() as AddressInfo;
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca: readFileSync(file('ca.pem')),
        ...(servername === undefined ? {} : { servername }),
      });
      await once(socket, 'secureConnect');
      assert.equal(socket.authorized, true);
      socket.destroy();
    }
  } finally {
    server.close();
  }
});

async function make(name: string) {
  const directory = mkdtempSync(path.join(folder, `${name}-`));
  const file = (base: string): string => path.join(directory, base);
  const result = await ensureQuickStartCertificates(directory, IDENTITY, NOW);
  const contents = (): Record<string, string> =>
    Object.fromEntries(
      ['ca.pem', 'ca.key', 'server.pem', 'server.key'].map((base) => [
        base,
        readFileSync(file(base), 'utf8'),
      ]),
    );
  return { directory, file, result, contents };
}

function openssl(...args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function lifetimeDays(file: string): number {
  const { validFromDate, validToDate } = new X509Certificate(readFileSync(file));
  return (validToDate.getTime() - validFromDate.getTime()) / DAY_MS;
}
