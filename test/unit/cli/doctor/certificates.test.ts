import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { loadConfig } from '../../../../config/loader.ts';
import { judgeCertificates } from '../../../../cli/doctor/judge_certificates.ts';
import type { CertificateFacts } from '../../../../cli/doctor/judge_certificates.ts';
import { probeCertificates } from '../../../../cli/doctor/probes/files.ts';
import { OpensslAuthority } from '../../certs/openssl.ts';

/** Later than what is issued here begins. */
const NOW = Date.now() + 60_000;
const DAY_MS = 86_400_000;
const WHERE = 'authorityInfoAccess=caIssuers;URI:http://ca.example/ca.der';

const authority = new OpensslAuthority();
after(() => rmSync(authority.folder, { recursive: true }));
const ca = new X509Certificate(authority.run('x509', '-in', 'ca.pem'));

test('a certificate that clients will take is told with its names and its end', () => {
  const leaf = issue('subjectAltName=DNS:vpn.example', WHERE);
  assert.match(judge({ chain: [leaf, ca] }), /^ok: leaf\.pem is for DNS:vpn\.example, until 20/);
});

test('an issuer that is missing is named with the place where it is to be had', () => {
  const leaf = issue('subjectAltName=DNS:vpn.example', WHERE);
  assert.match(
    judge({ chain: [leaf] }),
    /^problem: leaf\.pem lacks the certificate of its issuer \(O=Test, CN=Test CA\).* → .*curl http:\/\/ca\.example\/ca\.der /,
  );
  assert.match(judge({ chain: [leaf], trusted: new Set([ca.subject]) }), /^ok/);
});

test('an authority of the administrator, which clients know or pin, is not missed', () => {
  assert.match(judge({ chain: [issue('subjectAltName=DNS:vpn.example')] }), /^ok/);
});

test('a virtual host has a certificate for its name', () => {
  const chain = [issue('subjectAltName=DNS:vpn.example'), ca];
  assert.match(judge({ chain, name: 'vpn.example' }), /^ok/);
  assert.match(
    judge({ chain, name: 'other.example' }),
    /^problem: leaf\.pem is not for other\.example but for DNS:vpn\.example → .*vhost\.tls\.certificate/,
  );
  assert.match(judge({ chain: [issue()] }), /^problem: .*no name or address \(subjectAltName\)/);
});

test('what ends soon is a warning, what has not begun a problem', () => {
  const term = { what: 'certificate', path: 'leaf.pem', from: NOW - DAY_MS } as const;
  const chain = [issue('subjectAltName=DNS:vpn.example'), ca];
  assert.match(
    judge({ chain, terms: [{ ...term, until: NOW + 3 * DAY_MS }] }),
    /^warning: the certificate leaf\.pem ends on .* → renew it in time/,
  );
  assert.match(
    judge({ chain, terms: [{ ...term, from: NOW + DAY_MS, until: null }] }),
    /^problem: .*not valid before .* → check this machine's clock/,
  );
  const list = { ...term, what: 'revocation list', path: 'crl.pem', until: NOW + 1000 } as const;
  assert.match(judge({ chain, terms: [list] }), /warning: the revocation list crl\.pem ends/);
});

test('a chain in the wrong order is read as it will be sent, and told', () => {
  issue('subjectAltName=DNS:vpn.example');
  const both = ['ca.pem', 'leaf.pem'].map((file) => authority.run('x509', '-in', file)).join('');
  writeFileSync(authority.file('chain.pem'), both);
  const config = loadConfig(
    `[tls]\ncertificate = "${authority.file('chain.pem')}"\nprivate_key = "${authority.file('leaf.key')}"`,
    'test.toml',
  );
  assert.ok(config.ok);
  const probe = probeCertificates(config.config, NOW);
  assert.ok(probe.kind === 'read');
  assert.deepEqual(
    probe.facts.hosts[0]?.certificates[0]?.chain.map(({ ca: isCa }) => isCa),
    [false, true],
  );
  const said = judgeCertificates(probe.facts).map(({ level, what }) => `${level}: ${what}`);
  assert.match(said.join('\n'), /^warning: .*chain\.pem does not begin with the server's own/);
});

/** `leaf.pem` and `leaf.key`, in place of those before. */
function issue(...extensions: string[]): X509Certificate {
  return new X509Certificate(authority.issue('/CN=vpn', extensions, [], 'leaf'));
}

function judge({
  chain,
  name = '',
  ...facts
}: Partial<CertificateFacts> & {
  readonly chain: readonly X509Certificate[];
  readonly name?: string;
}): string {
  return judgeCertificates({
    hosts: [{ name, certificates: [{ path: 'leaf.pem', chain }] }],
    terms: [],
    remarks: [],
    trusted: new Set(),
    now: NOW,
    ...facts,
  })
    .map(({ level, what, mend }) => `${level}: ${what} → ${mend ?? ''}`)
    .join('\n');
}
