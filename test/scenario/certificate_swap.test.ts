// What the TLS port presents: two kinds of keys side by side, a stapled OCSP response, and new
// certificates under tunnels that are up.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { pinOf } from '../../certs/pin.ts';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { reachable } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const { certificatePath, keyPath } = lab.certificate;
writeFileSync(lab.file('passphrase'), 'opens the RSA key\n', { mode: 0o600 });
makeKeyPair('rsa', ['-newkey', 'rsa:2048', '-passout', `file:${lab.file('passphrase')}`]);
respond('ocsp.der', certificatePath, keyPath);
const server = await Server.start(lab, {
  tls: {
    certificate: [certificatePath, lab.file('rsa.pem')],
    private_key: [keyPath, lab.file('rsa.key')],
    private_key_passphrase_file: lab.file('passphrase'),
    ocsp_response: lab.file('ocsp.der'),
  },
});

test('a client gets the certificate whose key it can verify, ECDSA or RSA', options, () => {
  for (const version of ['-tls1_3', '-tls1_2']) {
    const ecdsa = handshake(version, '-sigalgs', 'ECDSA+SHA256:RSA-PSS+SHA256');
    assert.equal(ecdsa.pin, pinOf(readFileSync(certificatePath, 'utf8')), version);
    const rsa = handshake(version, '-sigalgs', 'RSA-PSS+SHA256');
    assert.equal(rsa.pin, pinOf(readFileSync(lab.file('rsa.pem'), 'utf8')), version);
  }
});

test('the OCSP response is stapled to its own certificate only', options, () => {
  for (const version of ['-tls1_3', '-tls1_2']) {
    const { output } = handshake(version, '-status', '-sigalgs', 'ECDSA+SHA256:RSA-PSS+SHA256');
    assert.match(output, /OCSP Response Status: successful[^]*Cert Status: good/);
    const rsa = handshake(version, '-status', '-sigalgs', 'RSA-PSS+SHA256');
    assert.match(rsa.output, /OCSP response: no response sent/);
  }
});

test('a new OCSP response is stapled without a reload, a broken one is not', options, async () => {
  const produced = (): string => producedAt(handshake('-status').output);
  const before = produced();
  await eventually('a response of another second', 3000, () => {
    respond('next.der', certificatePath, keyPath);
    const args = ['ocsp', '-respin', lab.file('next.der'), '-noverify', '-resp_text'];
    return producedAt(execFileSync('openssl', args, { encoding: 'utf8' })) !== before;
  });
  copyFileSync(lab.file('next.der'), lab.file('ocsp.der'));
  await eventually('the new response is stapled', 8000, () => produced() !== before);
  const now = produced();
  writeFileSync(lab.file('ocsp.der'), 'broken');
  await eventually('the broken one is named', 8000, () =>
    server.log.some(({ msg }) => msg === 'a new list is unusable: the one before stays'),
  );
  assert.equal(produced(), now);
  copyFileSync(lab.file('next.der'), lab.file('ocsp.der'));
});

test(
  'a certificate is swapped under a tunnel that is up, and the tunnel does not notice',
  options,
  async () => {
    const alice = await Client.connect(lab, { account: ALICE });
    await reachable(lab.client, server.inside4);
    const pings = lab.client.spawn('ping', ['-n', '-q', '-i', '0.02', '-c', '200', server.inside4]);
    const old = handshake().pin;
    makeKeyPair('server', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']);
    respond('ocsp.der', certificatePath, keyPath);
    const pin = pinOf(readFileSync(certificatePath, 'utf8'));
    assert.equal(server.wolfctl('reload').code, 0);
    await eventually(
      'new connections see the new certificate',
      5000,
      () => handshake().pin === pin,
    );
    assert.notEqual(pin, old);
    await pings.waitForExit(15_000);
    // A tunnel that is opened anew loses more than a second of them, which is 50.
    const received = Number(/(\d+) received/.exec(pings.output)?.[1]);
    assert.equal(received, 200, pings.output);
    assert.doesNotMatch(alice.program.output, /reconnect/i);
    assert.equal(alice.channel, 'dtls');

    const bob = await Client.connect(lab, {
      account: BOB,
      device: 'tun1',
      extra: ['--servercert', pin],
    });
    await reachable(lab.client, server.inside4);
    // The first one is still the same tunnel.
    assert.equal((await server.sessionOf(ALICE.user)).state, 'connected');
    await Promise.all([alice.logOut(), bob.logOut()]);
  },
);

test(
  'a certificate that does not fit its key refuses the reload, and the old one stays',
  options,
  () => {
    const before = handshake().pin;
    const written = readFileSync(certificatePath);
    makeKeyPair('other', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']);
    copyFileSync(lab.file('other.pem'), certificatePath);
    const { code, stderr } = server.wolfctl('reload');
    assert.notEqual(code, 0);
    assert.match(stderr, /server\.key does not belong to the certificate in .*server\.pem/);
    assert.equal(handshake().pin, before);
    writeFileSync(certificatePath, written);
  },
);

/** A self-signed certificate NAME.pem with NAME.key. */
function makeKeyPair(name: string, key: readonly string[]): void {
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', ...key, '-subj', `/CN=${name}`, '-days', '30'],
      ...['-addext', `subjectAltName=IP:${SERVER_IPV4}`],
      ...['-keyout', lab.file(`${name}.key`), '-out', lab.file(`${name}.pem`)],
    ],
    { stdio: 'pipe' },
  );
}

/** An OCSP response that says "good" of a self-signed certificate, by itself. */
function respond(name: string, certificate: string, key: string): void {
  const { serialNumber } = new X509Certificate(readFileSync(certificate));
  writeFileSync(lab.file('index'), `V\t491231235959Z\t\t${serialNumber}\tunknown\t/CN=x\n`);
  writeFileSync(lab.file('index.attr'), 'unique_subject = no\n');
  const run = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  const request = lab.file('ocsp.request');
  run('ocsp', '-issuer', certificate, '-cert', certificate, '-reqout', request);
  run(
    ...['ocsp', '-index', lab.file('index'), '-CA', certificate, '-rsigner', certificate],
    ...['-rkey', key, '-ndays', '7', '-reqin', request, '-respout', lab.file(name)],
  );
}

const producedAt = (text: string): string =>
  /Produced At: (.*)/.exec(text)?.[1] ?? assert.fail('no response');

/** One handshake from the client's host. */
function handshake(...args: readonly string[]): { readonly output: string; readonly pin: string } {
  const { stdout } = lab.client.try(
    'openssl',
    ['s_client', '-connect', `${SERVER_IPV4}:${PORT}`, ...args],
    '',
  );
  const pem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(stdout)?.[0];
  return { output: stdout, pin: pem === undefined ? '' : pinOf(pem) };
}
