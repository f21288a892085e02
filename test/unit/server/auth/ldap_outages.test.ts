import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LdapBackend } from '../../../../server/auth/ldap_backend.ts';
import type { LdapBackendOptions } from '../../../../server/auth/ldap_backend.ts';
import {
  BASE_DN,
  SERVICE,
  Slapd,
  makeDirectoryCertificate,
} from '../../../scenario/harness/slapd.ts';
import { verify } from './backend_suite.ts';
import { LdapFixture, server } from './ldap_fixture.ts';
import {
  cuttingPeer,
  endlessPeer,
  freePort,
  injectingPeer,
  peer,
  silentPeer,
} from './ldap_peers.ts';
import { LogRecorder } from './log_recorder.ts';

const directory = await LdapFixture.start();
after(() => directory.close());
const { assertUnavailable, file, log, open, plain, settings, slapd, slapdLines, tls, tlsPort } =
  directory;

test('StartTLS and ldaps work with our own authority, and every password goes through TLS', async () => {
  for (const options of [
    { startTls: true, servers: [{ ...plain, host: 'localhost' }] },
    { servers: [{ secure: true, host: 'localhost', port: tlsPort }] },
  ]) {
    const begin = slapd.program.output.length;
    const round = await verify(open({ ...options, ca: tls.caPath }), 'alice', 's3cret');
    assert.equal(round.kind, 'accepted');
    const binds = await slapdLines(begin, /mech=SIMPLE/, 3);
    assert.ok(
      binds.every((line) => / ssf=256$/.test(line)),
      binds.join('\n'),
    );
  }
});

test('a stranger’s certificate, or one for another name, gets no password', async () => {
  const other = makeDirectoryCertificate(file('other'), ['DNS:localhost']);
  for (const [ca, host, reason] of [
    [other.caPath, 'localhost', /certificate is signed by nobody in auth\.ldap\.ca/],
    [null, 'localhost', /certificate is signed by nobody/],
    [tls.caPath, '127.0.0.1', /certificate is for another name/],
  ] as const) {
    for (const options of [
      { startTls: true, servers: [{ ...plain, host }] },
      { servers: [{ secure: true, host, port: tlsPort }] },
    ]) {
      const begin = slapd.program.output.length;
      await assertUnavailable(open({ ...options, ca }), reason);
      await slapdLines(begin, /closed/, 1);
      assert.doesNotMatch(slapd.program.output.slice(begin), / BIND /);
    }
  }
});

test('what somebody adds in clear to the answer to StartTLS is not read with what follows', async (t) => {
  // The beginning of a BindResponse with success: the first byte inside TLS would complete it.
  const forged = (id: number): Buffer =>
    Buffer.from([0x30, 0x0d, 2, 1, id, 0x61, 8, 0x0a, 1, 0, 4, 0, 4, 1]);
  for (const id of [1, 2, 3, 4, 5]) {
    const { port } = await injectingPeer(t, tlsPort, forged(id));
    const servers = [{ secure: false, host: 'localhost', port }];
    const backend = open({ startTls: true, ca: tls.caPath, servers });
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
    assert.equal((await verify(backend, 'alice', 'wrong')).kind, 'refused');
  }
});

test('a directory that refuses StartTLS, or speaks no TLS at all, gets no password', async (t) => {
  const port = await freePort();
  const bare = await Slapd.start({ folder: file('bare'), urls: [`ldap://127.0.0.1:${port}`] });
  t.after(() => bare.stop());
  const begin = bare.program.output.length;
  const ca = tls.caPath;
  await assertUnavailable(
    open({ startTls: true, ca, servers: [server(port)] }),
    /refuses StartTLS/,
  );
  const secure = { secure: true, host: '127.0.0.1', port };
  await assertUnavailable(open({ ca, servers: [secure], timeoutMs: 300 }), /./);
  assert.doesNotMatch(bare.program.output.slice(begin), / BIND /);
});

