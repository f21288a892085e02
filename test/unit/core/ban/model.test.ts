// Random events against a model that keeps a plain list and looks at all of it each time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BanList } from '../../../../core/ban/ban_list.ts';
import type { BanRules } from '../../../../core/ban/ban_list.ts';
import { formatSource } from '../../../../core/ban/source.ts';
import type { Cidr } from '../../../../core/net/address.ts';

const CAPACITY = 6;
const DURATION_MS = 50;
const RESET_MS = 200;

const operation = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      source: fc.nat(9),
      points: fc.constantFrom(0, 1, 10, 45),
    }),
  },
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(80) }),
  fc.record({ do: fc.constant('forget' as const), source: fc.nat(9) }),
  fc.record({
    do: fc.constant('rules' as const),
    maxScore: fc.constantFrom(0, 40, 80),
    durationMs: fc.constantFrom(DURATION_MS, 120),
    exempt: fc.option(fc.nat(9)),
  }),
);
type Operation = typeof operation extends fc.Arbitrary<infer T> ? T : never;

test('points, bans and what the workers are told are those of the model', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150, size: 'max' }), (operations) => {
      const world = new World();
      for (const each of operations) world.run(each);
    }),
    { numRuns: 300 },
  );
});

interface Naive {
  readonly source: string;
  score: number;
  at: number;
  banned: boolean;
}

class World {
  rules: BanRules = { maxScore: 80, durationMs: DURATION_MS, resetAfterMs: RESET_MS, exempt: [] };
  readonly list = new BanList(this.rules, { capacity: CAPACITY });
  /** In the order of `at`. */
  model: Naive[] = [];
  /** What a worker believes that has heard every change. */
  readonly heard = new Set<string>();
  now = 1000;

  run(operation: Operation): void {
    // Which of two sources is the older one is not defined within a millisecond.
    this.now++;
    switch (operation.do) {
      case 'add':
        this.hear(this.list.add(sourceAt(operation.source), operation.points, this.now));
        this.add(formatSource(sourceAt(operation.source)), operation.points);
        break;
      case 'wait':
        this.now += operation.ms;
        break;
      case 'forget': {
        const source = formatSource(sourceAt(operation.source));
        this.expire();
        const { known, changes } = this.list.forget(source, this.now);
        this.hear(changes);
        assert.equal(
          known,
          this.model.some((entry) => entry.source === source),
        );
        this.model = this.model.filter((entry) => entry.source !== source);
        break;
      }
      case 'rules': {
        const { maxScore, durationMs, exempt } = operation;
        this.expire();
        this.rules = {
          ...this.rules,
          maxScore,
          durationMs,
          exempt: exempt === null ? [] : [sourceAt(exempt)],
        };
        this.hear(this.list.setRules(this.rules, this.now));
        this.model = this.model.filter(({ source }) => maxScore > 0 && !this.isExempt(source));
        break;
      }
    }
    this.check();
  }

  add(source: string, points: number): void {
    this.expire();
    const { maxScore } = this.rules;
    if (maxScore === 0 || points === 0 || this.isExempt(source)) return;
    const found = this.model.find((entry) => entry.source === source);
    if (found === undefined && this.model.length === CAPACITY) {
      const victim =
        this.model.find(({ banned, score }) => !banned && score < maxScore / 2) ??
        this.model.find(({ banned }) => !banned) ??
        this.model[0];
      this.model = this.model.filter((entry) => entry !== victim);
    }
    const entry = found ?? { source, score: 0, at: this.now, banned: false };
    entry.score += points;
    if (entry.banned) return;
    entry.banned = entry.score >= maxScore;
    entry.at = this.now;
    this.model = [...this.model.filter((other) => other !== entry), entry];
  }

  expire(): void {
    this.model = this.model.filter(
      ({ at, banned }) =>
        this.now < at + (banned ? this.rules.durationMs : this.rules.resetAfterMs),
    );
  }

  isExempt(source: string): boolean {
    return this.rules.exempt.some((network) => formatSource(network) === source);
  }

  hear({ banned, lifted }: ReturnType<BanList['sweep']>): void {
    for (const source of lifted) assert.ok(this.heard.delete(source), `${source} was not banned`);
    for (const { source } of banned) {
      assert.ok(!this.heard.has(source), `${source} was banned already`);
      this.heard.add(source);
    }
  }

  check(): void {
    for (let number = 0; number < 10; number++) {
      const source = formatSource(sourceAt(number));
      const banned = this.model.some(
        (entry) =>
          entry.source === source && entry.banned && this.now < entry.at + this.rules.durationMs,
      );
      assert.equal(this.list.isBanned(source, this.now), banned, source);
      const known = this.model.some(
        (entry) =>
          entry.source === source &&
          this.now < entry.at + (entry.banned ? this.rules.durationMs : this.rules.resetAfterMs),
      );
      assert.equal(this.list.has(source, this.now), known, source);
    }
    this.hear(this.list.sweep(this.now));
    this.expire();
    const bySource = (a: { source: string }, b: { source: string }): number =>
      a.source < b.source ? -1 : 1;
    const model = this.model.map((entry) => ({ ...entry })).sort(bySource);
    assert.deepEqual(this.list.points().sort(bySource), model);
    const banned = model.filter((entry) => entry.banned);
    assert.deepEqual(
      [...this.heard].sort(),
      banned.map(({ source }) => source),
    );
    assert.equal(this.list.bans, banned.length);
    const ends = banned.map(({ at }) => at + this.rules.durationMs);
    assert.equal(this.list.nextDeadline(), ends.length === 0 ? undefined : Math.min(...ends));
  }
}

/** Every second one an IPv6 /64. */
const sourceAt = (number: number): Cidr =>
  number % 2 === 0
    ? { address: { family: 4, value: BigInt(number) + 0xcb007100n }, prefix: 32 }
    : { address: { family: 6, value: (BigInt(number) + 0x20010db8n) << 96n }, prefix: 64 };
