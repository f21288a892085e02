// The files that TLS presents and checks with, of the main server and of each virtual host.
import { readClientAuthority, readRevocations } from '../certs/client_authority.ts';
import { readNamedBytes, readNamedFile } from '../certs/files.ts';
import { loadServerCertificate } from '../certs/load.ts';
import type { Config, HostConfig } from '../config/schema.ts';
import type { TlsSettings } from '../core/ipc/messages.ts';
import type { EpochMs } from '../core/units.ts';

export interface TlsFiles {
  /** The main server first, then the virtual hosts. */
  readonly hosts: readonly TlsSettings[];
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/** Reads and checks all files that [tls] and the virtual hosts name; throws WolfguardError. */
export function readTlsFiles(config: Config, now: EpochMs): TlsFiles {
  const read = [
    readHost('', config.tls, now),
    ...config.vhost.map(({ name, tls }) => readHost(name.toLowerCase(), tls, now)),
  ];
  return {
    hosts: read.map(({ settings }) => settings),
    // Virtual hosts share files with the main server.
    warnings: [...new Set(read.flatMap(({ warnings }) => warnings))],
  };
}

function readHost(
  name: string,
  tls: HostConfig['tls'],
  now: EpochMs,
): { readonly settings: TlsSettings; readonly warnings: readonly string[] } {
  const passphrase =
    tls.private_key_passphrase_file === null
      ? null
      : (readNamedFile(tls.private_key_passphrase_file, 'passphrase').split(/\r?\n/, 1)[0] ?? '');
  const loaded = tls.certificate.map((certificate, index) =>
    loadServerCertificate(
      { certificate, privateKey: tls.private_key[index] ?? '', passphrase },
      now,
    ),
  );
  const settings: TlsSettings = {
    name,
    certificates: loaded.map(({ certificateChainPem: chainPem, privateKeyPem }) => ({
      chainPem,
      privateKeyPem,
    })),
    ocspResponse:
      tls.ocsp_response === null ? null : readNamedBytes(tls.ocsp_response, 'OCSP response'),
    clientCaPem: tls.client_ca === null ? '' : readClientAuthority(tls.client_ca),
    clientCrlPem: tls.client_crl === null ? '' : readRevocations(tls.client_crl),
    minVersion: tls.min_version,
    groups: tls.groups,
    ciphers: tls.ciphers,
  };
  return { settings, warnings: loaded.flatMap(({ warnings }) => warnings) };
}
