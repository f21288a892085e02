// Certificates of clients: asked for where there is an authority, verified, never demanded.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import tls from 'node:tls';
import type { ConnectionInfo } from '../../native/engine.ts';
import { makeHost, makeTls } from './harness/certificate.ts';
import { ClientPki, type Issued } from './harness/client_pki.ts';
import { EngineRig } from './harness/engine_rig.ts';
import { until } from './harness/until.ts';

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a certificate comes to JavaScript with what is wrong with it, by ${version}`, async () => {
    using rig = await EngineRig.start();
    const pki = await ClientPki.create('our authority');
    const good = await pki.issue('alice');
    const revoked = await pki.issue('bob');
    const cases: readonly (readonly [Issued, string | null])[] = [
      [good, null],
      [revoked, 'certificate revoked'],
      [await pki.issue('carol', { validForMs: -60_000 }), 'certificate has expired'],
      [await pki.issue('server', { usage: 'server' }), 'unsuitable certificate purpose'],
      [
        await (await ClientPki.create('another authority')).issue('mallory'),
        'unable to get local issuer certificate',
      ],
      // The right name is not the right key.
      [
        await (await ClientPki.create('our authority')).issue('eve'),
        'certificate signature failure',
      ],
    ];
    const clientCrlPem = await pki.revoke([revoked]);
    rig.engine.setTls([
      { ...(await makeTls('localhost')), clientCaPem: pki.certificatePem, clientCrlPem },
    ]);
    for (const [issued, error] of cases) {
      const { clientCertificate } = await connect(rig, version, issued);
      assert.equal(clientCertificate?.error, error);
      const der = new X509Certificate(issued.certificatePem).raw;
      assert.deepEqual(Buffer.from(clientCertificate.der), der);
    }
    assert.equal((await connect(rig, version)).clientCertificate, null);
  });
}

test('a revocation list that is out of date vouches for nobody; without one nobody is revoked', async () => {
  using rig = await EngineRig.start();
  const pki = await ClientPki.create('our authority');
  const alice = await pki.issue('alice');
  const host = { ...(await makeTls('localhost')), clientCaPem: pki.certificatePem };
  rig.engine.setTls([{ ...host, clientCrlPem: await pki.revoke([], -60_000) }]);
  assert.equal(await errorOf(rig, alice), 'CRL has expired');
  const foreign = await (await ClientPki.create('another authority')).revoke([]);
  rig.engine.setTls([{ ...host, clientCrlPem: foreign }]);
  assert.equal(await errorOf(rig, alice), 'unable to get certificate CRL');
  rig.engine.setTls([host]);
  assert.equal(await errorOf(rig, alice), null);
});

test('every authority between leaf and anchor is checked for revocation', async () => {
  using rig = await EngineRig.start();
  const root = await ClientPki.create('the root');
  const sub = await ClientPki.create('the office', root);
  const alice = await sub.issue('alice');
  const host = { ...(await makeTls('localhost')), clientCaPem: root.certificatePem };
  const chain = { ...alice, certificatePem: alice.certificatePem + sub.certificatePem };
  rig.engine.setTls([host]);
  assert.equal(await errorOf(rig, chain), null);
  assert.equal(await errorOf(rig, alice), 'unable to get local issuer certificate');
  const [ofRoot, ofSub] = [await root.revoke([]), await sub.revoke([])];
  rig.engine.setTls([{ ...host, clientCrlPem: ofSub }]);
  assert.equal(await errorOf(rig, chain), 'unable to get certificate CRL');
  rig.engine.setTls([{ ...host, clientCrlPem: ofRoot + ofSub }]);
  assert.equal(await errorOf(rig, chain), null);
});

test('an authority that is no root may be the anchor, with its own revocation list alone', async () => {
  using rig = await EngineRig.start();
  const sub = await ClientPki.create('the office', await ClientPki.create('the root'));
  const [alice, bob] = [await sub.issue('alice'), await sub.issue('bob')];
  rig.engine.setTls([
    {
      ...(await makeTls('localhost')),
      clientCaPem: sub.certificatePem,
      clientCrlPem: await sub.revoke([bob]),
    },
  ]);
  assert.equal(await errorOf(rig, alice), null);
  assert.equal(await errorOf(rig, bob), 'certificate revoked');
});

test('who is asked, and by which authority, follows the server name', async () => {
  using rig = await EngineRig.start();
  const [ours, theirs] = [await ClientPki.create('ours'), await ClientPki.create('theirs')];
  const alice = await ours.issue('alice');
  rig.engine.setTls([
    { ...(await makeTls('main.example')), clientCaPem: ours.certificatePem },
    { ...(await makeHost('their.example')), clientCaPem: theirs.certificatePem },
    await makeHost('open.example'),
  ]);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const main = await connect(rig, version, alice, 'main.example');
    assert.equal(main.clientCertificate?.error, null);
    const their = await connect(rig, version, alice, 'their.example');
    assert.equal(their.clientCertificate?.error, 'unable to get local issuer certificate');
    const open = await connect(rig, version, alice, 'open.example');
    assert.equal(open.clientCertificate, null);
  }
});

test('clients are told the names of the authorities, each once', async () => {
  using rig = await EngineRig.start();
  const [first, second] = [await ClientPki.create('first'), await ClientPki.create('second')];
  const clientCaPem = first.certificatePem + second.certificatePem + first.certificatePem;
  rig.engine.setTls([{ ...(await makeTls('localhost')), clientCaPem }]);
  for (const version of ['-tls1_2', '-tls1_3']) {
    const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${rig.port}`, version], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'] },
    });
    client.stdin.end();
    const said = await text(client.stdout);
    const names = /Acceptable client certificate CA names\n((?:CN = \w+\n)+)/.exec(said)?.[1];
    assert.equal(names, 'CN = first\nCN = second\n');
  }
});

test('a tunnel and an open connection outlive the authority that they came in by', async () => {
  using rig = await EngineRig.start({
    onRequest: (_request, response) => void response.end('still here'),
  });
  const pki = await ClientPki.create('our authority');
  const host = await makeTls('localhost');
  rig.engine.setTls([{ ...host, clientCaPem: pki.certificatePem }]);
  const alice = await pki.issue('alice');
  const socket = await dial(rig, 'TLSv1.3', alice);
  rig.engine.setTls([host]);
  assert.equal((await connect(rig, 'TLSv1.3', alice)).clientCertificate, null);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  assert.match(await text(socket), /still here/);
});

/** What the engine says about a connection with that certificate. */
async function connect(
  rig: EngineRig,
  version: tls.SecureVersion,
  certificate?: Issued,
  servername = 'localhost',
): Promise<ConnectionInfo> {
  const socket = await dial(rig, version, certificate, servername);
  const info = await until('the connection', () =>
    rig.eventsOf('connection').find(({ peerPort }) => peerPort === socket.localPort),
  );
  socket.destroy();
  return info;
}

const errorOf = async (rig: EngineRig, certificate: Issued): Promise<string | null | undefined> =>
  (await connect(rig, 'TLSv1.3', certificate)).clientCertificate?.error;

async function dial(
  rig: EngineRig,
  version: tls.SecureVersion,
  certificate?: Issued,
  servername = 'localhost',
): Promise<tls.TLSSocket> {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: rig.port,
    servername,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ...(certificate === undefined
      ? {}
      : { cert: certificate.certificatePem, key: certificate.privateKeyPem }),
  });
  await once(socket, 'secureConnect');
  socket.on('error', () => undefined);
  return socket;
}
