// The files of [tls] and of each virtual host: whether they are there, hold what they should, belong
// together and have not ended.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { EpochMs } from '../core/units.ts';
import { readCertificateNames } from '../core/x509/certificate.ts';
import { readOcspResponse } from '../core/x509/ocsp_response.ts';
import { derOf, pemBlocks } from '../core/x509/pem.ts';
import { readRevocationListHead } from '../core/x509/revocation_list.ts';
import { attempt, finding, Mismatch, readBytes, readText } from './disk_files.ts';
import { quote } from './kind.ts';
import type { Finding } from './problems.ts';
import type { Config, HostConfig } from './schema.ts';

type Tls = HostConfig['tls'];

/** What a virtual host has from the main server is found once, there. */
export function findTlsMistakes(config: Config, now: EpochMs): Finding[] {
  const main = checkHost(config.tls, now);
  const known = new Set(main.map(({ message }) => message));
  const ofHosts = config.vhost.flatMap(({ tls }, index) =>
    checkHost(tls, now)
      .filter(({ message }) => !known.has(message))
      .map((found) => ({ ...found, path: ['vhost', index, ...found.path] })),
  );
  return [...main, ...ofHosts];
}

const checkHost = (tls: Tls, now: EpochMs): Finding[] => [
  ...checkPairs(tls, now),
  ...checkNames(tls),
  ...checkClientAuthority(tls),
  ...checkRevocations(tls, now),
  ...checkStapled(tls, now),
];

function checkPairs(tls: Tls, now: EpochMs): Finding[] {
  const passphrase = attempt('tls.private_key_passphrase_file', () => readPassphrase(tls));
  if (!passphrase.ok) return [passphrase.finding];
  const kinds = new Map<string | undefined, number>();
  return tls.certificate.flatMap((certificatePath, index) => {
    const certificate = attempt('tls.certificate', () => {
      const leaf = leafOf(readText(certificatePath));
      requireTerm('the certificate', leaf.validToDate.getTime(), now);
      return leaf;
    });
    const key = attempt('tls.private_key', () =>
      privateKeyOf(readText(tls.private_key[index] ?? ''), passphrase.value),
    );
    const at = (found: Finding): Finding => ({ ...found, path: [...found.path, index] });
    if (!certificate.ok || !key.ok) {
      return [certificate, key].flatMap((result) => (result.ok ? [] : [at(result.finding)]));
    }
    if (!certificate.value.checkPrivateKey(key.value)) {
      const message = `is not the key of the certificate in ${quote(certificatePath)}`;
      return [at(finding('tls.private_key', message))];
    }
    const kind = key.value.asymmetricKeyType;
    const first = kinds.get(kind);
    kinds.set(kind, first ?? index);
    if (first === undefined) return [];
    const message = `number ${first + 1} and number ${index + 1} have the same kind of key (${kind})`;
    const hint = 'TLS takes one certificate of each kind, such as RSA and ECDSA';
    return [at(finding('tls.certificate', message, hint))];
  });
}

/** undefined = there is none. */
function readPassphrase({ private_key_passphrase_file: path }: Tls): string | undefined {
  if (path === null) return undefined;
  const [passphrase = ''] = readText(path).split(/\r?\n/, 1);
  if (passphrase === '') throw new Mismatch(`the first line of ${quote(path)} is empty`);
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return passphrase;
  throw new Mismatch(
    `others than its owner may read ${quote(path)} (mode ${mode.toString(8)}): chmod 600 it`,
  );
}

/** Asks the library that the engine will ask. */
function checkNames({ groups, ciphers }: Tls): Finding[] {
  const takes = (key: string, value: string, options: object): Finding[] => {
    const taken = attempt(key, () => value === '' || createSecureContext(options));
    return taken.ok ? [] : [finding(key, `OpenSSL does not take ${quote(value)}`)];
  };
  return [
    ...takes('tls.groups', groups, { ecdhCurve: groups }),
    ...takes('tls.ciphers', ciphers, { ciphers, maxVersion: 'TLSv1.2' }),
  ];
}

