import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DialogueState } from '../../../../core/auth_dialogue/state.ts';
import { DialogueTable } from '../../../../server/auth/dialogue_table.ts';

const state = (expiresAt: number): DialogueState => ({
  phase: 'prompting',
  user: null,
  group: null,
  attempts: 0,
  expiresAt,
});

test('an id is 32 random bytes, and an unknown one is replaced by a new one', () => {
  const table = open();
  const id = table.put(null, state(10), '');
  assert.match(id ?? '', /^[A-Za-z0-9_-]{43}$/);
  assert.equal(table.put(id, state(20), ''), id);
  assert.equal(table.state(id)?.expiresAt, 20);
  const other = table.put('chosen-by-a-stranger', state(10), '');
  assert.notEqual(other, 'chosen-by-a-stranger');
  assert.equal(table.size, 2);
});

test('a dialogue without state is forgotten', () => {
  const table = open();
  const id = table.put(null, state(10), '');
  assert.equal(table.put(id, null, ''), null);
  assert.equal(table.put(null, null, ''), null);
  assert.equal(table.size, 0);
});

test('the oldest makes room, and its conversation is cancelled', () => {
  const table = open();
  const ids = [1, 2, 3].map(() => table.put(null, state(10), ''));
  const cancelled: number[] = [];
  ids.forEach((id, i) =>
    table.hold(
      id,
      conversation(() => cancelled.push(i)),
    ),
  );
  table.put(null, state(10), '');
  assert.equal(table.size, 3);
  assert.equal(table.state(ids[0] ?? null), null);
  assert.deepEqual(cancelled, [0]);
});

test('expired dialogues linger for a while and are then swept out', () => {
  const table = open();
  const id = table.put(null, state(10), '');
  table.sweep(109);
  assert.notEqual(table.state(id), null);
  table.sweep(110);
  assert.equal(table.state(id), null);
});

test('a conversation is cancelled when another takes its place or nobody is there for it', () => {
  const table = open();
  let cancelled = 0;
  const count = (): void => void (cancelled += 1);
  const id = table.put(null, state(10), '');
  const first = conversation(count);
  table.hold(id, first);
  table.hold(id, first);
  assert.equal(cancelled, 0);
  table.hold(id, conversation(count));
  assert.equal(cancelled, 1);
  table.hold(id, null);
  table.hold('unknown', conversation(count));
  assert.equal(cancelled, 3);
});

const open = (): DialogueTable => new DialogueTable({ capacity: 3, lingerMs: 100 });

const conversation = (cancel: () => void) => ({
  respond: () => Promise.reject(new Error('not asked')),
  cancel,
});