test('a directory that accepts and never answers costs its time-out and no more', async (t) => {
  const silent = await silentPeer(t);
  const secure = { secure: true, host: '127.0.0.1', port: silent.port };
  for (const options of [
    { servers: [server(silent.port)] },
    { servers: [server(silent.port)], startTls: true },
    { servers: [secure] },
  ]) {
    const began = performance.now();
    await assertUnavailable(open({ ...options, timeoutMs: 100 }), /within 100 ms/);
    assert.ok(performance.now() - began < 2_000);
  }
  await closed(silent);
});

test('a login that is given up closes its connection at once', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port), plain] });
  const controller = new AbortController();
  const round = verify(backend, 'alice', 's3cret', controller.signal);
  while (silent.open().now === 0) await sleep(5);
  controller.abort();
  assert.equal((await round).kind, 'unavailable');
  await closed(silent);
  // It was not the server's fault.
  void verify(backend, 'alice', 's3cret', AbortSignal.timeout(100));
  while (silent.connections() < 2) await sleep(5);
});

test('a line that is cut at any request is an outage, and the next server answers', async (t) => {
  for (const request of [1, 2, 3, 4, 5]) {
    const cutting = await cuttingPeer(t, plain.port, request);
    await assertUnavailable(open({ servers: [server(cutting.port)] }), /./);
    const both = open({ servers: [server(cutting.port), plain] });
    assert.equal((await verify(both, 'alice', 's3cret')).kind, 'accepted');
    assert.equal(cutting.connections(), 2);
  }
});

test('a dead server in front slows the first login only, until it has rested', async (t) => {
  const silent = await silentPeer(t);
  let now = 1_000_000;
  const servers = [server(silent.port), plain];
  const backend = new LdapBackend(
    { logger: log.logger, now: () => now },
    settings({ servers, timeoutMs: 200 }),
  );
  for (let i = 0; i < 5; i++) {
    assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  }
  assert.equal(silent.connections(), 1);
  now += 30_000;
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  assert.equal(silent.connections(), 2);
});

test('a directory that is down is asked again as soon as it is there', async (t) => {
  const port = await freePort();
  const options = { folder: file('later'), urls: [`ldap://127.0.0.1:${port}`] };
  const backend = open({ servers: [server(port)] });
  await assertUnavailable(backend, /nothing listens there/);
  const later = await Slapd.start(options);
  t.after(() => later.stop());
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
  await later.stop();
  await assertUnavailable(backend, /nothing listens there/);
  await later.startAgain();
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
});

test('an answer without end is given up after a megabyte', async (t) => {
  const endless = await endlessPeer(t);
  await assertUnavailable(open({ servers: [server(endless.port)] }), /more than 1048576 bytes/);
  await closed(endless);
});

test('the service password is read at every login; without a good one nobody is asked', async () => {
  const secret = file('rotating');
  const backend = open({ bindPasswordFile: secret });
  await assertUnavailable(backend, /auth\.ldap\.bind_password_file: .*ENOENT/, 50);
  writeFileSync(secret, '\n');
  await assertUnavailable(backend, /auth\.ldap\.bind_password_file: .* is empty/, 50);
  writeFileSync(secret, 'wrong');
  await assertUnavailable(backend, /cannot bind as auth\.ldap\.bind_dn: the directory refuses/, 50);
  const seen = log.records(50).length;
  await verify(backend, 'alice', 's3cret');
  assert.equal(log.records(50).length, seen, 'said once');
  writeFileSync(secret, `${SERVICE.password}\r\nnot this line`);
  assert.equal((await verify(backend, 'alice', 's3cret')).kind, 'accepted');
});

test('places in the tree that are not there are outages with their key', async () => {
  const gone = `ou=gone,${BASE_DN}`;
  await assertUnavailable(open({ baseDn: gone }), /cannot search under auth\.ldap\.base_dn/, 50);
  const backend = open({ groupBaseDn: gone });
  await assertUnavailable(backend, /cannot search under auth\.ldap\.group_base_dn/, 50);
});

