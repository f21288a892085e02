import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { readIdentity } from '../../../certs/client_identity.ts';
import { CertCommands } from '../../../cli/cert.ts';
import type { ClientWishes } from '../../../cli/cert.ts';
import { describeCertificates } from '../../../cli/cert_show.ts';

const NOTHING: ClientWishes = {
  groups: [],
  email: undefined,
  upn: undefined,
  passphraseFile: undefined,
  pemOnly: true,
  legacy: false,
};
const DAY_MS = 86_400_000;

const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-cert-'));
const at = (...parts: readonly string[]): string => path.join(folder, 'pki', ...parts);
after(() => rmSync(folder, { recursive: true, force: true }));
before(() => open().authority('Test "CA", #1', {}));

test('openssl accepts servers and clients of every kind of key by its strictest rules', async () => {
  for (const key of ['ec-p256', 'ec-p384', 'rsa-2048', 'rsa-3072', 'rsa-4096'] as const) {
    await open().server([`${key}.example.com`], { key });
    await open().client(key, NOTHING, { key });
    assert.equal(verify('sslserver', at('servers', `${key}.example.com.pem`)), 'OK');
    assert.equal(verify('sslclient', at('clients', `${key}.pem`)), 'OK');
    assert.notEqual(verify('sslclient', at('servers', `${key}.example.com.pem`)), 'OK');
  }
});

test('authorities of each kind sign', async () => {
  for (const key of ['ec-p384', 'rsa-3072'] as const) {
    const other = open({ folder: at(`other-${key}`) });
    await other.authority('Other', { key });
    await other.client('zoe', NOTHING, {});
    await other.revoke(at(`other-${key}`, 'clients', 'zoe.pem'), 'superseded', undefined);
    const file = at(`other-${key}`, 'clients', 'zoe.pem');
    assert.match(verify('sslclient', file, at(`other-${key}`)), /certificate revoked/);
  }
});

test('a server certificate bears its names and addresses', async () => {
  await open().server(['VPN.example.com', '*.example.net', '192.0.2.1', '2001:DB8::1'], {});
  const certificate = new X509Certificate(readFileSync(at('servers', 'vpn.example.com.pem')));
  assert.equal(certificate.subject, 'CN=vpn.example.com');
  assert.ok(certificate.checkHost('www.example.net'));
  assert.ok(certificate.checkIP('192.0.2.1') && certificate.checkIP('2001:db8::1'));
});

test('a client certificate says who it is where wolfguard looks for it', async () => {
  const wishes = {
    ...NOTHING,
    groups: ['staff', 'R&D "x"'],
    email: 'z@example.com',
    upn: 'z@corp',
  };
  await open().client('Zoë #1', wishes, {});
  const { raw } = new X509Certificate(readFileSync(at('clients', 'Zoë__1.pem')));
  for (const [userField, user] of [
    ['CN', 'Zoë #1'],
    ['SAN:email', 'z@example.com'],
    ['SAN:upn', 'z@corp'],
  ] as const) {
    const identity = readIdentity(raw, { userField, groupField: 'OU' });
    assert.deepEqual(identity, { user, groups: ['staff', 'R&D "x"'] });
  }
});

