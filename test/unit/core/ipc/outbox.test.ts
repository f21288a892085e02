import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox, unpack } from '../../../../core/ipc/outbox.ts';

test('the messages of one turn leave together and in order', () => {
  const { outbox, written, endTurn } = setUp();
  outbox.send({ n: 1 });
  outbox.send({ n: 2 });
  assert.deepEqual(written, []);
  endTurn();
  assert.deepEqual(written, [[{ n: 1 }, { n: 2 }]]);
});

test('a message that is alone leaves as it is', () => {
  const { outbox, written, endTurn } = setUp();
  outbox.send({ n: 1 });
  endTurn();
  outbox.send({ n: 2 });
  endTurn();
  assert.deepEqual(written, [{ n: 1 }, { n: 2 }]);
});

test('what was flushed does not leave again at the end of the turn', () => {
  const { outbox, written, endTurn } = setUp();
  outbox.send({ n: 1 });
  outbox.flush();
  outbox.flush();
  endTurn();
  assert.deepEqual(written, [{ n: 1 }]);
});

test('unpacking gives the messages that were sent', () => {
  assert.deepEqual(unpack({ n: 1 }), [{ n: 1 }]);
  assert.deepEqual(unpack([{ n: 1 }, { n: 2 }]), [{ n: 1 }, { n: 2 }]);
});

interface Message {
  readonly n: number;
}

function setUp() {
  const written: unknown[] = [];
  const flushes: (() => void)[] = [];
  const outbox = new Outbox<Message>({
    write: (messages) => void written.push(messages),
    atEndOfTurn: (flush) => void flushes.push(flush),
  });
  const endTurn = (): void => {
    for (const flush of flushes.splice(0)) flush();
  };
  return { outbox, written, endTurn };
}
