// What follows the server name: certificates, versions, ciphers, groups, stapled responses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { createAuthority, issueServerCertificate } from '../../certs/authority.ts';
import type { TlsSettings } from '../../core/ipc/messages.ts';
import { makeHost, makeRsaPair, makeTls, pairOf } from './harness/certificate.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`each server name gets its own certificate, all others the first, by ${version}`, async () => {
    using rig = await EngineRig.start();
    rig.engine.setTls([
      await makeTls('main.example'),
      await makeHost('a.example'),
      await makeHost('b.example', 'other.example'),
    ]);
    const asked = [
      ['a.example', 'DNS:a.example', 'a.example'],
      ['A.Example', 'DNS:a.example', 'a.example'],
      ['b.example', 'DNS:other.example', 'b.example'],
      ['sub.a.example', 'DNS:main.example', ''],
      ['a.example.', 'DNS:main.example', ''],
      // Lower case by Unicode's rules only: KELVIN SIGN and the like are other names.
      ['\u212a.example', 'DNS:main.example', ''],
      [undefined, 'DNS:main.example', ''],
    ] as const;
    for (const [servername, subject, host] of asked) {
      const before = rig.eventsOf('connection').length;
      using client = await dial(rig, { servername, minVersion: version, maxVersion: version });
      assert.equal(client.socket.getPeerCertificate().subjectaltname, subject);
      const info = await until('the connection', () => rig.eventsOf('connection')[before]);
      assert.equal(info.host, host);
    }
  });
}

test('versions, ciphers and groups follow the name', async () => {
  using rig = await EngineRig.start();
  // By TLS 1.2 the curve of an ECDSA certificate is a group too.
  const certificates = [await makeRsaPair('rsa.example')];
  rig.engine.setTls([
    { ...(await makeTls('main.example')), certificates },
    { ...(await makeHost('modern.example')), minVersion: '1.3' },
    {
      ...(await makeHost('odd.example')),
      certificates,
      groups: 'P-384',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
    },
    { ...(await makeHost('default.example')), certificates, groups: '' },
  ]);
  const old = { maxVersion: 'TLSv1.2' } as const;
  await assert.rejects(dial(rig, { servername: 'modern.example', ...old }), /protocol version/);
  using main = await dial(rig, { ...old });
  assert.equal(main.socket.getCipher().name, 'ECDHE-RSA-AES256-GCM-SHA384');
  using odd = await dial(rig, { servername: 'odd.example', ...old, ecdhCurve: 'X25519:P-384' });
  assert.equal(odd.socket.getCipher().name, 'ECDHE-RSA-AES128-GCM-SHA256');
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const only384 = { ecdhCurve: 'P-384', maxVersion };
    await assert.rejects(dial(rig, only384), /handshake failure/);
    await assert.rejects(dial(rig, { servername: 'odd.example', ecdhCurve: 'X25519', maxVersion }));
    using other = await dial(rig, { servername: 'odd.example', ...only384 });
    assert.equal((other.socket.getEphemeralKeyInfo() as { name?: string }).name, 'secp384r1');
    using own = await dial(rig, { servername: 'default.example', ...only384 });
    assert.ok(own.socket.encrypted);
  }
});

test('of an RSA and an ECDSA certificate a client gets the one that it can check', async () => {
  using rig = await EngineRig.start();
  const ecdsa = await makeTls('main.example');
  const certificates = [await makeRsaPair('rsa.example'), pairOf(ecdsa)];
  rig.engine.setTls([{ ...ecdsa, certificates }]);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const [sigalgs, type] of [
      ['rsa_pss_rsae_sha256:rsa_pkcs1_sha256', 'rsa'],
      ['ecdsa_secp256r1_sha256', 'ec'],
    ] as const) {
      using client = await dial(rig, { sigalgs, minVersion: version, maxVersion: version });
      const certificate = client.socket.getPeerX509Certificate();
      assert.equal(certificate?.publicKey.asymmetricKeyType, type);
    }
  }
});