for (const [legacy, what] of [
  [false, /MAC: sha256.*PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/s],
  [true, /MAC: sha1.*pbeWithSHA1And3-KeyTripleDES-CBC/s],
] as const) {
  test(`a .p12 file${legacy ? ' for old programs' : ''} opens with its passphrase only`, async () => {
    const user = `p12-${legacy}`;
    const passphraseFile = path.join(folder, 'passphrase');
    writeFileSync(passphraseFile, 'pässword\nmore\n');
    await open().client(user, { ...NOTHING, pemOnly: false, passphraseFile, legacy }, {});
    const file = at('clients', `${user}.p12`);
    const args = ['pkcs12', '-in', file, '-info', '-nodes', '-passin'];
    const { stdout, stderr, status } = run('openssl', ...args, 'pass:pässword');
    assert.equal(status, 0, stderr);
    assert.match(stderr, what);
    assert.match(stdout, /friendlyName: p12-[^]*BEGIN PRIVATE KEY/);
    assert.equal(stdout.match(/BEGIN CERTIFICATE/g)?.length, 2);
    assert.notEqual(run('openssl', ...args, 'pass:wrong').status, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });
}

test('the passphrase is asked twice on a terminal, and never shown', async () => {
  const typing = (...keys: readonly string[]) => {
    let shown = '';
    const show = { write: (text: string) => (shown += text) };
    const input = Object.assign(pipe(...keys), { isTTY: true, setRawMode: () => undefined });
    const commands = new CertCommands(
      { folder: at(), force: false },
      { input, output: show, errors: show },
    );
    return { commands, shown: () => shown };
  };
  const wishes = { ...NOTHING, pemOnly: false };
  const good = typing('tOp secret\r', 'tOp secret\r');
  await good.commands.client('typed', wishes, {});
  assert.match(good.shown(), /Passphrase for the \.p12 file: \nThe same again: \n/);
  assert.doesNotMatch(good.shown(), /secret/);
  const args = [
    'pkcs12',
    '-in',
    at('clients', 'typed.p12'),
    '-nodes',
    '-passin',
    'pass:tOp secret',
  ];
  assert.equal(run('openssl', ...args).status, 0);
  const slip = typing('one\r', 'two\r');
  await assert.rejects(slip.commands.client('slip', wishes, {}), /the passphrases differ/);
  await assert.rejects(typing('\u0003').commands.client('slip', wishes, {}), /no passphrase/);
  assert.ok(!existsSync(at('clients', 'slip.pem')));
});

test('a revoked certificate is on the next list, with its reason, and others are not', async () => {
  await open().client('bob', NOTHING, {});
  await open().client('carl', NOTHING, {});
  assert.equal(verify('sslclient', at('clients', 'bob.pem')), 'OK');
  const numberBefore = listNumber();
  await open().revoke(at('clients', 'bob.pem'), 'keyCompromise', undefined);
  assert.match(verify('sslclient', at('clients', 'bob.pem')), /certificate revoked/);
  assert.equal(verify('sslclient', at('clients', 'carl.pem')), 'OK');
  assert.match(readFileSync(at('crl.pem'), 'utf8'), /^-----BEGIN X509 CRL-----\n/);
  assert.equal(listNumber(), numberBefore + 1);
  const text = run('openssl', 'crl', '-in', at('crl.pem'), '-noout', '-text').stdout;
  assert.match(text, /Key Compromise/);
  await assert.rejects(
    open().revoke(at('clients', 'bob.pem'), 'keyCompromise', undefined),
    /bob\) was revoked on \d{4}-/,
  );
});

test('a serial number revokes as well, however openssl prints it', async () => {
  await open().client('dora', NOTHING, {});
  const { serialNumber } = new X509Certificate(readFileSync(at('clients', 'dora.pem')));
  const printed = serialNumber.replaceAll(/..(?=.)/g, '$&:');
  await open().revoke(printed, 'unspecified', 3);
  assert.match(verify('sslclient', at('clients', 'dora.pem')), /certificate revoked/);
  await assert.rejects(open().revoke('77', 'unspecified', undefined), /no certificate with that/);
  await assert.rejects(
    open().revoke(at('ca.pem'), 'unspecified', undefined),
    /cannot revoke itself/,
  );
});

