// Nothing secret stands in a log, whatever the level: every secret that this test uses is looked for
// in all that the server and its processes have written, in every form in which it could stand there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ALICE, BOB } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Lab } from './harness/lab.ts';
import { assertNotWritten } from './harness/secrets.ts';
import { Server } from './harness/server.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { log: { level: 'trace' } });

test('no password, cookie, dialogue id or key is logged at any level', options, async () => {
  const secrets = new Map<string, string>([
    ['password', ALICE.password],
    ['hash', hashOf(readFileSync(lab.file('passwd'), 'utf8'), ALICE.user)],
    ['private key', readFileSync(lab.certificate.keyPath, 'utf8').split('\n')[1] ?? ''],
  ]);

  const cookie = await fetchCookie(lab, { account: ALICE });
  secrets.set('cookie', /webvpn=([^;']+)/.exec(cookie)?.[1] ?? cookie);
  const client = await Client.connect(lab, { cookie });
  await client.logOut();

  const wrong = new Dialogue(lab);
  wrong.init();
  const typed = 'a password with a typing error';
  secrets.set('wrong password', typed);
  const { cookies } = wrong.reply(BOB.user, typed);
  secrets.set('dialogue id', cookies['webvpncontext'] ?? '');
  const broken = 'Zm9yIGEgZG9jdW1lbnQgdGhhdCBpcyBicm9rZW4';
  secrets.set('password in a broken document', broken);
  wrong.post('/auth', `<config-auth><auth><password>${broken}</auth>`);
  secrets.set('password as a name', 'MyPasswordInTheWrongField');
  wrong.reply('MyPasswordInTheWrongField', 'x');

  assert.equal(server.wolfctl('show', 'users').code, 0);
  await server.stop();
  assertNotWritten(server.program.output, secrets);
});

const hashOf = (passwd: string, user: string): string =>
  passwd
    .split('\n')
    .find((line) => line.startsWith(`${user}:`))
    ?.split(':')[2] ?? '';
