// Groups at login, as openconnect chooses them: from the form's list, by URL, or not at all [oc 4.3].
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Lab } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const ALICE: Account = { user: 'alice', password: 'correct horse', groups: ['staff', 'it'] };
const BOB: Account = { user: 'bob', password: 'battery staple', groups: ['it'] };

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(
  lab,
  { auth: { select_group: ['staff[All our people]', 'it[The technicians]'] } },
  [ALICE, BOB],
);

const groupOf = async (user: string): Promise<string> => (await server.sessionOf(user)).group;

test('a group is chosen from the list by its label', options, async () => {
  const extra = ['--authgroup', 'The technicians'];
  const client = await Client.connect(lab, { account: ALICE, extra });
  assert.equal(await groupOf('alice'), 'it');
  await client.logOut();
});

test('who chose nothing is asked behind the password, for the groups that fit', options, () => {
  const dialogue = new Dialogue(lab);
  dialogue.init();
  const { body } = dialogue.reply(ALICE.user, ALICE.password);
  assert.match(body, /<select name="group_list".*value="staff".*value="it"/);
  assert.doesNotMatch(body, /<input/);
  const reply =
    '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="auth-reply"><auth/>' +
    '<group-select>it</group-select></config-auth>';
  assert.match(dialogue.post('/auth', reply).body, /type="complete"/);
});

test('the URL names a group, and no list is shown', options, async () => {
  const client = await Client.connect(lab, { account: BOB, extra: ['--usergroup', 'it'] });
  assert.equal(await groupOf('bob'), 'it');
  assert.doesNotMatch(client.program.output, /GROUP:/);
  await client.logOut();
});

test('a group that the person is not in lets nobody in', options, async () => {
  const client = new Client(lab, { account: BOB, extra: ['--authgroup', 'All our people'] });
  assert.notEqual((await client.program.waitForExit(20_000)).code, 0);
  assert.match(client.program.output, /Login failed/);
});

test('the form without XML offers the same list', options, async () => {
  const extra = ['--no-xmlpost', '--authgroup', 'The technicians'];
  const client = await Client.connect(lab, { account: BOB, extra });
  assert.equal(await groupOf('bob'), 'it');
  await client.logOut();
});

test('an unknown group gets the list again', options, () => {
  const head = '<?xml version="1.0" encoding="UTF-8"?>\n<config-auth client="vpn" type="init">';
  const select = '<group-select>nonsense</group-select></config-auth>';
  const { status, body } = new Dialogue(lab).post('/', head + select);
  assert.equal(status, 200);
  assert.match(body, /<option value="staff">All our people<.*<option value="it">/);
});

test('a reload changes the list for the next login', options, async () => {
  server.configure({ auth: { select_group: ['it'] } });
  assert.equal(server.wolfctl('reload').code, 0);
  const dialogue = new Dialogue(lab);
  await eventually('the list is gone', 5000, () => !dialogue.init().body.includes('<select'));
  const client = await Client.connect(lab, { account: BOB });
  assert.equal(await groupOf('bob'), 'it');
  await client.logOut();
});
