import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { pino } from 'pino';
import type { ClientCertificate } from '../../../../core/ipc/messages.ts';
import type { Round } from '../../../../server/auth/backend.ts';
import { CertificateBackend } from '../../../../server/auth/certificate_backend.ts';
import { OpensslAuthority } from '../../certs/openssl.ts';
import { credentials } from './backend_suite.ts';

const authority = new OpensslAuthority();
after(() => authority.close());
const alice = authority.issue('/OU=staff/OU=it/CN=alice');

test('a sound certificate names its user and the groups', async () => {
  const { verify, logged } = open();
  assert.deepEqual(await verify({ der: alice, error: null }), {
    kind: 'accepted',
    user: 'alice',
    groups: ['staff', 'it'],
  });
  assert.deepEqual(logged, []);
});

test('no certificate, and one that TLS does not vouch for, are refused', async () => {
  const { verify } = open();
  assert.deepEqual(await verify(null), { kind: 'refused' });
  assert.deepEqual(await verify({ der: alice, error: 'certificate revoked' }), { kind: 'refused' });
});

test('a certificate that does not say who it is, is refused with the reason and without names in the log', async () => {
  const { verify, logged } = open('SAN:email');
  assert.deepEqual(await verify({ der: alice, error: null }), { kind: 'refused' });
  assert.match(logged.join(''), /the certificate has no SAN:email/);
  assert.doesNotMatch(logged.join(''), /alice|192\.0\.2/);
});

test('damaged bytes are refused', async () => {
  const { verify, logged } = open();
  assert.deepEqual(await verify({ der: Uint8Array.of(1, 2), error: null }), { kind: 'refused' });
  assert.match(logged.join(''), /cannot be read/);
});

test('a check whose caller has gone is not accepted, and closing twice is fine', async () => {
  const { backend } = open();
  const round = await backend.verify(
    { ...credentials('', ''), certificate: { der: alice, error: null } },
    AbortSignal.abort(),
  );
  assert.equal(round.kind, 'unavailable');
  await backend.close();
  await backend.close();
});

function open(userField = 'CN') {
  const logged: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  const backend = new CertificateBackend({ logger }, { userField, groupField: 'OU' });
  const verify = (certificate: ClientCertificate | null): Promise<Round> =>
    backend.verify({ ...credentials('', ''), certificate }, new AbortController().signal);
  return { backend, logged, verify };
}
