// The schema of certificates, keys and what the handshakes may use.
import type { Kind } from './kind.ts';
import { boolean, choice, list, oneOrMore, onlyNow, optional, path, text } from './kinds.ts';
import { certificateField, certificateFieldOrNone } from './kinds_certificate.ts';
import { domain } from './kinds_net.ts';
import { key, later, table } from './table.ts';

export const tls = table(
  { effect: 'new connections' },
  {
    certificate: key(
      oneOrMore(path('/etc/wolfguard/server.pem'), 'paths'),
      '/etc/wolfguard/server.pem',
      'the chain as PEM, the server first; or a list of such files, for example RSA and ECDSA',
    ),
    private_key: key(
      oneOrMore(
        onlyNow(
          keyLocation('/etc/wolfguard/server.key'),
          isPath,
          'a path to a PEM file works now, for example "/etc/wolfguard/server.key"',
        ),
        'paths',
      ),
      '/etc/wolfguard/server.key',
      'PEM; a list where certificate is one, in the same order; a pkcs11: URI is not available yet',
    ),
    private_key_passphrase_file: key(
      optional(path('/etc/wolfguard/server.pass')),
      '',
      'its first line is the passphrase of encrypted private keys; "" = they have none',
    ),
    min_version: key(choice('1.2', '1.3'), '1.2', '"1.2" or "1.3"'),
    groups: key(
      text({ example: '"X25519MLKEM768:X25519:P-256"' }),
      'X25519MLKEM768:X25519:P-256',
      'key exchange, post-quantum first; "" = the library\'s own',
    ),
    ciphers: key(text(), '', 'TLS 1.2 list in OpenSSL syntax; "" = the server\'s own'),
    ocsp_response: key(
      optional(path('/etc/wolfguard/ocsp.der')),
      '',
      'DER file to staple, re-read when it changes',
    ),
    client_ca: key(
      optional(path('/etc/wolfguard/client-ca.pem')),
      '',
      'turns certificate login on',
    ),
    client_crl: key(
      optional(path('/etc/wolfguard/client.crl')),
      '',
      'revoked client certificates, PEM or DER, re-read when it changes',
    ),
    user_field: key(
      certificateField,
      'CN',
      'where the user stands in a client certificate: CN, UID, SAN:email, SAN:upn, an OID',
      { effect: 'new logins' },
    ),
    group_field: key(
      certificateFieldOrNone,
      'OU',
      'where the groups stand, one a field; "" = certificates name none',
      { effect: 'new logins' },
    ),
  },
);

export const acme = table(
  { about: 'certificates from an ACME authority instead of files' },
  {
    directory: later(text(), '', 'URL of the authority'),
    domains: later(list(domain, 'domains'), [], 'names to certify'),
    email: later(text(), '', 'where the authority writes to'),
  },
);

export const dtls = table(
  {},
  {
    legacy: key(
      boolean,
      true,
      'Cisco clients: the resumption-style handshake (X-DTLS12-CipherSuite)',
    ),
    min_version: key(dtlsVersion(), '1.2', 'only "1.2": what Cisco calls 1.0 is DTLS 0.9'),
  },
);

/** "1.0" has a name of its own in the refusal: it is what Cisco's documentation asks for. */
function dtlsVersion(): Kind<'1.2'> {
  const known = choice('1.2');
  return {
    ...known,
    parse: (raw, say) =>
      raw === '1.0'
        ? say(
            '"1.0" is not possible: Cisco means DTLS 0.9 by it, which OpenSSL does not speak as a server',
            'leave it at "1.2": clients older than AnyConnect 4.7 work through TLS',
          )
        : known.parse(raw, say),
  };
}

/** A path, or the URI of a key in a hardware module. */
function keyLocation(example: string): Kind<string> {
  const file = path(example);
  return {
    ...file,
    parse: (raw, say) =>
      typeof raw === 'string' && raw.startsWith('pkcs11:') ? raw : file.parse(raw, say),
  };
}

function isPath(value: string): value is string {
  return value.startsWith('/');
}
