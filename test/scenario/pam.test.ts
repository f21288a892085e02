// Logins with PAM: libpam, pam_unix and pam_oath of the system, users of the test's own. The file of
// the service is the example of docs/auth.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { PrivateEtc, whyNoPam } from '../pam/private_etc.ts';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Dialogue, type Answer } from './harness/dialogue.ts';
import { Lab, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';

const options = { timeout: 60_000, skip: whyNoPam() };
const ALICE: Account = { user: 'alice', password: 's3cret of alice' };
const CAROL: Account = { user: 'carol', password: 's3cret of carol' };
const FRESH = 'corr3ct-horse-battery';
const SECRET = '3132333435363738393031323334353637383930';
const RULES = [
  'auth     required  pam_unix.so',
  'auth     [success=ok user_unknown=ignore default=bad]  pam_oath.so usersfile=/etc/wolfguard/users.oath digits=6 window=20',
  'account  required  pam_unix.so',
  'password required  pam_unix.so',
  'session  required  pam_permit.so',
];

const lab = new Lab();
after(() => lab.close());
const etc = new PrivateEtc();
lab.onClose(() => etc.close());
const module = etc.buildModule();
etc.addGroup('staff', 64_301);
etc.addGroup('it', 64_302, ['alice']);
etc.addUser({ name: 'alice', password: ALICE.password, gid: 64_301 });
// Her password has to be changed at the first login.
etc.addUser({ name: 'carol', password: CAROL.password, gid: 64_301, aging: '0:0:99999:7:::' });
etc.addUser({ name: 'expired', password: 'x', aging: '20000:0:99999:7::1:' });
etc.addUser({ name: 'locked', password: 'x', lock: '!' });
etc.write('wolfguard/users.oath', `HOTP/T30 alice - ${SECRET}\n`);
etc.service('wolfguard', ...RULES);

const server = await Server.start(
  lab,
  {
    '[auth.chain]': { steps: ['pam'] },
    'auth.pam': { service: 'wolfguard' },
    auth: { select_group: ['it', 'staff[Our people]'] },
    log: { level: 'trace' },
  },
  [],
  etc.wrapper,
);

test(
  'a person logs in with password and one-time password in two forms, and has the groups of the system',
  options,
  async () => {
    const client = await Client.connect(lab, {
      account: ALICE,
      extra: ['--authgroup', 'Our people', '--token-mode', 'totp', '--token-secret', `0x${SECRET}`],
    });
    assert.match(client.program.output, /Generating OATH TOTP token code/);
    assert.equal(client.channel, 'dtls');
    assert.equal(ping(lab.client, server.inside4), 1);
    const session = await server.sessionOf('alice');
    assert.equal(session.group, 'staff');
    await client.logOut();
  },
);

test('a code works once', options, () => {
  const code = totp();
  assert.equal(logInByHand(ALICE, code).status, 200);
  assert.match(logInByHand(ALICE, code).body, /Login failed/);
});

test('an expired password is changed in the dialogue', options, async () => {
  const lines = [CAROL.password, CAROL.password, FRESH, FRESH];
  const openconnect = lab.client.spawn(
    'openconnect',
    [
      ...['--authenticate', '--servercert', lab.certificate.pin, '--authgroup', 'Our people'],
      ...['--user', CAROL.user, `https://${SERVER_IPV4}/`],
    ],
    { input: lines.map((line) => `${line}\n`).join('') },
  );
  await openconnect.waitFor(/^COOKIE='.+'$/m, 20_000);
  await openconnect.waitForExit(5000);
  assert.match(openconnect.output, /required to change your password immediately/);
  assert.match(openconnect.output, /Retype new password:/);
  assert.match(logInByHand(CAROL).body, /Login failed/);
  assert.match(logInByHand({ ...CAROL, password: FRESH }).cookies['webvpn'] ?? '', /./);
});

test(
  'expired and locked accounts fail like a wrong password; the log knows why',
  options,
  async () => {
    for (const user of ['expired', 'locked', 'nobody-here']) {
      const answer = logInByHand({ user, password: 'x' });
      assert.match(answer.body, /Login failed/, user);
    }
    await server.program.waitFor(/"level":30.*"User account has expired"/, 5000);
    // Names are for the debug level.
    const above = server.log.filter(({ level }) => Number(level) > 20);
    assert.ok(!JSON.stringify(above).includes('"expired"'));
  },
);

test('a module that crashes is "try again later", and the next login works', options, async () => {
  etc.service('wolfguard', `auth required ${module} crash`, ...RULES);
  const answer = logInByHand({ ...CAROL, password: FRESH });
  assert.equal(answer.status, 503);
  etc.service('wolfguard', ...RULES);
  assert.equal(logInByHand({ ...CAROL, password: FRESH }).status, 200);
  await server.program.waitFor(/"problem":"wolfguard-pam ended.*"PAM cannot be asked"/, 5000);
});

test('no secret is in the log', options, () => {
  for (const secret of [ALICE.password, CAROL.password, FRESH, SECRET]) {
    assert.ok(!server.program.output.includes(secret));
  }
});

const totp = (): string =>
  execFileSync('oathtool', ['--totp', SECRET], { encoding: 'utf8' }).trim();

/** One try; with the answer to the second form where there is one. */
function logInByHand(account: Account, code?: string): Answer {
  const dialogue = new Dialogue(lab);
  dialogue.init();
  const first = dialogue.reply(account.user, account.password);
  return code === undefined
    ? first
    : dialogue.post(
        '/auth',
        '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="auth-reply">' +
          `<auth><secondary_password>${code}</secondary_password></auth></config-auth>`,
      );
}
