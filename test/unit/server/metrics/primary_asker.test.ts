import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricsToPrimary } from '../../../../core/ipc/metrics.ts';
import { PrimaryAsker } from '../../../../server/metrics/primary_asker.ts';

test('however many ask for a page, the primary makes one, and none for a second after', async () => {
  const { asker, asked, tick } = world();
  const pages = [asker.page('prometheus'), asker.page('prometheus')];
  assert.deepEqual(asked, [{ kind: 'ask-page', id: 1, format: 'prometheus' }]);
  asker.handleAnswer({ kind: 'page', id: 1, text: 'first' });
  assert.deepEqual(await Promise.all(pages), ['first', 'first']);
  tick(999);
  assert.equal(await asker.page('prometheus'), 'first');
  tick(1);
  const later = asker.page('prometheus');
  asker.handleAnswer({ kind: 'page', id: 2, text: 'second' });
  assert.equal(await later, 'second');
});

test('the formats are pages of their own', async () => {
  const { asker, asked } = world();
  const pages = [asker.page('prometheus'), asker.page('openmetrics')];
  assert.equal(asked.length, 2);
  asker.handleAnswer({ kind: 'page', id: 2, text: 'open' });
  asker.handleAnswer({ kind: 'page', id: 1, text: 'plain' });
  assert.deepEqual(await Promise.all(pages), ['plain', 'open']);
});

test('readiness is asked anew each time', async () => {
  const { asker, asked } = world();
  for (const [id, ready] of [true, false].entries()) {
    const answer = asker.readiness();
    asker.handleAnswer({ kind: 'readiness', id: id + 1, ready, reason: 'so' });
    assert.equal((await answer)?.ready, ready);
  }
  assert.equal(asked.length, 2);
});

test('a primary that says nothing is given up, and asked again by the next', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { asker, asked } = world();
  const page = asker.page('prometheus');
  t.mock.timers.tick(2_000);
  assert.equal(await page, undefined);
  asker.handleAnswer({ kind: 'page', id: 1, text: 'too late' });
  const next = asker.page('prometheus');
  assert.equal(asked.length, 2);
  asker.handleAnswer({ kind: 'page', id: 2, text: 'in time' });
  assert.equal(await next, 'in time');
});

function world(): {
  readonly asker: PrimaryAsker;
  readonly asked: MetricsToPrimary[];
  readonly tick: (ms: number) => void;
} {
  const asked: MetricsToPrimary[] = [];
  let now = 0;
  const asker = new PrimaryAsker({ send: (message) => asked.push(message), now: () => now });
  return { asker, asked, tick: (ms) => (now += ms) };
}
