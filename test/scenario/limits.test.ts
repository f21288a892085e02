// What ends a session and keeps people out, with real clients: time, quota, numbers. Each person has a
// section of its own, so that one server does for all.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { Account } from './harness/accounts.ts';
import { ALICE } from './harness/accounts.ts';
import { Client, fetchCookie } from './harness/client.ts';
import { Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import { Server } from './harness/server.ts';
import type { Settings } from './harness/toml.ts';
import { FileServer, ping } from './harness/traffic.ts';
import { eventually, sleep } from './harness/wait.ts';

const options = { timeout: 60_000 };

const person = (user: string, groups: readonly string[] = []): Account => ({
  user,
  password: 'correct horse',
  groups,
});
const [EXPIRES, CLOSED, METERED, TWICE, ONCE] = [
  person('expires'),
  person('closed'),
  person('metered'),
  person('twice', ['pairs']),
  person('once', ['pairs']),
];

const lab = new Lab();
after(() => lab.close());

const QUOTA = 5 << 20;
const FILE_BYTES = 2 << 20;
/** The account that expires has no date before its own test begins. */
const settings = {
  [`user.${CLOSED.user}.policy`]: { hours: closedHours() },
  [`user.${METERED.user}.policy`]: { quota: `${QUOTA}B/month` },
  'group.pairs.policy': { max_sessions: 2 },
  [`user.${ONCE.user}.policy`]: { max_sessions: 1 },
} satisfies Settings;
const people = [ALICE, EXPIRES, CLOSED, METERED, TWICE, ONCE];
const server = await Server.start(lab, settings, people);

test(
  'an account that expires is told so, does not come back, and not in again',
  options,
  async () => {
    const expiresAt = await expireIn(EXPIRES);
    const cookie = await fetchCookie(lab, { account: EXPIRES });
    const first = await Client.connect(lab, { cookie });
    assert.equal((await server.sessionOf(EXPIRES.user)).endsAt, expiresAt);
    // The reconnect has the same end.
    await first.kill();
    const second = await Client.connect(lab, { cookie });
    assert.equal((await server.sessionOf(EXPIRES.user)).endsAt, expiresAt);
    await second.program.waitForExit(expiresAt - Date.now() + 10_000);
    assert.ok(Date.now() >= expiresAt, 'it ended too early');
    assert.match(second.program.output, /disconnect: b0 'The account has expired'/);
    assert.equal(ends().at(-1), 'account-expired');
    assert.match(await refusalOf({ cookie }), /reason: Your account has expired/);
    assert.match(await refusalOf({ account: EXPIRES }), /Your account has expired/);
  },
);

test('outside the hours nobody comes in, and hears when they open', options, async () => {
  assert.match(
    await refusalOf({ account: CLOSED }),
    /You may not be connected at this time: you may connect again from \w{3} [-\d]+ [:\d]+ on/,
  );
});

test('a quota that is used up ends the session and holds over a kill -9', options, async () => {
  const cookie = await fetchCookie(lab, { account: METERED });
  const client = await Client.connect(lab, { cookie });
  const files = await FileServer.start(lab, { content: randomBytes(FILE_BYTES) });
  await files.download(lab.client, server.inside4).finished();
  const seen = await eventually('the traffic is seen', 10_000, async () => {
    const bytes = await used();
    return bytes > FILE_BYTES && bytes;
  });
  // A tenth of a second later it is on disk; who answers has done what was due before.
  await sleep(300);
  await server.ask({ command: 'status' });
  server.program.signal('SIGKILL');
  await server.program.waitForExit(5000);
  await client.program.stop();
  await eventually('its device is gone', 5000, () => !lab.server.devices().includes('wolf0'));
  await server.startAgain();

  const again = await Client.connect(lab, { cookie });
  assert.ok((await used()) >= seen, 'it has forgotten');
  const uploads = [1, 2].map(() => files.upload(lab.client, server.inside4));
  await again.program.waitForExit(30_000);
  await Promise.all(uploads.map(({ program }) => program.stop()));
  assert.match(again.program.output, /disconnect: b0 'The quota of traffic is used up'/);
  assert.equal(ends().at(-1), 'quota-used');
  assert.match(await refusalOf({ account: METERED }), /quota .* is used up.* again from .* on/);

  server.configure({ ...settings, [`user.${METERED.user}.policy`]: { quota: '1GiB/month' } });
  await server.ask({ command: 'reload' });
  await (await Client.connect(lab, { account: METERED })).logOut();
  server.configure(settings);
  await server.ask({ command: 'reload' });
  assert.match(server.wolfctl('quota', 'reset', METERED.user).stdout, /begins anew/);
  await (await Client.connect(lab, { account: METERED })).logOut();
});

test('max_sessions of a group and of a user in it', options, async () => {
  for (const [account, most] of [
    [TWICE, 2],
    [ONCE, 1],
  ] as const) {
    const devices = Array.from({ length: most }, (_, n) => `${account.user}${n}`);
    const clients = await Promise.all(
      devices.map((device) => Client.connect(lab, { account, device, bare: true })),
    );
    assert.match(await refusalOf({ account }), /503|as often as is allowed/);
    await Promise.all(clients.map((client) => client.logOut()));
  }
});

test('accept_rate closes who comes too often, and tunnels go on', options, async () => {
  const client = await Client.connect(lab, { account: ALICE });
  server.configure({ ...settings, limits: { accept_rate: 2 } });
  await server.ask({ command: 'reload' });
  const dial = (): boolean =>
    lab.client.try('openssl', [
      ...['s_client', '-connect', `${SERVER_IPV4}:${PORT}`, '-brief', '-no_ign_eof'],
    ]).code === 0;
  await eventually('one is refused', 15_000, () => !dial());
  assert.equal(ping(lab.client, server.inside4), 1);
  server.configure(settings);
  await server.ask({ command: 'reload' });
  assert.ok(dial());
  await client.logOut();
});

/** As soon as this machine, busy as it is, has time for a login and two tunnels. */
async function expireIn({ user }: Account): Promise<number> {
  const started = Date.now();
  await (await Client.connect(lab, { account: ALICE })).logOut();
  const lifeMs = Math.max(6000, 6 * (Date.now() - started));
  const at = Math.ceil((Date.now() + lifeMs) / 1000) * 1000;
  const expires = new Date(at).toISOString();
  server.configure({ ...settings, [`user.${user}.policy`]: { expires } });
  await server.ask({ command: 'reload' });
  return at;
}

/** Everything that a client says that does not get in. */
async function refusalOf(who: { cookie: string } | { account: Account }): Promise<string> {
  const client = new Client(lab, { ...who, device: 'tun9' });
  assert.notEqual((await client.program.waitForExit(20_000)).code, 0);
  return client.program.output;
}

/** Why sessions have ended so far, by the log. */
const ends = (): unknown[] =>
  server.log.filter(({ msg }) => msg === 'session ended').map(({ end }) => end);

async function used(): Promise<number> {
  return (await server.sessionOf(METERED.user)).quota?.used ?? 0;
}

/** A quarter of an hour that is not now, whatever the zone: six hours away. */
function closedHours(): string {
  const hour = (new Date().getHours() + 6) % 24;
  const two = String(hour).padStart(2, '0');
  return `daily ${two}:00-${two}:15`;
}
