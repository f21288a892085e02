// The step "totp" with the stock client: what `wolfguard otp` made, openconnect's own token modes,
// oathtool's codes.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE, BOB, type Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Dialogue, type Answer } from './harness/dialogue.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
// "12345678901234567890", as in [rfc4226 D].
const BASE32 = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const HEX = '3132333435363738393031323334353637383930';

const lab = new Lab();
after(() => lab.close());
const otpPath = lab.file('otp');
const alice = enrol(ALICE);
const server = await Server.start(lab, {
  '[auth.chain]': { steps: ['file', 'totp'] },
  'auth.file': { otp_path: otpPath },
});

test("openconnect's token mode fills the second form by itself", options, async () => {
  const client = await Client.connect(lab, {
    account: ALICE,
    extra: tokenMode('totp', alice.secret),
  });
  assert.equal(ping(lab.client, server.inside4), 1);
  assert.equal((await server.sessionOf(ALICE.user)).state, 'connected');
  await client.logOut();
});

test('a code works once, also after the auth process was killed', options, async () => {
  const { secret, recoveryCodes } = enrol(BOB);
  const code = oathtool('--totp', '--base32', secret);
  assert.notEqual(login(BOB, code).cookies['webvpn'], undefined);
  assert.match(login(BOB, code).body, /Login failed/);
  const { authPid } = await server.ask<'status'>({ command: 'status' });
  process.kill(authPid ?? 0, 'SIGKILL');
  await eventually('a new auth process', 20_000, async () => {
    const status = await server.ask<'status'>({ command: 'status' });
    return status.authPid !== null && status.authPid !== authPid;
  });
  assert.match(login(BOB, code).body, /Login failed/);
  await eventually('both refusals in the log', 5000, () => {
    const refusals = server.log.filter(({ msg }) => msg === 'one-time password refused');
    return refusals.map(({ reason }) => reason).join() === 'used before,used before';
  });
  // What oathtool shows half a minute later is good already, and so is a recovery code.
  const next = oathtool('--totp', '--base32', '--now=30 seconds', secret);
  assert.notEqual(login(BOB, next).cookies['webvpn'], undefined);
  assert.notEqual(login(BOB, recoveryCodes[0] ?? '').cookies['webvpn'], undefined);
});

test('a recovery code typed into openconnect lets in once', options, async () => {
  const [recovery = ''] = alice.recoveryCodes;
  const extra = ['--form-entry', `main:secondary_password=${recovery}`];
  const client = await Client.connect(lab, { account: ALICE, extra });
  assert.equal(ping(lab.client, server.inside4), 1);
  await client.logOut();
  const again = new Client(lab, { account: ALICE, extra });
  assert.notEqual((await again.program.waitForExit(20_000)).code, 0);
  assert.match(again.program.output, /Login failed/);
});

test(
  'who is not enrolled is asked all the same, and a wrong password shows no second form',
  options,
  () => {
    writeFileSync(otpPath, readFileSync(otpPath, 'utf8').replace(/^bob:.*\n/m, ''));
    const dialogue = new Dialogue(lab);
    dialogue.init();
    assert.match(dialogue.reply(BOB.user, BOB.password).body, /secondary_password/);
    assert.match(answer(dialogue, '123456').body, /Login failed/);
    const wrong = new Dialogue(lab);
    wrong.init();
    assert.match(wrong.reply(ALICE.user, 'wrong').body, /Login failed/);
  },
);

test('no code and no secret stands in the log', options, () => {
  const log = server.program.output;
  assert.match(log, /a recovery code was used/);
  for (const secret of [alice.secret, ...alice.recoveryCodes]) {
    assert.ok(!log.includes(secret));
  }
});

test(
  "the users file of ocserv's liboath: openconnect counts, and so do we over a restart",
  options,
  async () => {
    const line = `HOTP\t${ALICE.user}\t-\t${HEX}\n`;
    writeFileSync(otpPath, line);
    for (const counter of [0, 1]) {
      const client = await Client.connect(lab, {
        account: ALICE,
        extra: tokenMode('hotp', `${BASE32},${counter}`),
      });
      await client.logOut();
    }
    await server.stop();
    await server.startAgain();
    assert.match(login(ALICE, oathtool('--counter=1', HEX)).body, /Login failed/);
    assert.match(login(ALICE, oathtool('--counter=22', HEX)).body, /Login failed/);
    assert.notEqual(login(ALICE, oathtool('--counter=21', HEX)).cookies['webvpn'], undefined);
    assert.equal(readFileSync(otpPath, 'utf8'), line);
    for (const secret of [BASE32, HEX]) assert.ok(!server.program.output.includes(secret));
  },
);

interface Enrolled {
  /** base32 */
  readonly secret: string;
  readonly recoveryCodes: readonly string[];
}

function enrol({ user }: Account): Enrolled {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [WOLFGUARD, 'otp', user, '--file', otpPath, '--no-confirm'],
    { encoding: 'utf8', timeout: 20_000 },
  );
  assert.equal(status, 0, stderr);
  return {
    secret: /[?&]secret=(\w+)/.exec(stdout)?.[1] ?? '',
    recoveryCodes: stdout.match(/\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b/g) ?? [],
  };
}

function login({ user, password }: Account, code: string): Answer {
  const dialogue = new Dialogue(lab);
  dialogue.init();
  assert.match(dialogue.reply(user, password).body, /One-time password:/);
  return answer(dialogue, code);
}

const answer = (dialogue: Dialogue, code: string): Answer =>
  dialogue.post(
    '/auth',
    `<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="auth-reply">` +
      `<auth><secondary_password>${code}</secondary_password></auth></config-auth>`,
  );

const tokenMode = (mode: 'totp' | 'hotp', secret: string): string[] => [
  `--token-mode=${mode}`,
  `--token-secret=base32:${secret}`,
];

const oathtool = (...args: string[]): string =>
  execFileSync('oathtool', args, { encoding: 'utf8' }).trim();
