// Logins and what checks them. Who it was is said at debug level only.
import type { EventTable } from './event_facts.ts';

export const LOGIN_EVENTS = {
  'login.refused': {
    level: 'info',
    fields: ['reason', 'end?', 'limit?'],
    meaning:
      'Somebody was not let in; reason: credentials (wrong name, password or code), hours ' +
      '(end says which rule), limit (too many sessions; limit says which), draining.',
    remedy: 'Level debug names the person and the source of each attempt.',
  },
  'login.bug': {
    level: 'error',
    fields: ['err'],
    meaning: 'A bug of the server: one login was answered with "try again later".',
    remedy: 'Report it with the stack in err.',
  },
  'certificate.refused': {
    level: 'info',
    fields: ['reason', 'vhost?'],
    meaning: 'A client showed a certificate that is not good enough.',
    remedy: 'reason says why (expired, revoked, no name in the wanted field …).',
  },
  'backend.down': {
    level: 'error',
    fields: ['backend', 'reason'],
    meaning: 'A step of the login cannot be asked: people who need it hear "try again later".',
    remedy: 'Look at the lines of that step (ldap.…, radius.…, pam.…) just before.',
  },
  'backend.up': {
    level: 'warn',
    fields: ['backend'],
    meaning: 'The step of the login of an earlier backend.down answers again.',
    remedy: 'Nothing: it is a warning so that it follows its error into every mailbox.',
  },
  'file.line_skipped': {
    level: 'warn',
    fields: ['file', 'line', 'reason'],
    meaning: 'A line of a file of people cannot be read: whom it means cannot log in.',
    remedy: 'Correct the line; the file is read anew by itself.',
  },
  'file.crypt_failed': {
    level: 'error',
    fields: ['answer'],
    meaning: 'People whose hashes are crypt(3) ones cannot log in.',
    remedy: 'Install libcrypt-dev and build again, or set their passwords anew.',
  },
  'file.hashes_renewed': {
    level: 'info',
    fields: ['file', 'hashes'],
    meaning: 'Weak password hashes were replaced by argon2id at a login.',
  },
  'file.hashes_not_renewed': {
    level: 'warn',
    fields: ['file', 'reason'],
    meaning: 'Weak password hashes stay, as the file cannot be written.',
    remedy: 'Make the file and its folder writable for the server, or renew hashes by hand.',
  },
  'totp.recovery_code_used': {
    level: 'info',
    fields: ['left'],
    meaning: 'Somebody logged in with a recovery code; left says how many remain.',
  },
  'totp.locked': {
    level: 'warn',
    fields: [],
    meaning: 'One person gave so many wrong one-time passwords that none counts for an hour.',
    remedy: 'Somebody knows the password: change it. Level debug names the person.',
  },
  'pam.refused': {
    level: 'info',
    fields: ['stage', 'reason'],
    meaning: 'PAM knows the person and still says no (expired, locked, not at this hour …).',
    remedy: "reason is PAM's; the modules say more in the system's log.",
  },
  'pam.unavailable': {
    level: 'error',
    fields: ['problem'],
    meaning: 'PAM cannot be asked: nobody whose login needs it gets in.',
    remedy: "problem says what is missing, mostly the service's file or a module.",
  },
  'pam.session_failed': {
    level: 'error',
    fields: ['problem', 'session'],
    meaning: "PAM could not open or close its session; the person's tunnel is not touched.",
    remedy: "Look at the session lines of the service's file.",
  },
  'pam.queue_full': {
    level: 'warn',
    fields: [],
    meaning: 'More logins wait in PAM for an answer than may: the oldest was ended.',
    remedy: 'Look for a flood of logins ("wolfctl show ip ban points") or a module that hangs.',
  },
  'ldap.server_down': {
    level: 'warn',
    fields: ['server', 'reason'],
    meaning: 'A directory server cannot be asked; the others are.',
    remedy: 'reason says whether name, connection, TLS or the bind failed.',
  },
  'ldap.server_up': {
    level: 'warn',
    fields: ['server'],
    meaning: 'The directory server of an earlier ldap.server_down answers again.',
    remedy: 'Nothing.',
  },
  'ldap.misconfigured': {
    level: 'error',
    fields: ['server', 'reason'],
    meaning: 'The directory answers that what we ask cannot work.',
    remedy: 'Correct [auth.ldap]: reason says which of bind_dn, base, user_filter … it refuses.',
  },
  'ldap.ambiguous_name': {
    level: 'error',
    fields: [],
    meaning: 'auth.ldap.user_filter finds several people for one name: such a name cannot log in.',
    remedy: 'Make the filter sharper; level debug lists whom it found.',
  },
  'ldap.clear_text': {
    level: 'warn',
    fields: ['server'],
    meaning: 'Every password goes to this directory server in clear text.',
    remedy: 'Use ldaps:// or auth.ldap.start_tls = true.',
  },
  'radius.server_down': {
    level: 'warn',
    fields: ['server'],
    meaning:
      'A RADIUS server does not answer: it is down, does not know us, or has another secret.',
    remedy: 'Look at its log for our address; compare the secrets.',
  },
  'radius.server_up': {
    level: 'warn',
    fields: ['server'],
    meaning: 'The RADIUS server of an earlier radius.server_down answers again.',
    remedy: 'Nothing.',
  },
  'radius.server_unusable': {
    level: 'error',
    fields: ['server', 'hint'],
    meaning: 'A RADIUS server answers and its answer cannot be trusted or used.',
    remedy: 'hint says what to change.',
  },
  'radius.secret_readable': {
    level: 'warn',
    fields: ['file'],
    meaning: 'Others on this machine can read the RADIUS secret.',
    remedy: 'chmod 600 the file.',
  },
  'accounting.dropped': {
    level: 'warn',
    fields: ['count'],
    meaning:
      'So many accounting records were lost: no server took them for too long, or too many wait.',
    remedy: 'Bring a RADIUS accounting server back.',
  },
  'accounting.not_kept': {
    level: 'error',
    fields: ['err'],
    meaning: 'Accounting records cannot be written to the disk: they wait in memory.',
    remedy: 'Look at the disk and the rights of state.dir.',
  },
  'accounting.not_read': {
    level: 'error',
    fields: ['err'],
    meaning: 'Records that waited on the disk cannot be read.',
    remedy: 'Look at the disk and the rights of state.dir.',
  },
  'accounting.not_delivered': {
    level: 'error',
    fields: ['err'],
    meaning: 'A bug of the server: one accounting record could not be sent and is tried again.',
    remedy: 'Report it with the stack in err.',
  },
} as const satisfies EventTable;
