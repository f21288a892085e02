import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { loadConfig } from '../../../config/loader.ts';
import type { Config } from '../../../config/schema.ts';
import { listPaths, readTlsFiles, tlsWarnings } from '../../../server/tls_files.ts';
import type { TlsFiles } from '../../../server/tls_files.ts';
import { TlsWatch } from '../../../server/tls_watch.ts';
import { OpensslAuthority } from '../certs/openssl.ts';

const DAY_MS = 86_400_000;
const authority = new OpensslAuthority();
const at = (name: string): string => authority.file(name);
after(() => authority.close());
before(() => {
  authority.issue('/CN=vpn', [], [], 'server');
  authority.issue('/CN=bob', [], [], 'bob');
  authority.issue('/CN=rsa', [], [], 'other');
  authority.revoke('empty');
  authority.revoke('list', ['bob']);
  authority.respond('good', 'server');
  authority.respond('strange', 'bob');
});

const LISTS = { client_ca: 'ca.pem', client_crl: 'list.crl', ocsp_response: 'good.ocsp' };

test('all files of [tls] become settings, lists from PEM and from DER alike', () => {
  const pem = readTlsFiles(configure(LISTS), Date.now());
  const der = readTlsFiles(configure({ ...LISTS, client_crl: 'list.crl.der' }), Date.now());
  assert.deepEqual(der.hosts, pem.hosts);
  assert.match(pem.hosts[0]?.clientCrlPem ?? '', /BEGIN X509 CRL/);
  assert.deepEqual(pem.hosts[0]?.ocspResponse, readFileSync(at('good.ocsp')));
  assert.deepEqual(tlsWarnings(pem, Date.now()), []);
});

test('what ends is named with its file, and an OCSP response that has ended is not stapled', () => {
  const config = configure(LISTS);
  const late = Date.now() + 8 * DAY_MS;
  const files = readTlsFiles(config, late);
  assert.equal(files.hosts[0]?.ocspResponse, null);
  const said = tlsWarnings(files, late).join('\n');
  assert.match(said, /the certificate \/.*server\.pem ends on/);
  assert.match(said, /the revocation list \/.*list\.crl expired on .*nobody can log in/);
  assert.match(said, /the OCSP response \/.*good\.ocsp expired on .*not stapled/);
});

test('files that hold something else are refused by name', () => {
  const refused = (tls: Record<string, string>, reason: RegExp): void => {
    assert.throws(() => readTlsFiles(configure({ ...LISTS, ...tls }), Date.now()), reason);
  };
  refused({ client_ca: 'ca.key' }, /ca\.key holds no certificate/);
  refused({ client_crl: 'ca.pem' }, /ca\.pem holds no revocation list/);
  refused({ client_crl: 'none' }, /cannot read the revocation list .*none: no such file/);
  refused({ ocsp_response: 'ca.pem' }, /ca\.pem holds no OCSP response/);
  refused({ ocsp_response: 'strange.ocsp' }, /is about another certificate/);
});

test('a damaged list, and one that another authority of the same name has signed, are refused', () => {
  const der = readFileSync(at('list.crl.der'));
  // Inside the signature: the frame is as it was.
  der[der.length - 1] = (der[der.length - 1] ?? 0) ^ 1;
  writeFileSync(at('damaged.crl'), der);
  const read = (list: string): TlsFiles =>
    readTlsFiles(configure({ ...LISTS, client_crl: list }), Date.now());
  assert.throws(() => read('damaged.crl'), /list 1 in .* is damaged, or was not signed by/);
  writeFileSync(at('short.crl'), der.subarray(0, -3));
  assert.throws(() => read('short.crl'), /list 1 in .* is no revocation list, or a damaged one/);
  const impostor = new OpensslAuthority();
  impostor.revoke('list');
  copyFileSync(impostor.file('list.crl'), at('impostor.crl'));
  impostor.close();
  assert.throws(() => read('impostor.crl'), /was not signed by the authority of that name/);
});

test('a list of an authority that is not asked is of no use, and the log says so', () => {
  const files = readTlsFiles(configure({ ...LISTS, client_ca: 'server.pem' }), Date.now());
  const said = tlsWarnings(files, Date.now()).join('\n');
  assert.match(said, /not in tls\.client_ca: it is of no use/);
  assert.match(said, /no revocation list of CN=vpn: certificates that this authority has signed/);
});

test('two certificates with the same kind of key are refused: one would never be seen', () => {
  const paths = (ending: string): string[] => [at(`server.${ending}`), at(`other.${ending}`)];
  const config = configure({ certificate: paths('pem'), private_key: paths('key') });
  assert.throws(
    () => readTlsFiles(config, Date.now()),
    /same kind of key \(ec\).*one of each kind/,
  );
});