test('the list names all that was issued, and how it stands', () => {
  const streams = open({}, Date.now() + 400 * DAY_MS);
  streams.show();
  assert.match(streams.written(), /^[0-9a-f]{32} {2}authority {2}Test "CA", #1 .* valid$/m);
  assert.match(streams.written(), /client +bob .* revoked \(keyCompromise\)$/m);
  assert.match(streams.written(), /client +carl .* expired$/m);
  assert.match(streams.written(), /server +vpn\.example\.com .* valid$/m);
});

test('show says what a certificate, an authority and a list hold, and refuses other files', async () => {
  const shown = await describeCertificates(at('servers', 'vpn.example.com.pem'));
  assert.match(shown, /subject {2}CN=vpn\.example\.com[^]*for {6}servers[^]*pin-sha256:/);
  assert.match(await describeCertificates(at('ca.pem')), /^certificate of an authority/);
  assert.match(await describeCertificates(at('crl.pem')), /^revocation list[^]*keyCompromise/);
  await assert.rejects(describeCertificates(at('ca.key')), /holds no certificate/);
});

test('nothing that is there is overwritten without --force', async () => {
  await open().client('emil', NOTHING, {});
  const before = readFileSync(at('clients', 'emil.pem'), 'utf8');
  await assert.rejects(open().client('emil', NOTHING, {}), /is there already/);
  await assert.rejects(open().authority('x', {}), /ca\.pem is there already/);
  assert.equal(readFileSync(at('clients', 'emil.pem'), 'utf8'), before);
  await open({ force: true }).client('emil', NOTHING, {});
  assert.notEqual(readFileSync(at('clients', 'emil.pem'), 'utf8'), before);
});

test('keys, their folder and the index are for their owner only', () => {
  for (const [file, mode] of [
    [at(), 0o700],
    [at('ca.key'), 0o600],
    [at('index.jsonl'), 0o600],
    [at('clients'), 0o700],
    [at('clients', 'carl.key'), 0o600],
  ] as const) {
    assert.equal(statSync(file).mode & 0o777, mode, file);
  }
});

test('a name cannot lead out of the folder', async () => {
  await open().client('../../evil', NOTHING, {});
  assert.ok(existsSync(at('clients', '_._.._evil.pem')));
});

test('names and passphrases that cannot be are refused before anything is made', async () => {
  const index = readFileSync(at('index.jsonl'), 'utf8');
  const wrong = { ...NOTHING, pemOnly: false };
  await assert.rejects(open().client('', NOTHING, {}), /the user name has 1 to 64/);
  await assert.rejects(open().client('x'.repeat(65), NOTHING, {}), /the user name/);
  await assert.rejects(open().client('a\nb', NOTHING, {}), /the user name/);
  await assert.rejects(open().client('a', { ...NOTHING, email: 'ä@b' }, {}), /not an email/);
  await assert.rejects(open().client('a', wrong, {}), /no passphrase/);
  await assert.rejects(open().server(['not a name'], {}), /neither a name .* nor an address/);
  assert.equal(readFileSync(at('index.jsonl'), 'utf8'), index);
});

test('without an authority the answer says how to make one', async () => {
  const empty = open({ folder: path.join(folder, 'empty') });
  await assert.rejects(empty.client('a', NOTHING, {}), /wolfguard cert ca/);
});

test('a damaged index is named with its line, and nothing is issued', async () => {
  const damaged = path.join(folder, 'damaged');
  await open({ folder: damaged }).authority('x', {});
  appendFileSync(path.join(damaged, 'index.jsonl'), '{"event":"revo\n');
  await assert.rejects(
    open({ folder: damaged }).revoke('00', 'unspecified', undefined),
    /index\.jsonl:3: the line is damaged/,
  );
});

test('no certificate outlives its authority', async () => {
  const brief = path.join(folder, 'brief');
  await open({ folder: brief }).authority('x', { days: 10 });
  await open({ folder: brief }).client('a', NOTHING, { days: 100 });
  const [a, ca] = ['clients/a.pem', 'ca.pem'].map(
    (file) => new X509Certificate(readFileSync(path.join(brief, file))).validTo,
  );
  assert.equal(a, ca);
});

test('many commands at once leave a whole index and numbers in order', async () => {
  const before = listNumber();
  await Promise.all(Array.from({ length: 5 }, () => open().list(undefined)));
  assert.equal(listNumber(), before + 5);
});

function open(
  options: { readonly folder?: string; readonly force?: boolean } = {},
  now = Date.now(),
): CertCommands & { written(): string } {
  let written = '';
  const output = { write: (text: string) => (written += text) };
  const commands = new CertCommands(
    { folder: at(), force: false, ...options },
    { input: pipe(), output, errors: { write: () => undefined } },
    now,
  );
  return Object.assign(commands, { written: () => written });
}

/** What somebody sends, and then the end. */
async function* pipe(...parts: readonly string[]): AsyncGenerator<string> {
  await Promise.resolve();
  yield* parts;
}

function run(command: string, ...args: readonly string[]) {
  return spawnSync(command, args, { encoding: 'utf8' });
}

/** "OK", or what openssl has against it. */
function verify(purpose: string, file: string, pki = at()): string {
  const { stdout, stderr } = run(
    ...(['openssl', 'verify', '-x509_strict', '-purpose', purpose] as const),
    ...['-CAfile', path.join(pki, 'ca.pem'), '-crl_check', '-CRLfile', path.join(pki, 'crl.pem')],
    file,
  );
  return stdout.trim().endsWith(': OK') ? 'OK' : stderr;
}

const listNumber = (): number =>
  Number(
    /crlNumber=(0x)?([0-9A-F]+)/.exec(
      run('openssl', 'crl', '-in', at('crl.pem'), '-noout', '-crlnumber').stdout,
    )?.[2] ?? 'NaN',
  );