test('a host that makes no sense is named, and then nothing has changed', async () => {
  using rig = await EngineRig.start();
  const main = await makeTls('main.example');
  rig.engine.setTls([main]);
  const good = await makeHost('a.example');
  const twins = [pairOf(good), pairOf(await makeTls('twin.example'))];
  const bad: readonly (readonly [Partial<TlsSettings>, RegExp])[] = [
    [{ certificates: twins }, /^Error: vhost a\.example: tls\.certificate 2: .*id-ecPublicKey/],
    [{ ocspResponse: Buffer.from('nonsense') }, /^Error: vhost a\.example: tls\.ocsp_response: /],
    // A whole response that says "try later" [rfc6960 4.2.1].
    [{ ocspResponse: Buffer.from('30030a0103', 'hex') }, /tls\.ocsp_response: .*trylater/],
    [{ clientCaPem: 'nonsense' }, /^Error: vhost a\.example: tls\.client_ca: /],
    [
      { clientCaPem: pairOf(good).chainPem, clientCrlPem: 'nonsense' },
      /^Error: vhost a\.example: tls\.client_crl: /,
    ],
  ];
  for (const [part, error] of bad) {
    const hosts = [await makeTls('new.example'), { ...good, ...part }];
    assert.throws(() => rig.engine.setTls(hosts), error);
  }
  assert.throws(() => rig.engine.setTls([]), /at least one/);
  using client = await dial(rig, { servername: 'a.example' });
  assert.equal(client.socket.getPeerCertificate().subjectaltname, 'DNS:main.example');
});

test('an OCSP response is stapled for who asks, with the certificate that it speaks of', async () => {
  using rig = await EngineRig.start();
  const { host, response } = await makeStapledHost();
  rig.engine.setTls([
    await makeTls('main.example'),
    { ...host, certificates: [...host.certificates, await makeRsaPair('rsa.example')] },
  ]);
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const stapled = async (options: tls.ConnectionOptions): Promise<Buffer | null> => {
      let got: Buffer | null = null;
      using client = await dial(rig, { ...options, maxVersion, requestOCSP: true }, (socket) =>
        socket.on('OCSPResponse', (bytes: Buffer | null) => (got = bytes)),
      );
      assert.ok(client.socket.encrypted);
      return got;
    };
    assert.deepEqual(await stapled({ servername: 'a.example' }), response);
    assert.equal(await stapled({ servername: 'main.example' }), null);
    assert.equal(await stapled({ servername: 'a.example', sigalgs: 'rsa_pss_rsae_sha256' }), null);
    using quiet = await dial(rig, { servername: 'a.example', maxVersion });
    assert.ok(quiet.socket.encrypted);
  }
});

interface Client extends Disposable {
  readonly socket: tls.TLSSocket;
}

/** Shakes hands; rejects with what the server or OpenSSL says. */
async function dial(
  rig: EngineRig,
  options: tls.ConnectionOptions & { servername?: string | undefined },
  listen: (socket: tls.TLSSocket) => void = () => undefined,
): Promise<Client> {
  const { servername, ...rest } = options;
  const socket = tls.connect({
    host: '127.0.0.1',
    port: rig.port,
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
    ...rest,
  });
  listen(socket);
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return { socket, [Symbol.dispose]: () => void socket.destroy() };
}

/** Its certificate with a response of its authority, which OpenSSL's responder has made. */
async function makeStapledHost(): Promise<{ host: TlsSettings; response: Buffer }> {
  const now = Date.now();
  const authority = await createAuthority('wolfguard test', now);
  const identity = { dnsNames: ['a.example'], addresses: [] };
  const { certificatePem, privateKeyPem } = await issueServerCertificate(authority, identity, now);
  const folder = mkdtempSync(path.join(tmpdir(), 'wolfguard-ocsp-'));
  try {
    const write = (name: string, text: string): string => {
      const file = path.join(folder, name);
      writeFileSync(file, text);
      return file;
    };
    const ca = write('ca.pem', authority.certificatePem);
    const key = write('ca.key', authority.privateKeyPem);
    const cert = write('server.pem', certificatePem);
    const openssl = (...args: string[]): string =>
      execFileSync('openssl', args, { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    const serial = openssl('x509', '-in', cert, '-noout', '-serial').trim().replace('serial=', '');
    const index = write('index.txt', `V\t350101000000Z\t\t${serial}\tunknown\t/CN=a.example\n`);
    const out = path.join(folder, 'response.der');
    openssl(
      ...['ocsp', '-index', index, '-CA', ca, '-rsigner', ca, '-rkey', key],
      ...['-issuer', ca, '-cert', cert, '-ndays', '1', '-respout', out],
    );
    const response = readFileSync(out);
    const host = {
      ...(await makeHost('a.example')),
      certificates: [{ chainPem: certificatePem, privateKeyPem }],
      ocspResponse: response,
    };
    return { host, response };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
