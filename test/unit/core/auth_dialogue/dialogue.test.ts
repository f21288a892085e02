import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DialogueInput } from '../../../../core/auth_dialogue/state.ts';
import type { Verdict } from '../../../../core/auth_dialogue/verdict.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import { BOTH, Driver, REQUEST, RULES, backendOf, challenge, formOf, outcomeOf } from './driver.ts';

test('a start shows one form for user name and password and remembers nothing [oc 4.3]', () => {
  const dialogue = new Driver();
  const form = formOf(dialogue.start());
  assert.deepEqual(form.inputs, [
    { type: 'text', name: 'username', label: 'Username:' },
    { type: 'password', name: 'password', label: 'Password:' },
  ]);
  assert.equal(dialogue.state, null);
});

test('right credentials are accepted with the groups of the backend', () => {
  const dialogue = new Driver();
  assert.deepEqual(dialogue.reply(BOTH), {
    kind: 'verify',
    backend: 'file',
    user: 'alice',
    password: 'secret',
    group: null,
  });
  assert.deepEqual(outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['staff'] })), {
    kind: 'accepted',
    user: 'alice',
    groups: ['staff'],
    attributes: NO_ATTRIBUTES,
  });
  assert.equal(dialogue.state, null);
});

test('a reply with a user name only gets the password form, then both are checked [oc 4.3]', () => {
  const dialogue = new Driver();
  const form = formOf(dialogue.reply({ username: 'alice' }));
  assert.deepEqual(
    form.inputs.map(({ name }) => name),
    ['password'],
  );
  const effect = dialogue.reply({ password: 'secret' });
  const asked = { backend: 'file', user: 'alice', password: 'secret', group: null };
  assert.deepEqual(effect, { kind: 'verify', ...asked });
});

test('a password whose user name nobody remembers gets the whole form and costs no attempt', () => {
  const dialogue = new Driver();
  assert.equal(formOf(dialogue.reply({ password: 'secret' })).inputs.length, 2);
  assert.equal(dialogue.state, null);
});

test('a wrong password shows the form again, beginning "Login failed", and the third ends it [oc 4.4]', () => {
  const dialogue = new Driver();
  for (let attempt = 1; attempt <= 2; attempt++) {
    dialogue.reply(BOTH);
    const form = formOf(dialogue.verdict({ kind: 'refused' }));
    assert.match(form.message, /^Login failed/);
    assert.equal(form.inputs.length, 2);
  }
  dialogue.reply(BOTH);
  assert.equal(outcomeOf(dialogue.verdict({ kind: 'refused' })).kind, 'failed');
  assert.equal(dialogue.state, null);
});

test('a right password after a wrong one is accepted', () => {
  const dialogue = new Driver();
  dialogue.reply(BOTH);
  dialogue.verdict({ kind: 'refused' });
  dialogue.reply(BOTH);
  assert.equal(outcomeOf(dialogue.verdict({ kind: 'accepted', groups: [] })).kind, 'accepted');
});

test('an empty password is refused without asking a backend and counts', () => {
  const dialogue = new Driver();
  const empty = { username: 'alice', password: '' };
  assert.match(formOf(dialogue.reply(empty)).message, /^Login failed/);
  dialogue.reply(empty);
  assert.equal(outcomeOf(dialogue.reply(empty)).kind, 'failed');
});

test('names and passwords that no backend could hold are refused unasked', () => {
  for (const fields of [
    { username: 'a'.repeat(257), password: 'x' },
    { username: 'al\nice', password: 'x' },
    { username: 'alice', password: 'x'.repeat(513) },
    { username: 'alice', password: 'secret\0' },
  ]) {
    assert.match(formOf(new Driver().reply(fields)).message, /^Login failed/);
  }
});

test('field names inherited by every object are not fields', () => {
  const dialogue = new Driver();
  const fields = Object.create({ username: 'alice', password: 'x' }) as Record<string, string>;
  assert.equal(formOf(dialogue.reply(fields)).inputs.length, 2);
});