test('a virtual host has files of its own, and what it shares is warned of once', () => {
  const host = `[[vhost]]\nname = "b.example.com"\ntls = { client_crl = "${at('empty.crl')}" }`;
  const config = configure(LISTS, host);
  const { hosts } = readTlsFiles(config, Date.now());
  assert.equal(hosts[1]?.name, 'b.example.com');
  assert.notEqual(hosts[1].clientCrlPem, hosts[0]?.clientCrlPem);
  assert.deepEqual(listPaths(config), ['list.crl', 'good.ocsp', 'empty.crl'].map(at));
  const late = Date.now() + 8 * DAY_MS;
  const said = tlsWarnings(readTlsFiles(config, late), late);
  assert.equal(said.filter((text) => text.includes('server.pem')).length, 1);
});

test('a list that is replaced is in force at the next look, without a reload', () => {
  copyFileSync(at('empty.crl'), at('live.crl'));
  const { watch, applied, logged } = watching({ ...LISTS, client_crl: 'live.crl' });
  watch.poll();
  assert.equal(applied.length, 0);
  copyFileSync(at('list.crl'), at('live.crl'));
  watch.poll();
  watch.poll();
  assert.equal(applied.length, 1);
  assert.match(applied[0]?.hosts[0]?.clientCrlPem ?? '', /BEGIN X509 CRL/);
  assert.equal(applied[0]?.hosts[0]?.clientCrlPem, readFileSync(at('list.crl'), 'utf8'));
  assert.match(logged.join(''), /read anew/);
});

test('a file that is touched and says the same changes nothing', () => {
  copyFileSync(at('list.crl'), at('live.crl'));
  const { watch, applied, logged } = watching({ ...LISTS, client_crl: 'live.crl' });
  copyFileSync(at('list.crl'), at('live.crl'));
  watch.poll();
  assert.deepEqual([applied, logged], [[], []]);
});

test('a broken new file leaves the old one in force, is named once, and its mending is seen', () => {
  copyFileSync(at('empty.crl'), at('live.crl'));
  const { watch, applied, logged } = watching({ ...LISTS, client_crl: 'live.crl' });
  writeFileSync(at('live.crl'), '');
  watch.poll();
  watch.poll();
  assert.equal(applied.length, 0);
  assert.equal(logged.length, 1);
  assert.match(logged[0] ?? '', /"level":50.*live\.crl holds no revocation list.*before stays/);
  copyFileSync(at('list.crl'), at('live.crl'));
  watch.poll();
  assert.equal(applied.length, 1);
});

test('a response that ends is taken away by itself, and what ends is said once a day', () => {
  const { watch, applied, logged, wait } = watching(LISTS);
  wait(6 * DAY_MS);
  watch.poll();
  watch.poll();
  const near = logged.filter((line) => /good\.ocsp ends on/.test(line));
  assert.equal(near.length, 1);
  wait(DAY_MS + 1);
  watch.poll();
  assert.equal(applied.at(-1)?.hosts[0]?.ocspResponse, null);
  assert.match(logged.at(-1) ?? '', /good\.ocsp expired on .*not stapled/);
  const before = logged.length;
  wait(DAY_MS / 2);
  watch.poll();
  assert.equal(logged.length, before);
});

function watching(tls: Record<string, string>) {
  let now = Date.now();
  const config = configure(tls);
  let files = readTlsFiles(config, now);
  const applied: TlsFiles[] = [];
  const logged: string[] = [];
  const watch = new TlsWatch({
    current: () => ({ config, tls: files }),
    isHeld: () => false,
    apply: (changed) => {
      files = changed;
      applied.push(changed);
    },
    logger: pino({ level: 'info' }, { write: (line: string) => void logged.push(line) }),
    now: () => now,
  });
  return { watch, applied, logged, wait: (ms: number) => void (now += ms) };
}

/** Names without a slash are files of the authority's folder. */
function configure(tls: Record<string, string | readonly string[]>, more = ''): Config {
  const values = { certificate: 'server.pem', private_key: 'server.key', ...tls };
  const lines = Object.entries(values).map(
    ([key, value]) => `${key} = ${JSON.stringify(typeof value === 'string' ? at(value) : value)}`,
  );
  const result = loadConfig(`[tls]\n${lines.join('\n')}\n${more}\n`, 'test.toml');
  assert.ok(result.ok, result.ok ? '' : result.output);
  return result.config;
}
