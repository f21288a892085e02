// Logins with certificates that `wolfguard cert` has made, by the stock client.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { issueClientCertificate } from '../../certs/authority.ts';
import { readNamedFile } from '../../certs/files.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { ClientOptions } from './harness/client.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
const DAY_MS = 86_400_000;
const lab = new Lab();
after(() => lab.close());

/** So that a test that fails leaves its device to the next one. */
const clients: Client[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.program.stop())));

const PKI = lab.file('pki');
const person = (file: string): string => `${PKI}/clients/${file}`;
const P12 = ['-c', person('alice.p12'), '-p', 'p12 pass'];
writeFileSync(lab.file('passphrase'), 'p12 pass\n');
cert('ca', 'Example CA');
for (const user of ['bob', 'carl', 'dora']) cert('client', user, '--pem-only');
cert('client', 'alice', '--groups', 'staff,it', '--passphrase-file', lab.file('passphrase'));
cert(
  'client',
  'erin',
  '--pem-only',
  '--email',
  'bob@example.com',
  '--upn',
  'alice',
  '--key',
  'rsa-2048',
);
cert('client', 'frank', '--legacy', '--passphrase-file', lab.file('passphrase'));
cert('server', 'vpn.example.com');
cert('revoke', person('dora.pem'), '--reason', 'keyCompromise');
await makeExpired('old');
makeStranger('stranger');

const CERTIFICATE = [{ steps: ['certificate'] }];
const server = await Server.start(lab, {
  tls: { client_ca: `${PKI}/ca.pem`, client_crl: `${PKI}/crl.pem` },
  'auth.chain': CERTIFICATE,
  vhost: [
    { name: 'both.example.com', auth: { chain: [{ steps: ['certificate', 'file'] }] } },
    { name: 'upn.example.com', tls: { user_field: 'SAN:upn' } },
    { name: 'groups.example.com', auth: { select_group: ['staff', 'it', 'boss'] } },
  ],
});

test('a certificate alone lets its user in at once, from a .p12 file', options, async () => {
  const client = await connect({ certificate: P12 });
  await reachable(lab.client, server.inside4);
  // No form came between: the first answer was the last [oc 4.5].
  assert.doesNotMatch(client.program.output, /Please enter/);
  assert.equal((await server.sessionOf('alice')).group, 'staff');
  await client.logOut();
});

test('so does one in PEM files, over TLS 1.2 as well', options, async () => {
  const client = await connect({
    certificate: pem('carl'),
    extra: ['--gnutls-priority', 'NORMAL:-VERS-TLS-ALL:+VERS-TLS1.2'],
  });
  await reachable(lab.client, server.inside4);
  assert.equal((await server.sessionOf('carl')).state, 'connected');
  await client.logOut();
});

test('so does a .p12 file as old programs know it', options, async () => {
  const client = await connect({ certificate: ['-c', person('frank.p12'), '-p', 'p12 pass'] });
  assert.equal((await server.sessionOf('frank')).state, 'connected');
  await client.logOut();
});

test(
  'another field names the user where the host says so, with an RSA key as well',
  options,
  async () => {
    const client = await connect({ name: 'upn.example.com', certificate: pem('erin') });
    assert.equal((await server.sessionOf('alice')).state, 'connected');
    await client.logOut();
  },
);

test('a certificate and the password of the same person are both needed', options, async () => {
  const name = 'both.example.com';
  const good = await connect({ name, certificate: pem('bob'), account: BOB });
  assert.equal((await server.sessionOf('bob')).state, 'connected');
  await good.logOut();
  await refused({ name, certificate: pem('bob'), account: ALICE }, /Login failed/);
  await refused(
    { name, certificate: pem('bob'), account: { ...BOB, password: 'x' } },
    /Login failed/,
  );
  await refused({ name, account: BOB }, /Login failed|401/);
});

for (const [what, file, reason] of [
  ['revoked', 'dora', /certificate revoked/],
  ['expired', 'old', /certificate has expired/],
  ["a server's", '../servers/vpn.example.com', /purpose/],
  ['of an unknown authority', 'stranger', /unable to get local issuer certificate|self.signed/],
] as const) {
  test(`a certificate that is ${what} is refused, and the log says why`, options, async () => {
    const before = server.log.length;
    await refused({ certificate: pem(file) }, /401/);
    assert.match(reasons(before), reason);
  });
}

test(
  'a certificate without the field that names the user is refused, and the log says why',
  options,
  async () => {
    const before = server.log.length;
    await refused({ name: 'upn.example.com', certificate: pem('carl') }, /401/);
    assert.match(reasons(before), /the certificate has no SAN:upn/);
  },
);

test('no certificate at all is 401, and says so [oc 4.12]', options, () => {
  const { stdout } = lab.client.try('curl', ['-ksi', '--data', '', `https://${SERVER_IPV4}/`]);
  assert.match(stdout, /^HTTP\/1\.1 401 No certificate\r\n/);
});

test('a person in several of the offered groups chooses one', options, async () => {
  const extra = ['--authgroup', 'it'];
  const client = await connect({
    name: 'groups.example.com',
    certificate: P12,
    extra,
  });
  assert.equal((await server.sessionOf('alice')).group, 'it');
  await client.logOut();
});

test(
  'a certificate that is revoked now is refused in a moment, without a reload',
  options,
  async () => {
    const first = await connect({ certificate: pem('carl') });
    await first.logOut();
    const before = server.log.length;
    cert('revoke', person('carl.pem'));
    await eventually('the new list is read', 8000, () =>
      server.log.some(({ msg }) => msg === 'revocation lists and OCSP responses read anew'),
    );
    await refused({ certificate: pem('carl') }, /401/);
    assert.match(reasons(before), /certificate revoked/);
    // The others are as they were.
    const bob = await connect({ certificate: pem('bob') });
    await bob.logOut();
  },
);

const pem = (file: string): string[] => ['-c', person(`${file}.pem`), '-k', person(`${file}.key`)];

async function connect(options: ClientOptions): Promise<Client> {
  const client = new Client(lab, options);
  clients.push(client);
  await client.configured();
  return client;
}

async function refused(client: ClientOptions, output: RegExp): Promise<void> {
  const { program } = new Client(lab, client);
  assert.notEqual((await program.waitForExit(20_000)).code, 0);
  assert.match(program.output, output);
}

/** Why certificates were refused, as the log has it from its line `from` on. */
function reasons(from: number): string {
  const lines = server.log.slice(from).filter(({ msg }) => msg === 'client certificate refused');
  return lines.map(({ reason }) => String(reason)).join('\n');
}

function cert(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [WOLFGUARD, 'cert', ...args, '--out', PKI],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
}

async function makeExpired(user: string): Promise<void> {
  const authority = {
    certificatePem: readNamedFile(`${PKI}/ca.pem`, 'certificate'),
    privateKeyPem: readNamedFile(`${PKI}/ca.key`, 'key'),
  };
  const who = { user, groups: [] };
  const made = await issueClientCertificate(authority, who, Date.now() - 9 * DAY_MS, { days: 8 });
  writeFileSync(person(`${user}.pem`), made.certificatePem);
  writeFileSync(person(`${user}.key`), made.privateKeyPem);
}

/** A certificate by nobody. */
function makeStranger(user: string): void {
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', `/CN=${user}`, '-addext', 'extendedKeyUsage=clientAuth'],
    ...['-keyout', person(`${user}.key`), '-out', person(`${user}.pem`)],
  ]);
  assert.equal(status, 0, stderr.toString());
}
