import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync } from 'node:fs';
import process from 'node:process';
import { after, test } from 'node:test';
import { ALICE } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import { Lab } from './harness/lab.ts';
import { processTree } from './harness/proc.ts';
import { Server, WOLFCTL } from './harness/server.ts';
import { Terminal } from './harness/terminal.ts';
import { eventually } from './harness/wait.ts';

const options = { timeout: 60_000 };
const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab);
await Client.connect(lab, { account: ALICE, dtls: false });
const history = lab.file('state/wolfctl_history');
const terminal = new Terminal(lab, [process.execPath, WOLFCTL, '--socket', server.socket], {
  XDG_STATE_HOME: lab.file('state'),
  LC_ALL: 'C.UTF-8',
});

test(
  'commands are run as they are typed, and an error does not end the shell',
  options,
  async () => {
    await terminal.shows(/^wolfctl>$/m);
    terminal.type('sh stat');
    terminal.press('Enter');
    await terminal.shows(/Connected +1$[^]*^wolfctl>$/m);
    terminal.type('show user nobody');
    terminal.press('Enter');
    await terminal.shows(/^wolfctl: "nobody" has no session\nwolfctl>$/m);
  },
);

test('Tab completes commands, and the names of who is connected', options, async () => {
  terminal.press('C-l');
  terminal.type('disc');
  terminal.press('Tab');
  await terminal.shows(/^wolfctl> disconnect$/m);
  terminal.type('user al');
  terminal.press('Tab');
  await terminal.shows(/^wolfctl> disconnect user alice$/m);
  terminal.press('C-c');
  await terminal.shows(/alice \^C\nwolfctl>$/m);
});

test('the keys of the history bring lines back, and its file is the owner’s', options, async () => {
  terminal.press('Up', 'Up');
  await terminal.shows(/^wolfctl> sh stat$/m);
  terminal.press('C-c');
  assert.equal(readFileSync(history, 'utf8'), 'sh stat\nshow user nobody\n');
  assert.equal(statSync(history).mode & 0o777, 0o600);
});

test('top shows who is connected, in whatever size the terminal has', options, async () => {
  terminal.type('top');
  terminal.press('Enter');
  const screen = await terminal.shows(/ alice .*198\.51\.100\.2 /);
  assert.match(screen, /1 session {3}2 workers/);
  terminal.resize(60, 12);
  await terminal.shows(/^(.*\n){11}press \? for the keys$/);
  terminal.resize(100, 30);
  await terminal.shows(/^(.*\n){29}press \? for the keys$/);
});

test('d in top disconnects the selected session after a yes', options, async () => {
  const before = await server.sessionOf('alice');
  terminal.type('d');
  await terminal.shows(/^disconnect alice, session \d+\? y\/n$/m);
  terminal.type('y');
  await eventually('alice lost her tunnel', 15_000, async () => {
    const { since } = await server.sessionOf('alice');
    return since > before.since;
  });
});

test('q gives back a sound terminal', options, async () => {
  terminal.type('q');
  await terminal.shows(/^wolfctl>$/m);
  assert.doesNotMatch(terminal.screen, /press \? for the keys/);
  terminal.type('top');
  terminal.press('Enter');
  await terminal.shows(/press \? for the keys/);
  terminal.press('C-c');
  await terminal.shows(/^wolfctl>$/m);
});

test('Ctrl-D leaves, and what is typed then is seen again', options, async () => {
  terminal.press('C-d');
  await terminal.shows(/^ended with 0$/m);
  terminal.type('stty -a | grep -ow "echo\\|icanon"');
  terminal.press('Enter');
  await terminal.shows(/^icanon\necho$/m);
});

test('a server that goes away is told of in top, and found again', options, async () => {
  terminal.type(`"${process.execPath}" "${WOLFCTL}" --socket "${server.socket}" top`);
  terminal.press('Enter');
  await terminal.shows(/press \? for the keys/);
  renameSync(server.socket, `${server.socket}.away`);
  await terminal.shows(/^no server is running: /m);
  renameSync(`${server.socket}.away`, server.socket);
  await terminal.shows(/2 workers\n.*\n\n +id /);
});

test('killed in top, the terminal is sound', options, async () => {
  const [, top = 0] = processTree(terminal.pid);
  process.kill(top, 'SIGTERM');
  await terminal.shows(/^Terminated[^]*^\$$/m);
  terminal.press('C-l');
  terminal.type('stty -a | grep -ow "echo\\|icanon"');
  terminal.press('Enter');
  await terminal.shows(/^icanon\necho$/m);
});
