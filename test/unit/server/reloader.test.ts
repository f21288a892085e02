import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { WolfguardError } from '../../../core/error.ts';
import { Policies } from '../../../server/policies.ts';
import type { Loaded, ReloadAssessment } from '../../../server/reload.ts';
import { NO_ATTRIBUTES } from '../../../core/policy/attributes.ts';
import { countOtherPolicies } from '../../../server/reload_sessions.ts';
import type { PolicyOfSession } from '../../../server/reload_sessions.ts';
import { Reloader } from '../../../server/reloader.ts';
import { RouteFiles } from '../../../server/route_files.ts';

test('everything is asked and made ready before the first change, and changed in one turn', async () => {
  const world = new World();
  const plan = await world.reloader.reload();
  assert.deepEqual(plan.refusals, []);
  assert.deepEqual(world.events, [
    'log reopened',
    'read 1',
    'workers asked about 1',
    'auth asked about 1',
    'plugins loaded for 1',
    'applied 1',
    'plugins committed',
  ]);
});

test('a file that changes or vanishes after it was read makes no difference', async () => {
  const world = new World();
  world.meanwhile = () => (world.files = 99);
  await world.reloader.reload();
  assert.deepEqual(world.applied, [1]);
});

test('what a worker refuses is known before anything has changed, and all reasons are told', async () => {
  const world = new World();
  world.workers = ['worker 0: tls.groups: no', 'worker 1: it does not answer'];
  world.auth = ['the auth process: no'];
  const plan = await world.reloader.reload();
  assert.deepEqual(plan.refusals, [...world.workers, ...world.auth]);
  assert.deepEqual(world.applied, []);
  assert.ok(!world.events.includes('plugins loaded for 1'));
});

test('a plugin that cannot be loaded refuses the whole reload', async () => {
  const world = new World();
  world.plugins = new WolfguardError('PLUGIN', 'plugin.ts cannot be loaded');
  const plan = await world.reloader.reload();
  assert.deepEqual([plan.refusals, world.applied], [['plugin.ts cannot be loaded'], []]);
});

test('after a refused reload the next one is as good as any', async () => {
  const world = new World();
  world.auth = ['no'];
  assert.equal((await world.reloader.reload()).refusals.length, 1);
  world.auth = [];
  assert.equal((await world.reloader.reload()).refusals.length, 0);
  assert.deepEqual(world.applied, [2]);
});

test('a dry run asks everybody, loads no plugin and changes nothing', async () => {
  const world = new World();
  world.workers = ['worker 0: no'];
  assert.deepEqual((await world.reloader.plan()).refusals, ['worker 0: no']);
  world.workers = [];
  assert.deepEqual((await world.reloader.plan()).refusals, []);
  assert.deepEqual(world.applied, []);
  assert.ok(world.events.every((event) => !/plugins|log/.test(event)));
});

test('a storm of reloads is one that is under way and one more, which sees the last file', async () => {
  const world = new World();
  const first = world.reloader.reload();
  assert.ok(world.reloader.isBusy);
  const others = Array.from({ length: 49 }, () => world.reloader.reload());
  world.files = 70;
  await Promise.all([first, ...others]);
  assert.deepEqual(world.applied, [1, 71]);
  assert.equal(world.reloader.isBusy, false);
  await world.reloader.reload();
  assert.deepEqual(world.applied, [1, 71, 72]);
});

test('sessions with another policy than a login would get are counted', async () => {
  const policies = (text: string): Policies => {
    const result = loadConfig(text, 'f');
    assert.ok(result.ok);
    return new Policies(result.config, RouteFiles.read([]));
  };
  const before = policies('[user.bob.policy]\nmtu = 1300');
  const sessionOf = (user: string, state: PolicyOfSession['state']): PolicyOfSession => {
    const who = { vhost: '', user, groups: [] };
    const policy = before.policyFor({ ...who, backend: {} });
    return { ...who, attributes: NO_ATTRIBUTES, policy, state };
  };
  const tls = { version: '', cipher: '' };
  const up = { kind: 'connected', since: 0, worker: 0, tunnel: 1, tls, networks: [] } as const;
  const connected = ['alice', 'bob', 'carol'].map((user) => sessionOf(user, up));
  const away = sessionOf('dave', { kind: 'waiting', since: 0, expiresAt: 1 });
  const count = (text: string): Promise<unknown> =>
    countOtherPolicies([...connected, away], policies(text));
  assert.deepEqual(await count('[user.bob.policy]\nmtu = 1300'), { connected: 3, other: 0 });
  assert.deepEqual(await count(''), { connected: 3, other: 1 });
  assert.deepEqual(await count('policy.udp = false'), { connected: 3, other: 3 });
});

/** A server whose files have another number at each reading. */
class World {
  readonly events: string[] = [];
  readonly applied: number[] = [];
  files = 0;
  workers: string[] = [];
  auth: string[] = [];
  plugins: WolfguardError | undefined;
  meanwhile: () => void = () => undefined;
  readonly reloader = new Reloader({
    beforeReload: () => this.events.push('log reopened'),
    assess: () => this.#assess(),
    participants: [
      { try: (next) => this.#ask('workers', next, this.workers) },
      { try: (next) => this.#ask('auth', next, this.auth) },
    ],
    prepare: (next) => {
      if (this.plugins !== undefined) return Promise.reject(this.plugins);
      this.events.push(`plugins loaded for ${numberOf(next)}`);
      return Promise.resolve({
        commit: () => this.events.push('plugins committed'),
        abandon: () => assert.fail('nothing was prepared for nothing'),
      });
    },
    apply: (next) => {
      this.events.push(`applied ${numberOf(next)}`);
      this.applied.push(numberOf(next));
    },
    countOther: () => Promise.resolve({ connected: 0, other: 0 }),
    connected: () => 0,
    count: () => undefined,
    report: (work) => work(),
    logger: { info: () => undefined, error: () => undefined },
  });

  #assess(): ReloadAssessment {
    this.files++;
    this.events.push(`read ${this.files}`);
    const plan = { changes: [], certificates: [], files: [], warnings: [], refusals: [] };
    // Nobody here looks into it.
    return { plan, next: { number: this.files } as unknown as Loaded };
  }

  #ask(who: string, next: Loaded, problems: readonly string[]): Promise<readonly string[]> {
    this.events.push(`${who} asked about ${numberOf(next)}`);
    this.meanwhile();
    return Promise.resolve(problems);
  }
}

const numberOf = (next: Loaded): number => (next as unknown as { number: number }).number;
