// Chains of different steps with the stock client: certificate and one-time password, directory and
// one-time password, and what becomes of a login when one of its backends is down. Afterwards, none
// of the secrets that were used stands in the log.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BOB } from './harness/accounts.ts';
import type { Account } from './harness/accounts.ts';
import { Client } from './harness/client.ts';
import type { ClientOptions } from './harness/client.ts';
import { Dialogue } from './harness/dialogue.ts';
import { Lab } from './harness/lab.ts';
import { assertNotWritten } from './harness/secrets.ts';
import { Server } from './harness/server.ts';
import { GROUPS, PEOPLE, SERVICE, Slapd, makeDirectoryCertificate } from './harness/slapd.ts';

const options = { timeout: 60_000 };
const WOLFGUARD = fileURLToPath(new URL('../../cli/wolfguard.ts', import.meta.url));
/** Of the directory; the password file knows her by another password. */
const DIRECTORY_ALICE: Account = { user: 'alice', password: 's3cret' };
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

const lab = new Lab();
after(() => lab.close());
/** So that a test that fails leaves its device to the next one. */
const clients: Client[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.program.stop())));

const tls = makeDirectoryCertificate(lab.file('directory'), ['DNS:localhost']);
const slapd = await Slapd.start({
  folder: lab.file('slapd'),
  urls: ['ldap://127.0.0.1:3389', 'ldaps://127.0.0.1:6636'],
  tls,
  spawn: (...command) => lab.server.spawn(...command),
});
lab.onClose(() => slapd.stop());
writeFileSync(lab.file('ldap.secret'), `${SERVICE.password}\n`, { mode: 0o600 });
writeFileSync(lab.file('otp'), `alice:${SECRET}\nbob:${SECRET}\n`, { mode: 0o600 });
const PKI = lab.file('pki');
cert('ca', 'Example CA');
cert('client', 'bob', '--pem-only');

const host = (name: string, ...chains: readonly string[][]) => ({
  name: `${name}.example.com`,
  auth: { chain: chains.map((steps) => ({ steps })) },
});
const server = await Server.start(lab, {
  log: { level: 'trace' },
  tls: { client_ca: `${PKI}/ca.pem` },
  'auth.file': { otp_path: lab.file('otp') },
  'auth.ldap': {
    url: 'ldaps://localhost:6636',
    ca: tls.caPath,
    bind_dn: SERVICE.dn,
    bind_password_file: lab.file('ldap.secret'),
    base_dn: PEOPLE,
    group_base_dn: GROUPS,
  },
  vhost: [
    host('cert-otp', ['certificate', 'totp']),
    host('ldap-otp', ['ldap', 'totp']),
    host('either', ['ldap'], ['file']),
    host('ldap', ['ldap']),
  ],
});

const TOKEN = ['--token-mode=totp', `--token-secret=base32:${SECRET}`];

test('certificate and one-time password: only the code is asked for', options, async () => {
  const client = await connect('cert-otp', {
    account: BOB,
    extra: [...TOKEN, '-c', `${PKI}/clients/bob.pem`, '-k', `${PKI}/clients/bob.key`],
  });
  assert.doesNotMatch(client.program.output, /user name|password\b(?<!one-time password)/);
  assert.equal((await server.sessionOf('bob')).state, 'connected');
  await client.logOut();
});

test(
  'directory and one-time password: two forms, the second filled by itself',
  options,
  async () => {
    const client = await connect('ldap-otp', { account: DIRECTORY_ALICE, extra: TOKEN });
    const { group } = await server.sessionOf('alice');
    assert.ok(['staff', 'it'].includes(group), group);
    await client.logOut();
  },
);

test('any one chain lets a person in', options, async () => {
  for (const account of [DIRECTORY_ALICE, BOB]) {
    const client = await connect('either', { account });
    await client.logOut();
  }
});

test(
  'with the directory down the other chain goes on, and alone it is "try again later"',
  options,
  async () => {
    await slapd.stop();
    const client = await connect('either', { account: BOB });
    await client.logOut();
    // The directory might have said yes: not a wrong password, however often.
    for (let i = 0; i < 5; i++) {
      const dialogue = new Dialogue(lab, 'ldap.example.com');
      dialogue.init();
      assert.equal(dialogue.reply(BOB.user, 'some other password').status, 503);
    }
    const { failedLogins } = (await server.ask<'status'>({ command: 'status' })).statistics;
    assert.equal(failedLogins, 0);
    // Only the forms that were fetched and left are counted, a point for each; a wrong password is 10.
    const points = await server.ask<'ip-ban-points'>({ command: 'ip-ban-points' });
    assert.ok(
      points.every(({ score }) => score < 10),
      JSON.stringify(points),
    );
    await slapd.startAgain();
    const back = await connect('ldap-otp', { account: DIRECTORY_ALICE, extra: laterToken() });
    await back.logOut();
  },
);

test('none of the secrets of these logins stands in the log at any level', options, async () => {
  await server.stop();
  const secrets = new Map([
    ['password of the file', BOB.password],
    ['password that was wrong', 'some other password'],
    ['password of the directory', SERVICE.password],
    ['secret of one-time passwords', SECRET],
    ['private key', readFileSync(`${PKI}/clients/bob.key`, 'utf8').split('\n')[1] ?? ''],
  ]);
  assertNotWritten(server.program.output, secrets);
  assert.ok(!server.program.output.includes(DIRECTORY_ALICE.password));
});

/** A code works once: the clock of this client is a step ahead. */
function laterToken(): string[] {
  const { stdout } = spawnSync('oathtool', ['--totp', '--base32', '--now=30 seconds', SECRET], {
    encoding: 'utf8',
  });
  return ['--form-entry', `main:secondary_password=${stdout.trim()}`];
}

async function connect(name: string, more: ClientOptions): Promise<Client> {
  const client = new Client(lab, { ...more, name: `${name}.example.com` });
  clients.push(client);
  await client.configured();
  return client;
}

function cert(...args: string[]): void {
  const made = spawnSync(process.execPath, [WOLFGUARD, 'cert', ...args, '--out', PKI], {
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
}