test('the dialogue ends at its timeout, counted from the first reply', () => {
  const dialogue = new Driver();
  dialogue.reply({ username: 'alice' });
  dialogue.now = RULES.timeoutMs - 1;
  assert.equal(dialogue.reply(BOTH).kind, 'verify');
  dialogue.now = RULES.timeoutMs;
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: [] }));
  assert.deepEqual(outcome, {
    kind: 'failed',
    reason: 'The login took too long',
    refused: false,
  });
});

test('a start with the id of an expired dialogue begins anew', () => {
  const dialogue = new Driver();
  dialogue.reply({ username: 'alice' });
  dialogue.now = RULES.timeoutMs;
  assert.equal(formOf(dialogue.start()).inputs.length, 2);
  assert.equal(dialogue.state, null);
});

test('a start in the middle keeps the count of attempts', () => {
  const dialogue = new Driver();
  for (let attempt = 1; attempt <= 2; attempt++) {
    dialogue.reply(BOTH);
    dialogue.verdict({ kind: 'refused' });
    dialogue.start();
  }
  dialogue.reply(BOTH);
  assert.equal(outcomeOf(dialogue.verdict({ kind: 'refused' })).kind, 'failed');
});

test('a second request while a backend is asked changes nothing', () => {
  const dialogue = new Driver();
  dialogue.reply(BOTH);
  assert.equal(outcomeOf(dialogue.reply(BOTH)).kind, 'unavailable');
  assert.equal(outcomeOf(dialogue.start()).kind, 'unavailable');
  assert.equal(outcomeOf(dialogue.verdict({ kind: 'accepted', groups: [] })).kind, 'accepted');
});

test('any one chain lets a user in, and the next is tried when one refuses or is down', () => {
  const down: Verdict = { kind: 'unavailable', reason: 'no route' };
  for (const first of [down, { kind: 'refused' } as const]) {
    const dialogue = new Driver({ ...RULES, chains: [['ldap'], ['file']] });
    assert.equal(backendOf(dialogue.reply(BOTH)), 'ldap');
    assert.equal(backendOf(dialogue.verdict(first)), 'file');
    const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['a'] }));
    assert.equal(outcome.kind, 'accepted');
  }
});

test('every step of a chain must accept, and their groups are joined', () => {
  const dialogue = new Driver({ ...RULES, chains: [['ldap', 'file']] });
  dialogue.reply(BOTH);
  assert.equal(backendOf(dialogue.verdict({ kind: 'accepted', groups: ['a', 'b'] })), 'file');
  assert.deepEqual(outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['b', 'c'] })), {
    kind: 'accepted',
    user: 'alice',
    groups: ['a', 'b', 'c'],
    attributes: NO_ATTRIBUTES,
  });
});

test('groups of a chain that failed in its second step do not reach the next chain', () => {
  const dialogue = new Driver({ ...RULES, chains: [['ldap', 'totp'], ['file']] });
  dialogue.reply(BOTH);
  dialogue.verdict({ kind: 'accepted', groups: ['admins'] });
  dialogue.verdict({ kind: 'refused' });
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['staff'] }));
  assert.deepEqual(outcome, {
    kind: 'accepted',
    user: 'alice',
    groups: ['staff'],
    attributes: NO_ATTRIBUTES,
  });
});

test('an outage is never a wrong password, even where another chain said no', () => {
  const dialogue = new Driver({ ...RULES, chains: [['ldap'], ['file']] });
  for (let attempt = 1; attempt <= 5; attempt++) {
    dialogue.reply(BOTH);
    dialogue.verdict({ kind: 'unavailable', reason: 'no route' });
    assert.deepEqual(outcomeOf(dialogue.verdict({ kind: 'refused' })), {
      kind: 'unavailable',
      reason: 'no route',
    });
  }
});