function checkClientAuthority({ client_ca: path }: Tls): Finding[] {
  if (path === null) return [];
  const result = attempt('tls.client_ca', () => {
    for (const [index, certificate] of authoritiesOf(path).entries()) {
      if (certificate.ca || certificate.subject === certificate.issuer) continue;
      throw new Mismatch(`certificate ${index + 1} of the file is not that of an authority`);
    }
  });
  return result.ok ? [] : [result.finding];
}

function checkRevocations(
  { client_crl: path, client_ca: authority }: Tls,
  now: EpochMs,
): Finding[] {
  if (path === null) return [];
  const known = attempt('tls.client_ca', () =>
    (authority === null ? [] : authoritiesOf(authority)).map(({ raw }) =>
      Buffer.from(readCertificateNames(raw)?.subject ?? []).toString('base64'),
    ),
  );
  const result = attempt('tls.client_crl', () => {
    const bytes = readBytes(path);
    const blocks = pemBlocks(bytes, 'X509 CRL').map(derOf);
    for (const [index, der] of (blocks.length > 0 ? blocks : [bytes]).entries()) {
      const what = `list ${index + 1} of the file`;
      const head = readRevocationListHead(der);
      if (head === undefined) {
        throw new Mismatch(
          blocks.length > 0 ? `${what} is damaged` : 'the file holds no revocation list',
        );
      }
      if (known.ok && !known.value.includes(Buffer.from(head.issuer).toString('base64'))) {
        throw new Mismatch(`${what} is of an authority that is not in tls.client_ca`);
      }
      requireTerm(what, head.nextUpdate, now);
    }
  });
  return result.ok ? [] : [result.finding];
}

function checkStapled({ ocsp_response: path, certificate }: Tls, now: EpochMs): Finding[] {
  if (path === null) return [];
  const leaf = attempt('tls.certificate', () => leafOf(readText(certificate[0] ?? '')));
  const result = attempt('tls.ocsp_response', () => {
    const statuses = readOcspResponse(readBytes(path));
    if (statuses === undefined) throw new Mismatch('the file holds no OCSP response in DER form');
    // What is wrong with the certificate has been found there.
    if (!leaf.ok) return;
    const own = statuses.find(({ serial }) => serial === leaf.value.serialNumber.toLowerCase());
    if (own === undefined) throw new Mismatch('is about another certificate');
    if (own.status !== 'good') throw new Mismatch(`says "${own.status}" of the certificate`);
    requireTerm('the response', own.nextUpdate, now);
  });
  return result.ok ? [] : [result.finding];
}

function requireTerm(what: string, until: EpochMs | null, now: EpochMs): void {
  if (until === null || until > now) return;
  throw new Mismatch(`${what} expired on ${new Date(until).toISOString().slice(0, 10)}`);
}

/** PEM, or one as DER. */
function authoritiesOf(path: string): X509Certificate[] {
  const bytes = readBytes(path);
  const blocks = pemBlocks(bytes, 'CERTIFICATE');
  return (blocks.length > 0 ? blocks : [bytes]).map((block, index) => parse(block, index));
}

/** Reads the whole chain and returns its first certificate; throws for `attempt`. */
export function leafOf(pem: string): X509Certificate {
  const [leaf] = pemBlocks(Buffer.from(pem), 'CERTIFICATE').map(parse);
  if (leaf === undefined) throw new Mismatch('the file holds no certificate in PEM form');
  return leaf;
}

function parse(block: string | Uint8Array, index: number): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch {
    throw new Mismatch(
      typeof block === 'string'
        ? `certificate ${index + 1} of the file is damaged`
        : 'the file holds no certificate',
    );
  }
}

function privateKeyOf(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch (error) {
    const locked = (error as NodeJS.ErrnoException).code === 'ERR_MISSING_PASSPHRASE';
    if (!locked && !pem.includes('ENCRYPTED')) {
      throw new Mismatch('the file holds no private key in PEM form');
    }
    throw new Mismatch(
      passphrase === undefined
        ? 'the key has a passphrase, and nobody is there to type it: name a file with it in tls.private_key_passphrase_file'
        : 'the passphrase in tls.private_key_passphrase_file does not open the key',
    );
  }
}
