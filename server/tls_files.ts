// The files that TLS presents and checks with, of the main server and of each virtual host.
import { readClientAuthority, readRevocations } from '../certs/client_authority.ts';
import { readNamedFile } from '../certs/files.ts';
import { loadServerCertificate } from '../certs/load.ts';
import type { ServerCertificate } from '../certs/load.ts';
import { readStapled } from '../certs/stapled.ts';
import type { Config, HostConfig } from '../config/schema.ts';
import { WolfguardError } from '../core/error.ts';
import type { TlsSettings } from '../core/ipc/messages.ts';
import type { EpochMs } from '../core/units.ts';
import { termWarning } from '../core/x509/term.ts';
import type { Term } from '../core/x509/term.ts';

export interface TlsFiles {
  /** The main server first, then the virtual hosts. */
  readonly hosts: readonly TlsSettings[];
  readonly certificates: Remarks;
  /** Revocation lists and OCSP responses. */
  readonly lists: Remarks;
}

/** What there is to say about files. */
export interface Remarks {
  readonly terms: readonly Term[];
  /** Sentences for the log about what is odd, whatever the time. */
  readonly warnings: readonly string[];
}

type Tls = HostConfig['tls'];

/** Reads and checks all files that [tls] and the virtual hosts name; throws WolfguardError. */
export function readTlsFiles(config: Config, now: EpochMs): TlsFiles {
  const read = hostsOf(config).map(({ name, tls }) => readHost(name, tls, now));
  return {
    hosts: read.map(({ settings }) => settings),
    certificates: together(read.map(({ certificates }) => certificates)),
    lists: together(read.map(({ lists }) => lists)),
  };
}

/** Reads only what changes by itself: revocation lists and OCSP responses. Throws WolfguardError. */
export function readTlsLists(config: Config, files: TlsFiles, now: EpochMs): TlsFiles {
  const hosts = hostsOf(config);
  const read = files.hosts.flatMap((settings, index) => {
    const tls = hosts[index]?.tls;
    return tls === undefined ? [] : [readLists(tls, settings, now)];
  });
  return {
    ...files,
    hosts: read.map(({ settings }) => settings),
    lists: together(read.map(({ lists }) => lists)),
  };
}

/** The files that readTlsLists reads. */
export const listPaths = (config: Config): string[] => [
  ...new Set(
    hostsOf(config).flatMap(({ tls }) =>
      [tls.client_crl, tls.ocsp_response].filter((path) => path !== null),
    ),
  ),
];

/** All sentences for the log, as of now. */
export const tlsWarnings = ({ certificates, lists }: TlsFiles, now: EpochMs): string[] => {
  const { terms, warnings } = together([certificates, lists]);
  return [...warnings, ...new Set(terms.flatMap((term) => termWarning(term, now) ?? []))];
};

interface HostLists {
  readonly settings: TlsSettings;
  readonly lists: Remarks;
}

interface HostFiles extends HostLists {
  readonly certificates: Remarks;
}

const hostsOf = (config: Config): { readonly name: string; readonly tls: Tls }[] => [
  { name: '', tls: config.tls },
  ...config.vhost.map(({ name, tls }) => ({ name: name.toLowerCase(), tls })),
];

/** Virtual hosts share files with the main server: no warning stands twice. */
const together = (remarks: readonly Remarks[]): Remarks => ({
  terms: remarks.flatMap(({ terms }) => terms),
  warnings: [...new Set(remarks.flatMap(({ warnings }) => warnings))],
});

function readHost(name: string, tls: Tls, now: EpochMs): HostFiles {
  const passphrase =
    tls.private_key_passphrase_file === null
      ? null
      : (readNamedFile(tls.private_key_passphrase_file, 'passphrase').split(/\r?\n/, 1)[0] ?? '');
  const loaded = tls.certificate.map((certificate, index) =>
    loadServerCertificate({ certificate, privateKey: tls.private_key[index] ?? '', passphrase }),
  );
  requireDifferentKeys(tls, loaded);
  const settings: TlsSettings = {
    name,
    certificates: loaded.map(({ certificateChainPem: chainPem, privateKeyPem }) => ({
      chainPem,
      privateKeyPem,
    })),
    ocspResponse: null,
    clientCaPem: tls.client_ca === null ? '' : readClientAuthority(tls.client_ca),
    clientCrlPem: '',
    minVersion: tls.min_version,
    groups: tls.groups,
    ciphers: tls.ciphers,
  };
  const certificates = {
    terms: loaded.map(({ term }) => term),
    warnings: loaded.flatMap(({ warnings }) => warnings),
  };
  return { ...readLists(tls, settings, now), certificates };
}

/** The settings with the lists of now. */
function readLists(tls: Tls, settings: TlsSettings, now: EpochMs): HostLists {
  const revocations =
    tls.client_crl === null
      ? { pem: '', terms: [], warnings: [] }
      : readRevocations(tls.client_crl, settings.clientCaPem);
  const stapled =
    tls.ocsp_response === null
      ? { response: null, terms: [], warnings: [] }
      : readStapled(tls.ocsp_response, settings.certificates[0]?.chainPem ?? '', now);
  return {
    settings: { ...settings, clientCrlPem: revocations.pem, ocspResponse: stapled.response },
    lists: together([revocations, stapled]),
  };
}

/** TLS takes one certificate of each kind of key: of two, one would never be seen. */
function requireDifferentKeys(
  { certificate }: Tls,
  loaded: readonly Pick<ServerCertificate, 'keyType'>[],
): void {
  for (const [index, { keyType }] of loaded.entries()) {
    const first = loaded.findIndex((other) => other.keyType === keyType);
    if (first === index) continue;
    throw new WolfguardError(
      'TLS_PAIRS',
      `${certificate[first]} and ${certificate[index]} have the same kind of key (${keyType}): tls.certificate takes one of each kind, such as RSA and ECDSA`,
    );
  }
}