test('a challenge is one field whose answer goes to its backend [oc 4.4]', () => {
  const dialogue = new Driver({ ...RULES, chains: [['radius']] });
  dialogue.reply(BOTH);
  const form = formOf(dialogue.verdict(challenge));
  assert.equal(form.message, 'Enter the code');
  assert.deepEqual(form.inputs, [{ type: 'password', name: 'secondary_password', label: 'Code:' }]);
  assert.deepEqual(dialogue.reply({ secondary_password: '123456' }), {
    kind: 'respond',
    backend: 'radius',
    answer: '123456',
  });
  assert.equal(outcomeOf(dialogue.verdict({ kind: 'accepted', groups: [] })).kind, 'accepted');
});

test('a wrong answer to a challenge is a failed attempt', () => {
  const dialogue = new Driver();
  dialogue.reply(BOTH);
  dialogue.verdict(challenge);
  dialogue.reply({ password: '000000' });
  assert.match(formOf(dialogue.verdict({ kind: 'refused' })).message, /^Login failed/);
});

test('a backend that challenges without end is refused', () => {
  const dialogue = new Driver();
  let effect = dialogue.reply(BOTH);
  for (let round = 0; round < 17; round++) {
    effect = dialogue.verdict(challenge);
    if (round < 16) effect = dialogue.reply({ secondary_password: 'x' });
  }
  assert.match(formOf(effect).message, /^Login failed/);
});

test('a reload does not mix the chains of before and after into one login', () => {
  const dialogue = new Driver({ ...RULES, chains: [['file', 'totp']] });
  dialogue.reply(BOTH);
  dialogue.rules = RULES;
  assert.equal(backendOf(dialogue.verdict({ kind: 'accepted', groups: [] })), 'totp');
});

test('a verdict for a dialogue that was dropped lets nobody in', () => {
  const dialogue = new Driver();
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['admins'] }));
  assert.equal(outcome.kind, 'unavailable');
});

test('whatever comes, nobody is accepted before all steps of one chain accepted in a row', () => {
  const chains = [['a', 'b'], ['c']];
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 40 }), (inputs) => {
      const dialogue = new Driver({ ...RULES, chains });
      let asked: string | null = null;
      let passed: string[] = [];
      for (const input of inputs) {
        if (input.kind === 'verdict' && dialogue.state?.phase !== 'checking') continue;
        const accepted = input.kind === 'verdict' && input.verdict.kind === 'accepted';
        if (accepted && asked !== null) passed.push(asked);
        if (input.kind === 'verdict' && input.verdict.kind === 'refused') passed = [];
        const effect = dialogue.step(input);
        if (effect.kind === 'answer' && effect.outcome.kind === 'accepted') {
          const last = passed.at(-1);
          assert.ok(last === 'c' || (last === 'b' && passed.at(-2) === 'a'));
          passed = [];
        }
        if (effect.kind === 'verify') asked = effect.backend;
      }
    }),
  );
});

test('no more attempts than allowed reach a backend in one dialogue', () => {
  fc.assert(
    fc.property(fc.array(anyInput, { maxLength: 60 }), (inputs) => {
      const dialogue = new Driver();
      let verified = 0;
      for (const input of inputs) {
        if (input.kind === 'verdict' && dialogue.state?.phase !== 'checking') continue;
        const verdict = { kind: 'refused' } as const;
        const effect = dialogue.step(input.kind === 'verdict' ? { ...input, verdict } : input);
        if (effect.kind === 'verify') verified += 1;
        if (effect.kind === 'answer' && effect.outcome.kind === 'failed') return;
        assert.ok(verified <= RULES.maxAttempts);
      }
    }),
  );
});

const anyInput: fc.Arbitrary<DialogueInput> = fc.oneof(
  fc.constant<DialogueInput>({ kind: 'start', ...REQUEST }),
  fc
    .record({ username: fc.constantFrom('alice', 'bob', ''), password: fc.constantFrom('x', '') })
    .map((fields): DialogueInput => ({ kind: 'reply', fields, ...REQUEST })),
  fc
    .constantFrom<Verdict>(
      { kind: 'accepted', groups: [] },
      { kind: 'refused' },
      { kind: 'unavailable', reason: 'down' },
      challenge,
    )
    .map((verdict): DialogueInput => ({ kind: 'verdict', verdict, now: 0 })),
);