test('files of auth.ldap.ca that are missing or no certificates are outages with their key', async () => {
  const ca = file('ca-of-mine.pem');
  const backend = open({ servers: [{ secure: true, host: 'localhost', port: tlsPort }], ca });
  await assertUnavailable(backend, /auth\.ldap\.ca: .*ENOENT/, 50);
  writeFileSync(ca, 'nothing');
  await assertUnavailable(backend, /auth\.ldap\.ca: .* holds no certificate/, 50);
  writeFileSync(ca, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  await assertUnavailable(backend, /auth\.ldap\.ca: /, 50);
});

test('a referral is not followed', async (t) => {
  const elsewhere = await peer(t, (socket) => socket.destroy());
  const port = await freePort();
  const urls = [`ldap://127.0.0.1:${port}`];
  const referring = await Slapd.start({
    folder: file('referring'),
    urls,
    readers: ['anonymous'],
    lines: [`referral ldap://127.0.0.1:${elsewhere.port}`],
  });
  t.after(() => referring.stop());
  await assertUnavailable(
    open({ servers: [server(port)], baseDn: 'ou=people,dc=example,dc=org' }),
    /referrals are not followed/,
    50,
  );
  assert.equal(elsewhere.connections(), 0);
});

test('many at once are at most 32 connections, and all get their answer', async (t) => {
  const counting = await cuttingPeer(t, plain.port);
  const backend = open({ servers: [server(counting.port)] });
  const rounds = await Promise.all(
    Array.from({ length: 200 }, (_, i) => verify(backend, 'alice', i % 2 ? 's3cret' : 'wrong')),
  );
  rounds.forEach((round, i) => assert.equal(round.kind, i % 2 ? 'accepted' : 'refused'));
  assert.equal(counting.connections(), 200);
  // Those that said goodbye may still be closing.
  assert.ok(counting.open().most <= 40, String(counting.open().most));
});

test('a crowd that a dead directory keeps waiting is bounded', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port)] });
  const controller = new AbortController();
  const rounds = Array.from({ length: 1_100 }, () =>
    verify(backend, 'alice', 's3cret', controller.signal),
  );
  assert.deepEqual(await Promise.race(rounds), {
    kind: 'unavailable',
    reason: 'Too many logins at once',
  });
  controller.abort();
  for (const { kind } of await Promise.all(rounds)) assert.equal(kind, 'unavailable');
  await closed(silent);
});

test('a directory that hears passwords in clear text is warned of, but not on this machine', () => {
  const warnings = (options: Partial<LdapBackendOptions>): readonly string[] => {
    const own = new LogRecorder();
    new LdapBackend({ logger: own.logger, now: Date.now }, settings(options));
    return own.messages(40);
  };
  const far = { secure: false, host: 'ldap.example.com', port: 389 };
  assert.match(warnings({ servers: [far] }).join(), /CLEAR TEXT/);
  assert.deepEqual(warnings({ servers: [far], startTls: true }), []);
  assert.deepEqual(warnings({ servers: [{ ...far, secure: true }] }), []);
  assert.deepEqual(warnings({ servers: [plain] }), []);
});

test('no password is in any line of the log, and no name above debug', () => {
  const all = log.lines.join('\n');
  assert.ok(log.lines.length > 20);
  for (const secret of ['s3cret', SERVICE.password]) assert.ok(!all.includes(secret));
  for (const line of log.lines) {
    if (!line.includes('"level":20')) assert.doesNotMatch(line, /alice|uid=|bob/i);
  }
});

test('people behind a directory that answers nobody do not wait for their turn for ever', async (t) => {
  const silent = await silentPeer(t);
  const backend = open({ servers: [server(silent.port)], timeoutMs: 200, maxWaitMs: 300 });
  const rounds = await Promise.all(
    Array.from({ length: 200 }, () => verify(backend, 'alice', 's3cret')),
  );
  const reasons = rounds.map((round) => round.kind === 'unavailable' && round.reason);
  const late = reasons.filter((reason) => reason === 'Too many logins at once').length;
  assert.ok(late >= 100 && late <= 168, String(late));
  assert.ok(silent.connections() <= 100);
  await closed(silent);
});

async function closed(subject: { readonly open: () => { readonly now: number } }): Promise<void> {
  for (let tries = 0; subject.open().now > 0; tries++) {
    assert.ok(tries < 100, 'its connections are closed');
    await sleep(20);
  }
}
