import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeKeys } from '../../../../cli/wolfctl/top/keys.ts';
import { firstState } from '../../../../cli/wolfctl/top/state.ts';
import type { TopState } from '../../../../cli/wolfctl/top/state.ts';
import { parseInterval, step } from '../../../../cli/wolfctl/top/step.ts';
import type { TopEffect, TopInput } from '../../../../cli/wolfctl/top/step.ts';
import { session } from './sessions.ts';
import type { Given } from './sessions.ts';

/** A top that is pressed and told, and what it asked for. */
class Top {
  state: TopState = firstState({ rows: 10, columns: 120 }, 1000, 'rate');
  effects: TopEffect[] = [];
  #at = 0;

  take(input: TopInput): this {
    const { state, effects } = step(this.state, input);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  /** A second after the listing before. */
  listed(...given: Given[]): this {
    this.#at += 1000;
    const sessions = given.map(session);
    return this.take({ kind: 'listed', sessions, status: undefined, at: this.#at, now: this.#at });
  }

  press(keys: string): this {
    for (const key of decodeKeys(keys)) this.take({ kind: 'key', key });
    return this;
  }

  get users(): string[] {
    return this.state.rows.map(({ user }) => user);
  }
}

const THREE = [
  { id: 1, user: 'anna', since: 30 },
  { id: 2, user: 'bob', since: 20 },
  { id: 3, user: 'carl', since: 10 },
];

test('rates are what two listings differ by, in bytes a second', () => {
  const top = new Top()
    .listed({ id: 1, rx: 1000, tx: 5000 })
    .listed({ id: 1, rx: 3000, tx: 5000 }, { id: 2, rx: 9000 });
  const [one, two] = top.state.rows;
  assert.deepEqual([one?.rxRate, one?.txRate, two?.rxRate], [2000, 0, 0]);
  assert.equal(top.state.reading?.packetRate, 20);
});

test('a counter that fell, and a worker that was silent for once, make no burst', () => {
  const top = new Top().listed({ id: 1, rx: 5000 }, { id: 2, rx: 5000 });
  top.listed({ id: 1, rx: 100 }, { id: 2, rx: 0, live: false });
  assert.deepEqual(
    top.state.rows.map(({ rxRate }) => rxRate),
    [0, 0],
  );
  top.listed({ id: 1, rx: 200 }, { id: 2, rx: 5300 });
  assert.deepEqual(
    top.state.rows.map(({ id, rxRate }) => [id, rxRate]),
    [
      [2, 300],
      [1, 100],
    ],
  );
});

test('after a time without the server the rates begin anew', () => {
  const top = new Top().listed({ id: 1, rx: 0 }).take({ kind: 'lost', reason: 'gone' });
  assert.equal(top.state.lost, 'gone');
  top.listed({ id: 1, rx: 9000 });
  assert.deepEqual([top.state.lost, top.state.rows[0]?.rxRate], [null, 0]);
});

test('the busiest come first, and every column sorts', () => {
  const top = new Top()
    .listed(...THREE)
    .listed(
      { id: 1, user: 'anna', since: 30, rx: 10 },
      { id: 2, user: 'bob', since: 20, tx: 300 },
      { id: 3, user: 'carl', since: 10, rx: 20 },
    );
  assert.deepEqual(top.users, ['bob', 'carl', 'anna']);
  assert.deepEqual(top.press('R').users, ['carl', 'anna', 'bob']);
  assert.deepEqual(top.press('T').users, ['bob', 'anna', 'carl']);
  assert.deepEqual(top.press('U').users, ['anna', 'bob', 'carl']);
  assert.deepEqual(top.press('o').users, ['carl', 'bob', 'anna']);
  assert.deepEqual(top.press('oC').users, ['carl', 'bob', 'anna']);
  assert.deepEqual(top.press('I').users, ['anna', 'bob', 'carl']);
  assert.equal(top.press('>').state.order.sort, 'time');
  assert.equal(top.press('>').state.order.sort, 'rate');
  assert.equal(top.press('<').state.order.sort, 'time');
});

test('the selection stays with its session wherever that goes', () => {
  const top = new Top().listed(...THREE);
  assert.equal(top.state.selected, 1);
  top.press('\u001b[B');
  assert.equal(top.state.selected, 2);
  top.press('Uo');
  assert.equal(top.state.selected, 2);
  assert.ok([1, 3].includes(top.listed({ id: 1 }, { id: 3 }).state.selected ?? 0));
  assert.equal(new Top().listed().state.selected, null);
});

test('the list scrolls so that the selection can be seen', () => {
  const top = new Top().listed(...Array.from({ length: 100 }, (_, id) => ({ id: id + 1 })));
  assert.equal(top.press('\u001b[F').state.offset, 95);
  assert.equal(top.press('\u001b[5~').state.selected, 95);
  assert.equal(top.state.offset, 94);
  assert.equal(top.press('\u001b[H').state.offset, 0);
  top.take({ kind: 'resized', size: { rows: 8, columns: 80 } }).press('jjjj');
  assert.deepEqual([top.state.selected, top.state.offset], [5, 2]);
});

test('a filter follows each letter, Escape brings back what was', () => {
  const top = new Top().listed(...THREE).press('/AN');
  assert.deepEqual(top.users, ['anna']);
  assert.equal(top.press('\r').state.mode.kind, 'list');
  assert.deepEqual(top.press('/\u0015bo\u001b').users, ['anna']);
  assert.deepEqual(top.press('\u001b').users, ['anna', 'bob', 'carl']);
  assert.deepEqual(top.press('/198.51.100.3\r').users, ['carl']);
});

test('a session is ended only after a yes, and the one that was asked about', () => {
  const top = new Top().listed(...THREE).press('Ud');
  assert.equal(top.state.mode.kind, 'confirm');
  top.listed({ id: 9, user: 'aaron' }, ...THREE);
  top.press('y');
  assert.deepEqual(top.effects, [{ kind: 'end', ending: 'disconnect', id: 1, user: 'anna' }]);
  top.press('tn').press('t\r').press('d\u001b');
  assert.equal(top.effects.length, 1);
  assert.match(top.state.message, /nothing was done/);
  top.press('jty');
  assert.deepEqual(top.effects.at(-1), { kind: 'end', ending: 'terminate', id: 2, user: 'bob' });
});

test('what became of it is told, and the list asked for', () => {
  const top = new Top().listed(...THREE).take({ kind: 'told', message: 'anna is gone' });
  assert.equal(top.state.message, 'anna is gone');
  assert.deepEqual(top.effects, [{ kind: 'refresh' }]);
});

test('with nobody there nobody can be ended', () => {
  const top = new Top().listed().press('dy');
  assert.deepEqual(top.effects, []);
});

test('the interval is a number of seconds within limits', () => {
  const top = new Top().listed(...THREE).press('i2.5\r');
  assert.equal(top.state.intervalMs, 2500);
  top.press('i0.1\r');
  assert.equal(top.state.intervalMs, 2500);
  assert.match(top.state.message, /number of seconds/);
  assert.deepEqual(['1', '0.5', '60', '61', '-1', '1e1', ''].map(parseInterval), [
    1000,
    500,
    60_000,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('q leaves the list, and Ctrl-C leaves wherever one is', () => {
  assert.deepEqual(new Top().press('q').effects, [{ kind: 'quit' }]);
  assert.deepEqual(new Top().press('/q').effects, []);
  assert.deepEqual(new Top().press('/q\u0003').effects, [{ kind: 'quit' }]);
  assert.deepEqual(new Top().press('?q').state.mode.kind, 'list');
});
