// The schema of who may come in: the login dialogue, its chains and their backends.
import { boolean, integer, list, onlyNow, optional, path, text } from './kinds.ts';
import { duration } from './kinds_quantity.ts';
import { pamService, radiusServer, selectableGroup, stepName } from './kinds_auth.ts';
import { attributeName, bindName, dn, ldapFilter, ldapUrls } from './kinds_ldap.ts';
import { quote } from './kind.ts';
import { key, later, list as listSection, table } from './table.ts';

/** The steps that work now. */
const STEPS = ['file', 'pam', 'ldap', 'radius', 'certificate', 'totp'] as const;
export type Step = (typeof STEPS)[number];

export const auth = table(
  { effect: 'new logins' },
  {
    timeout: key(duration({ zero: false }), '4m', 'the whole login dialogue'),
    max_attempts: key(integer(1, 100), 3, 'wrong passwords per dialogue'),
    select_group: key(
      list(selectableGroup, 'groups'),
      [],
      'groups offered to the user at login, "name" or "name[What people read]"; [] = none asked',
    ),
  },
);

export const chain = listSection(
  {
    effect: 'new logins',
    about:
      'Who may come in: any ONE chain lets a user in; every step in it must succeed, in order. Steps: "file", "pam", "ldap", "radius", "certificate", "totp"; not available yet: "oidc", "saml", "gssapi", "plugin:NAME"',
  },
  {
    steps: key(
      list(onlyNow(stepName, isStep, `${STEPS.map(quote).join(', ')} work now`), 'steps', {
        nonEmpty: true,
      }),
      ['file'],
      'in order',
    ),
  },
);

export const file = table(
  { effect: 'new logins' },
  {
    path: key(
      path('/etc/wolfguard/passwd'),
      '/etc/wolfguard/passwd',
      '"name:groups:hash" lines; hashes: argon2id (written), scrypt, crypt(3) $6$ $5$ $y$ $1$ (read)',
    ),
    renew_hashes: key(
      boolean,
      true,
      'weak hashes become argon2id when their people log in; false where ocserv reads the file too',
    ),
    otp_path: key(
      path('/etc/wolfguard/otp'),
      '/etc/wolfguard/otp',
      'for the step "totp": "name:secret" lines (wolfguard otp USER), or a file of liboath',
    ),
  },
);

export const pam = table(
  { effect: 'new logins' },
  {
    service: key(pamService, 'wolfguard', 'the file in /etc/pam.d'),
    gid_min: key(
      integer(0, 4_294_967_294),
      0,
      'groups of the system with smaller numbers do not count; nor does the one named like its user',
    ),
    accounting: key(boolean, false, 'open and close a PAM session for each session'),
  },
);

export const ldap = table(
  {
    effect: 'new logins',
    about:
      'People of a directory: bind_dn searches the one entry that user_filter finds, and the password is tried on it. Referrals are not followed',
  },
  {
    url: key(
      ldapUrls,
      '',
      'ldaps://HOST or ldap://HOST, ":port" if need be; several with blanks between are asked in order',
    ),
    start_tls: key(boolean, false, 'TLS on the plain port'),
    ca: key(
      optional(path('/etc/wolfguard/ldap-ca.pem')),
      '',
      'who signs for the directory; "" = whom this machine believes',
    ),
    bind_dn: key(bindName, '', 'whom to search as; "" = nobody'),
    bind_password_file: key(
      optional(path('/etc/wolfguard/ldap.secret')),
      '',
      'and their password, in the first line; read at every login',
    ),
    base_dn: key(dn, '', 'where people are'),
    user_filter: key(ldapFilter('user'), '(uid={user})', '{user} is escaped'),
    group_base_dn: key(dn, '', 'where groups are; "" = people have no groups'),
    group_filter: key(ldapFilter('dn', 'user'), '(member={dn})', '{dn} and {user} are escaped'),
    group_attribute: key(attributeName, 'cn', 'the name of a group'),
  },
);

export const radius = table(
  { effect: 'new logins' },
  {
    servers: key(
      list(radiusServer(1812), 'servers'),
      [],
      '"host" or "host:port" (1812); tried in order',
    ),
    accounting_servers: key(
      list(radiusServer(1813), 'servers'),
      [],
      'the same for accounting (1813); [] = the servers above, one port higher',
      // Records of sessions that are there go where the settings of that moment say.
      { effect: 'at once' },
    ),
    secret_file: key(optional(path('/etc/wolfguard/radius.secret')), '', 'the shared secret'),
    timeout: key(duration({ zero: false }), '5s', 'per server'),
    require_message_authenticator: key(boolean, true, 'refuse replies that could be forged'),
    nas_identifier: key(text({ nonEmpty: true }), 'wolfguard', 'how we call ourselves'),
    accounting: key(boolean, false, 'start, interim and stop records'),
    interim_interval: key(
      duration({ zero: true }),
      '10m',
      'between interim records, unless the server says; 0 = none',
    ),
  },
);

export const oidc = table(
  { effect: 'new logins' },
  {
    issuer: later(text(), '', 'URL of the provider'),
    client_id: later(text(), '', 'as the provider knows us'),
    client_secret_file: later(optional(path('/etc/wolfguard/oidc.secret')), '', 'and our secret'),
    scopes: later(list(text(), 'scopes'), ['openid', 'profile', 'groups'], 'what to ask for'),
    user_claim: later(text(), 'preferred_username', 'the claim with the user'),
    groups_claim: later(text(), 'groups', 'the claim with the groups'),
  },
);

function isStep(step: string): step is Step {
  return STEPS.some((known) => known === step);
}
