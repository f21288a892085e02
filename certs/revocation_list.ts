// What an authority takes back: a certificate revocation list [rfc5280 5].
import type { EpochMs } from '../core/units.ts';
import { authorityKeyIdentifier, BACKDATE_MS } from './authority.ts';
import type { KeyPairPem } from './authority.ts';
import { importKeys } from './keys.ts';
import { toPem } from '../core/x509/pem.ts';
import { loadX509 } from './x509.ts';

const DAY_MS = 86_400_000;
/**
 * When the list ends nobody gets in any more, and nobody can keep a newer one from the server, which
 * reads it from its own disk: so it may hold for long.
 */
export const LIST_DAYS = 365;

/** Why a certificate is taken back, as RFC 5280 names it. */
export const REVOCATION_REASONS = [
  'unspecified',
  'keyCompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'privilegeWithdrawn',
] as const;
export type RevocationReason = (typeof REVOCATION_REASONS)[number];

export interface Revocation {
  /** In hex. */
  readonly serial: string;
  readonly at: EpochMs;
  readonly reason: RevocationReason;
}

/** The list as PEM. `number` must be greater than that of every earlier list. */
export async function createRevocationList(
  authority: KeyPairPem,
  {
    number,
    revocations,
    days = LIST_DAYS,
  }: {
    readonly number: number;
    readonly revocations: readonly Revocation[];
    readonly days?: number | undefined;
  },
  now: EpochMs,
): Promise<string> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certificatePem);
  const signing = await importKeys(authority.privateKeyPem, "the authority's private key");
  const thisUpdate = now - BACKDATE_MS;
  const list = await x509.X509CrlGenerator.create({
    issuer: issuer.subjectName,
    thisUpdate: new Date(thisUpdate),
    nextUpdate: new Date(thisUpdate + days * DAY_MS),
    signingAlgorithm: signing.signature,
    signingKey: signing.pair.privateKey,
    entries: revocations.map(({ serial, at, reason }) => ({
      serialNumber: serial,
      revocationDate: new Date(at),
      // "unspecified" is said by saying nothing [rfc5280 5.3.1].
      ...(reason !== 'unspecified' && { reason: x509.X509CrlReason[reason] }),
    })),
    extensions: [
      await authorityKeyIdentifier(issuer),
      new x509.Extension(CRL_NUMBER, false, Uint8Array.from(derInteger(number))),
    ],
  });
  return toPem(new Uint8Array(list.rawData), 'X509 CRL');
}

const CRL_NUMBER = '2.5.29.20';

/** INTEGER; `value` is positive. */
function derInteger(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  if (bytes.length === 0 || (bytes[0] ?? 0) >= 0x80) bytes.unshift(0);
  return [0x02, bytes.length, ...bytes];
}
