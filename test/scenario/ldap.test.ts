import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Client } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { GROUPS, PEOPLE, SERVICE, Slapd, makeDirectoryCertificate } from './harness/slapd.ts';
import { ping } from './harness/traffic.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const ALICE = { user: 'alice', password: 's3cret' };
const lab = new Lab();
after(() => lab.close());

const tls = makeDirectoryCertificate(lab.file('directory'), ['DNS:localhost']);
const slapd = await Slapd.start({
  folder: lab.file('slapd'),
  // Administered over the first, asked over the second.
  urls: ['ldap://127.0.0.1:3389', 'ldaps://127.0.0.1:6636'],
  tls,
  spawn: (...command) => lab.server.spawn(...command),
});
lab.onClose(() => slapd.stop());
writeFileSync(lab.file('ldap.secret'), `${SERVICE.password}\n`, { mode: 0o600 });

const server = await Server.start(lab, {
  auth: { select_group: ['staff[All our people]', 'it[Those who mend it]', 'board'] },
  '[auth.chain]': { steps: ['ldap'] },
  'auth.ldap': {
    // Nothing listens at the first.
    url: 'ldaps://localhost:6637 ldaps://localhost:6636',
    ca: tls.caPath,
    bind_dn: SERVICE.dn,
    bind_password_file: lab.file('ldap.secret'),
    base_dn: PEOPLE,
    group_base_dn: GROUPS,
  },
});

test('a person of the directory logs in, in the group that they choose', options, async () => {
  const client = await Client.connect(lab, {
    account: { user: 'Alice', password: 's3cret' },
    extra: ['--authgroup', 'Those who mend it'],
  });
  assert.equal(ping(lab.client, server.inside4), 1);
  // Called as the directory calls them.
  assert.equal((await server.sessionOf('alice')).group, 'it');
  await client.logOut();
});

test(
  'wrong password, unknown name, locked account, and a group of others look the same',
  options,
  () => {
    const answers = [
      ['alice', 'wrong', 'staff'],
      ['nobody', 's3cret', 'staff'],
      ['locked', 's3cret', 'staff'],
      ['*', 's3cret', 'staff'],
      ['alice', 's3cret', 'board'],
    ].map(([user = '', password = '', group = '']) => {
      const dialogue = new Dialogue(lab);
      dialogue.init();
      const { status, body } = dialogue.reply(user, password, group);
      // The rest differs: the chosen group stands first in the form.
      return { status, message: /<message[^]*<\/message>/.exec(body)?.[0] };
    });
    assert.equal(answers[0]?.status, 200);
    assert.match(answers[0].message ?? '', /Login failed/);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  },
);

test(
  'without the directory people hear "later", and as soon as it is back they come in',
  options,
  async () => {
    await slapd.stop();
    const dialogue = new Dialogue(lab);
    dialogue.init();
    assert.equal(dialogue.reply(ALICE.user, ALICE.password, 'staff').status, 503);
    const warnings = (): string[] =>
      server.log.filter(({ level }) => level === 40).map(({ reason }) => String(reason));
    await eventually('the log says why', 5000, () =>
      warnings().some((reason) => /nothing listens there.*6636/.test(reason)),
    );
    await slapd.startAgain();
    const client = await Client.connect(lab, {
      account: ALICE,
      extra: ['--authgroup', 'All our people'],
    });
    assert.equal((await server.sessionOf('alice')).group, 'staff');
    await client.logOut();
  },
);

test('no password of anybody is in the log', options, () => {
  assert.ok(!server.program.output.includes(ALICE.password));
  assert.ok(!server.program.output.includes(SERVICE.password));
});
