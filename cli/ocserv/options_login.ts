// Options about certificates and logins: in the main file and under a virtual host.
import { formatIp, parseIp } from '../../core/net/address.ts';
import { parseMethod } from './conf_file.ts';
import type { Method } from './conf_file.ts';
import type { DraftTable } from './draft.ts';
import { durationOf, lost, needless, numberOf } from './option.ts';
import type { Rule, Rules, Taken } from './option.ts';

const tls =
  (key: string): Rule =>
  ({ scope, value, path }) =>
    scope.table.table('tls').set(key, path(value));

function files(taken: Taken, key: string): void {
  const urls = taken.values.filter((value) => /^(pkcs11|tpmkey|system):/.test(value));
  for (const url of urls) {
    taken.note('lost', `"${url.slice(0, 40)}": keys are read from PEM files`);
  }
  const [only, ...more] = taken.values.filter((value) => !urls.includes(value)).map(taken.path);
  if (only !== undefined) {
    taken.scope.table.table('tls').set(key, more.length === 0 ? only : [only, ...more]);
  }
}

const FIELDS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['2.5.4.11', 'OU'],
  ['SAN(RFC822NAME)', 'SAN:email'],
]);

const field =
  (key: string): Rule =>
  ({ scope, value }) =>
    scope.table.table('tls').set(key, FIELDS.get(value.toUpperCase()) ?? value);

/** Of a GnuTLS priority string only what wolfguard lets people choose. */
function priorities({ scope, value, note }: Taken): void {
  const words = value.toUpperCase().split(':');
  if (words.includes('-VERS-TLS1.2')) scope.table.table('tls').set('min_version', '1.3');
  const text =
    'versions of TLS are carried over; the ciphers are the server’s own choice (tls.ciphers takes a list in OpenSSL’s words)';
  note(
    words.includes('-VERS-TLS1.3') ? 'lost' : 'changed',
    words.includes('-VERS-TLS1.3') ? 'TLS 1.3 cannot be turned off, and need not be' : text,
  );
}

type Chain = readonly string[];

/** `auth` lines must all succeed, each `enable-auth` is a way in of its own. */
function authentication(taken: Taken): void {
  const methods = taken.values.map(parseMethod);
  const steps = methods.map((method) => stepsOf(method, taken));
  // Without one of its steps a chain would let in whom ocserv keeps out.
  if (steps.some((own) => own.length === 0)) return;
  addChain(taken, certificateFirst(steps.flat()));
}

/** A certificate is looked at first: it says who somebody is before a password is asked for. */
const certificateFirst = (steps: Chain): Chain =>
  [...steps].sort((a, b) => Number(b === 'certificate') - Number(a === 'certificate'));

function alternatives(taken: Taken): void {
  for (const value of taken.values) {
    const steps = stepsOf(parseMethod(value), taken);
    if (steps.length > 0) addChain(taken, steps);
  }
}

const addChain = ({ scope }: Taken, steps: Chain): void =>
  scope.table.table('auth').append('chain').set('steps', steps);

function stepsOf(method: Method, taken: Taken): Chain {
  const auth = taken.scope.table.table('auth');
  switch (method.name) {
    case 'plain':
      return plain(method, auth.table('file'), taken.path);
    case 'certificate':
      return ['certificate'];
    case 'pam':
      pam(method, auth.table('pam'));
      return ['pam'];
    case 'radius':
      radius(method, auth.table('radius'), taken);
      return ['radius'];
    case 'gssapi':
      taken.note('lost', 'Kerberos tickets are not available yet');
      return [];
    case 'oidc':
      taken.note('lost', 'OpenID Connect is not available yet');
      return [];
    default:
      taken.note('lost', `there is no method "${method.name}"`);
      return [];
  }
}

function plain({ options }: Method, file: DraftTable, path: Taken['path']): Chain {
  const passwd = options.get('passwd') ?? options.get('');
  const otp = options.get('otp');
  if (passwd !== undefined) file.set('path', path(passwd));
  if (otp !== undefined) file.set('otp_path', path(otp));
  return [...(passwd === undefined ? [] : ['file']), ...(otp === undefined ? [] : ['totp'])];
}

function pam({ options }: Method, table: DraftTable): void {
  table.set('service', options.get('service') ?? 'ocserv');
  const gidMin = Number(options.get('gid-min'));
  if (Number.isInteger(gidMin) && gidMin > 0) table.set('gid_min', gidMin);
}

/** The servers and the secret stand in files of the RADIUS library: see radius_files.ts. */
function radius({ options }: Method, table: DraftTable, taken: Taken): void {
  const identifier = options.get('nas-identifier');
  if (identifier !== undefined) table.set('nas_identifier', identifier);
  if (options.get('groupconfig') === 'true') {
    taken.note(
      'changed',
      'what RADIUS says about a session always goes before the files of users and groups',
    );
  }
}

function accounting(taken: Taken): void {
  const method = parseMethod(taken.value);
  const auth = taken.scope.table.table('auth');
  if (method.name === 'radius') {
    const radius = auth.table('radius');
    radius.set('accounting', true);
    // Where nothing is said ocserv writes none between the first and the last.
    radius.set('interim_interval', durationOf(numberOf(taken.other('stats-report-time')) ?? 0));
  } else if (method.name === 'pam') auth.table('pam').set('accounting', true);
  else taken.note('lost', `there is no method "${method.name}"`);
}

/** "name" or "name[what people read]": the same here. */
function groups({ scope, values }: Taken): void {
  const written = values.map((value) => value.replace(/\s*\[\s*(.*?)\s*\]\s*$/, '[$1]'));
  scope.table.table('auth').set('select_group', written);
}

/** "listen-host = 192.0.2.1", with the port of the main server. */
export const hostAddress = (value: string): string | undefined => {
  const ip = parseIp(value);
  if (ip === undefined) return undefined;
  return ip.family === 6 ? `[${formatIp(ip)}]` : formatIp(ip);
};

export const LOGIN_RULES: Rules = {
  auth: authentication,
  'enable-auth': alternatives,
  acct: accounting,
  'select-group': groups,
  'default-select-group': lost('people who choose no group get that of their account'),
  // Takes its groups from files: see group_names.ts.
  'auto-select-group': () => undefined,
  'select-group-by-url': needless('a group in the address is always taken'),
  'always-require-cert': needless('a chain with the step "certificate" requires one'),
  'server-cert': (taken) => files(taken, 'certificate'),
  'server-key': (taken) => files(taken, 'private_key'),
  'pin-file': tls('private_key_passphrase_file'),
  'key-pin': lost('write it into a file of its own: tls.private_key_passphrase_file'),
  'srk-pin-file': lost('keys in a TPM are not supported'),
  'srk-pin': lost('keys in a TPM are not supported'),
  'dh-params': needless('key exchange is by elliptic curves and ML-KEM'),
  'ca-cert': tls('client_ca'),
  crl: tls('client_crl'),
  'ocsp-response': tls('ocsp_response'),
  'cert-user-oid': field('user_field'),
  'cert-group-oid': field('group_field'),
  'tls-priorities': priorities,
};
