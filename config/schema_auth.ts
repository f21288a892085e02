// The schema of who may come in: the login dialogue, its chains and their backends.
import { boolean, integer, list, onlyNow, optional, path, text } from './kinds.ts';
import { duration } from './kinds_quantity.ts';
import { stepName } from './kinds_auth.ts';
import { key, later, list as listSection, table } from './table.ts';

export const auth = table(
  { reloadable: true },
  {
    timeout: key(duration({ zero: false }), '4m', 'the whole login dialogue'),
    max_attempts: key(integer(1, 100), 3, 'wrong passwords per dialogue'),
    select_group: later(
      list(text(), 'groups'),
      [],
      'groups offered to the user at login; [] = none asked',
    ),
  },
);

export const chain = listSection(
  {
    reloadable: true,
    about:
      'Who may come in: any ONE chain lets a user in; every step in it must succeed, in order. Steps: "file"; not available yet: "pam", "ldap", "radius", "certificate", "totp", "oidc", "saml", "gssapi", "plugin:NAME"',
  },
  {
    steps: key(
      list(onlyNow(stepName, isFile, '"file" works now'), 'steps', { nonEmpty: true }),
      ['file'],
      'in order',
    ),
  },
);

export const file = table(
  { reloadable: true },
  {
    path: key(
      path('/etc/wolfguard/passwd'),
      '/etc/wolfguard/passwd',
      '"name:groups:hash" lines; hashes: argon2id (written), scrypt, crypt(3) $6$ $5$ $y$ (read)',
    ),
    otp_path: later(path('/etc/wolfguard/otp'), '/etc/wolfguard/otp', '"name:secret" for totp'),
  },
);

export const pam = table(
  { reloadable: true },
  { service: later(text(), 'wolfguard', 'the file in /etc/pam.d') },
);

export const ldap = table(
  { reloadable: true },
  {
    url: later(text(), '', 'ldap:// or ldaps://'),
    start_tls: later(boolean, false, 'TLS on the plain port'),
    ca: later(optional(path('/etc/wolfguard/ldap-ca.pem')), '', 'who signs for the directory'),
    bind_dn: later(text(), '', 'whom to search as'),
    bind_password_file: later(
      optional(path('/etc/wolfguard/ldap.secret')),
      '',
      'and their password',
    ),
    base_dn: later(text(), '', 'where people are'),
    user_filter: later(text(), '(uid={user})', '{user} is escaped'),
    group_base_dn: later(text(), '', 'where groups are'),
    group_filter: later(text(), '(member={dn})', '{dn} is escaped'),
    group_attribute: later(text(), 'cn', 'the name of a group'),
  },
);

export const radius = table(
  { reloadable: true },
  {
    servers: later(list(text(), 'servers'), [], '"host:port"; tried in order'),
    secret_file: later(optional(path('/etc/wolfguard/radius.secret')), '', 'the shared secret'),
    timeout: later(duration({ zero: false }), '5s', 'per server'),
    require_message_authenticator: later(boolean, true, 'refuse replies that could be forged'),
    nas_identifier: later(text(), 'wolfguard', 'how we call ourselves'),
    accounting: later(boolean, false, 'start, interim and stop records'),
    interim_interval: later(duration({ zero: true }), '10m', 'between interim records'),
  },
);

export const oidc = table(
  { reloadable: true },
  {
    issuer: later(text(), '', 'URL of the provider'),
    client_id: later(text(), '', 'as the provider knows us'),
    client_secret_file: later(optional(path('/etc/wolfguard/oidc.secret')), '', 'and our secret'),
    scopes: later(list(text(), 'scopes'), ['openid', 'profile', 'groups'], 'what to ask for'),
    user_claim: later(text(), 'preferred_username', 'the claim with the user'),
    groups_claim: later(text(), 'groups', 'the claim with the groups'),
  },
);

function isFile(step: string): step is 'file' {
  return step === 'file';
}
