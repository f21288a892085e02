// 10,000 wrong passwords from 100 addresses: every address gets exactly as many checks as [ban]
// grants, and meanwhile a person from somewhere else logs in as quickly as ever.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ALICE, BOB } from './harness/accounts.ts';
import { fetchCookie } from './harness/client.ts';
import { CLIENT_IPV4, Lab, PORT, SERVER_IPV4 } from './harness/lab.ts';
import type { Plan, Report } from './harness/login_attempts.ts';
import { processTree, rssKibOf } from './harness/proc.ts';
import type { Program } from './harness/program.ts';
import { Server } from './harness/server.ts';
import { eventually } from './harness/wait.ts';

const ATTEMPTS = fileURLToPath(new URL('harness/login_attempts.ts', import.meta.url));
const ATTACKERS = Array.from({ length: 100 }, (_, index) => `198.51.100.${101 + index}`);
const ATTEMPTS_EACH = 100;
/** max_score 80 at 10 points a password. */
const CHECKS_EACH = 8;
/** 800 hashes at 50 ms of a core are 20 s of two idle ones. */
const WITHIN_MS = 180_000;
/** Caches of 100 connections and their garbage. */
const MAX_GROWTH_KIB = 48 * 1024;

const lab = new Lab();
after(() => lab.close());
const server = await Server.start(lab, { log: { level: 'info' } });
for (const address of ATTACKERS) lab.client.ip('addr', 'add', `${address}/24`, 'dev', 'outside');

test(
  '10,000 wrong logins from 100 addresses: bans fall as configured, others log in, memory is flat',
  { timeout: WITHIN_MS + 60_000 },
  async (t) => {
    // Their crypt(3) hashes become argon2id by that: 50 ms of a core for each wrong password.
    for (const account of [ALICE, BOB]) await fetchCookie(lab, { account });
    await run({ ...WRONG, from: [CLIENT_IPV4], attempts: 2 });
    await server.ask({ command: 'unban', address: CLIENT_IPV4 });
    const failedBefore = await failedLogins();
    const memoryBefore = memoryKib();

    const probe = start({
      ...WRONG,
      ...BOB,
      from: [CLIENT_IPV4],
      attempts: null,
      everyMs: 1000,
    });
    const begin = performance.now();
    const { outcomes } = await run({ ...WRONG, from: ATTACKERS, attempts: ATTEMPTS_EACH });
    const seconds = (performance.now() - begin) / 1000;
    probe.signal('SIGTERM');
    const good = await reportOf(probe);

    for (const address of ATTACKERS) {
      const counts = outcomes[address];
      assert.ok(counts !== undefined);
      assert.equal(counts.refused, CHECKS_EACH, `${address}: ${JSON.stringify(counts)}`);
      assert.equal(counts.refused + counts.closed + counts.banned, ATTEMPTS_EACH);
    }
    assert.equal((await failedLogins()) - failedBefore, ATTACKERS.length * CHECKS_EACH);
    assert.equal((await server.ask<'ip-bans'>({ command: 'ip-bans' })).length, ATTACKERS.length);

    const { [CLIENT_IPV4]: mine } = good.outcomes;
    const others = { refused: 0, closed: 0, banned: 0, other: 0 };
    assert.deepEqual(mine, { ...others, accepted: good.acceptedMs.length });
    const sorted = good.acceptedMs.toSorted((a, b) => a - b);
    const [p50 = NaN, max = NaN] = [sorted[sorted.length >> 1], sorted.at(-1)];
    const growthKib = memoryKib() - memoryBefore;
    t.diagnostic(
      `${seconds.toFixed(1)} s; ${sorted.length} good logins, p50 ${p50.toFixed(0)} ms, ` +
        `max ${max.toFixed(0)} ms; memory ${memoryBefore} KiB, ${growthKib} KiB more`,
    );
    assert.ok(max < 1000, `a good login took ${max} ms`);
    assert.ok(growthKib < MAX_GROWTH_KIB, `${growthKib} KiB more`);
  },
);

test('the bans outlive a restart, and end by unban', { timeout: 60_000 }, async () => {
  const [first = '', second = ''] = ATTACKERS;
  await server.stop();
  await server.startAgain();
  assert.equal((await server.ask<'ip-bans'>({ command: 'ip-bans' })).length, ATTACKERS.length);
  const one = { ...WRONG, ...ALICE, attempts: 1 };
  assert.equal((await run({ ...one, from: [first] })).outcomes[first]?.closed, 1);
  const { code, stdout } = server.wolfctl('unban', 'ip', first);
  assert.equal(code, 0, stdout);
  await eventually('the workers have heard it', 2000, async () => {
    const { outcomes } = await run({ ...one, from: [first, second] });
    assert.equal(outcomes[second]?.closed, 1);
    return outcomes[first]?.accepted === 1;
  });
  const unknown = server.wolfctl('unban', 'ip', '203.0.113.99');
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /203\.0\.113\.99 is not banned/);
});

const WRONG: Plan = {
  server: SERVER_IPV4,
  port: PORT,
  from: [],
  attempts: 1,
  everyMs: 0,
  user: ALICE.user,
  password: 'wrong',
};

const start = (plan: Plan): Program =>
  lab.client.spawn(process.execPath, [ATTEMPTS, JSON.stringify(plan)]);

const run = (plan: Plan): Promise<Report> => reportOf(start(plan));

async function reportOf(program: Program): Promise<Report> {
  const { code } = await program.waitForExit(WITHIN_MS);
  if (code !== 0) throw new Error(program.output);
  return JSON.parse(program.output) as Report;
}

async function failedLogins(): Promise<number> {
  return (await server.ask<'status'>({ command: 'status' })).statistics.failedLogins;
}

const memoryKib = (): number =>
  processTree(server.program.pid).reduce((sum, pid) => sum + rssKibOf(pid), 0);
