// What has changed in files that a configuration names: certificates by what they say, others by
// their paths.
import { X509Certificate } from 'node:crypto';
import type { Config } from '../config/schema.ts';
import type { TlsSettings } from '../core/ipc/messages.ts';
import type { CertificateChange, CertificateSummary } from '../core/ipc/reload_plan.ts';
import type { Profiles } from './profiles.ts';
import type { RouteFiles } from './route_files.ts';
import type { TlsFiles } from './tls_files.ts';

interface Contents {
  readonly config: Config;
  readonly tls: TlsFiles;
  readonly profiles: Profiles;
  readonly routeFiles: RouteFiles;
}

/** By host and place in tls.certificate; what a host has from the main server is told once. */
export function changedCertificates(before: TlsFiles, after: TlsFiles): CertificateChange[] {
  const told = new Set<string>();
  return after.hosts.flatMap((host) => {
    const old = hostOf(before, host.name)?.certificates ?? [];
    const count = Math.max(old.length, host.certificates.length);
    return Array.from({ length: count }, (_, index) => [old[index], host.certificates[index]])
      .map((pair) => pair.map((certificate) => certificate?.chainPem))
      .flatMap(([was, is]) => {
        const id = `${was}\n${is}`;
        if (was === is || told.has(id)) return [];
        told.add(id);
        return [{ host: host.name, before: summary(was), after: summary(is) }];
      });
  });
}

/** Files that both name in the same place and that hold something else now. */
export function changedFiles(before: Contents, after: Contents): string[] {
  const profiles = [...after.profiles].flatMap(([path, { sha1 }]) =>
    (before.profiles.get(path)?.sha1 ?? sha1) === sha1 ? [] : [path],
  );
  const changed = [
    ...changedTlsFiles(before, after),
    ...profiles,
    ...after.routeFiles.changed(before.routeFiles),
  ];
  return [...new Set(changed)];
}

function changedTlsFiles(before: Contents, after: Contents): string[] {
  const old = tlsFilesOf(before);
  return [...tlsFilesOf(after)].flatMap(([path, content]) => {
    const was = old.get(path);
    return was === undefined || was === content ? [] : [path];
  });
}

/** By path, what was read from it. */
function tlsFilesOf({ config, tls }: Contents): Map<string, string> {
  const hosts = [config, ...config.vhost];
  return new Map(
    tls.hosts.flatMap((read, index): (readonly [string, string])[] => {
      const named = hosts[index]?.tls;
      if (named === undefined) return [];
      const lists: (readonly [string | null, string])[] = [
        ...named.certificate.map(
          (path, at) => [path, read.certificates[at]?.chainPem ?? ''] as const,
        ),
        ...named.private_key.map(
          (path, at) => [path, read.certificates[at]?.privateKeyPem ?? ''] as const,
        ),
        [named.client_ca, read.clientCaPem],
        [named.client_crl, read.clientCrlPem],
        [named.ocsp_response, Buffer.from(read.ocspResponse ?? []).toString('base64')],
      ];
      return lists.flatMap(([path, content]) => (path === null ? [] : [[path, content] as const]));
    }),
  );
}

const hostOf = ({ hosts }: TlsFiles, name: string): TlsSettings | undefined =>
  hosts.find((host) => host.name === name);

function summary(pem: string | undefined): CertificateSummary | null {
  if (pem === undefined) return null;
  const { subject, validToDate, subjectAltName, fingerprint256 } = new X509Certificate(pem);
  return {
    subject: subject.split('\n').join(', '),
    expiresAt: validToDate.getTime(),
    names: (subjectAltName ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
      .filter((name) => name !== ''),
    fingerprint: fingerprint256,
  };
}
