import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { step } from '../../../../core/auth_dialogue/dialogue.ts';
import type {
  DialogueEffect,
  DialogueInput,
  DialogueRules,
  DialogueState,
  Request,
} from '../../../../core/auth_dialogue/state.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import type { SessionAttributes } from '../../../../core/policy/attributes.ts';
import type { Verdict } from '../../../../core/auth_dialogue/verdict.ts';

const RULES: DialogueRules = {
  chains: [['file']],
  maxAttempts: 3,
  timeoutMs: 240_000,
  selectGroup: [],
};
const BOTH = { username: 'alice', password: 'secret' };

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

// ─── certificates ─────────────────────────────────────────────────────────────────────────────

const CERTIFIED = { certificate: true };

test('a certificate that is all a chain wants is tried at once, and nothing is asked [oc 4.5]', () => {
  const dialogue = new Driver({ ...RULES, chains: [['certificate']] });
  assert.equal(backendOf(dialogue.start(CERTIFIED)), 'certificate');
  const outcome = outcomeOf(
    dialogue.verdict({ kind: 'accepted', user: 'carol', groups: ['staff'] }),
  );
  assert.deepEqual(outcome, {
    kind: 'accepted',
    user: 'carol',
    groups: ['staff'],
    attributes: NO_ATTRIBUTES,
  });
});

test('without a certificate a chain that wants one is passed over, and alone it is a 401', () => {
  const only = new Driver({ ...RULES, chains: [['certificate', 'file']] });
  const expected = { kind: 'failed', reason: 'No certificate', refused: false };
  assert.deepEqual(outcomeOf(only.start()), expected);
  assert.deepEqual(outcomeOf(only.reply(BOTH)), expected);
  const either = new Driver({ ...RULES, chains: [['certificate', 'file'], ['ldap']] });
  assert.equal(formOf(either.start()).inputs.length, 2);
  assert.equal(backendOf(either.reply(BOTH)), 'ldap');
});

test('with a certificate only the password is asked for, and the name is the certificate’s', () => {
  const dialogue = new Driver({ ...RULES, chains: [['certificate', 'file']] });
  const form = formOf(dialogue.start(CERTIFIED));
  assert.deepEqual(
    form.inputs.map(({ name }) => name),
    ['password'],
  );
  assert.equal(backendOf(dialogue.reply({ password: 'secret' }, CERTIFIED)), 'certificate');
  assert.deepEqual(dialogue.verdict({ kind: 'accepted', user: 'carol', groups: ['vpn'] }), {
    kind: 'verify',
    backend: 'file',
    user: 'carol',
    password: 'secret',
    group: null,
  });
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['staff'] }));
  assert.ok(outcome.kind === 'accepted');
  assert.deepEqual([outcome.user, outcome.groups], ['carol', ['vpn', 'staff']]);
});

test('a typed name that is not the certificate’s is refused, whichever step comes first', () => {
  for (const chain of [
    ['certificate', 'file'],
    ['file', 'certificate'],
  ]) {
    const dialogue = new Driver({ ...RULES, chains: [chain] });
    dialogue.reply(BOTH, CERTIFIED);
    let effect = dialogue.verdict(verdictOf(chain[0], 'carol'));
    if (effect.kind === 'verify') effect = dialogue.verdict(verdictOf(chain[1], 'carol'));
    assert.match(formOf(effect).message, /^Login failed/);
  }
});

test('names that agree are accepted, whichever step comes first', () => {
  for (const chain of [
    ['certificate', 'file'],
    ['file', 'certificate'],
  ]) {
    const dialogue = new Driver({ ...RULES, chains: [chain] });
    dialogue.reply(BOTH, CERTIFIED);
    dialogue.verdict(verdictOf(chain[0], 'alice'));
    assert.equal(outcomeOf(dialogue.verdict(verdictOf(chain[1], 'alice'))).kind, 'accepted');
  }
});

test('a certificate that its step refuses costs no attempt, and the other chains are asked', () => {
  const dialogue = new Driver({ ...RULES, chains: [['certificate'], ['file']] });
  dialogue.start(CERTIFIED);
  const outcome = outcomeOf(dialogue.verdict({ kind: 'refused' }));
  assert.ok(outcome.kind === 'form' && !outcome.refused);
  assert.equal(outcome.form.inputs.length, 2);
  const alone = new Driver({ ...RULES, chains: [['certificate']] });
  alone.start(CERTIFIED);
  assert.deepEqual(outcomeOf(alone.verdict({ kind: 'refused' })), {
    kind: 'failed',
    reason: 'Certificate is not accepted',
    refused: false,
  });
});

test('certificate and one-time password ask for the code alone', () => {
  const dialogue = new Driver({ ...RULES, chains: [['certificate', 'totp']] });
  dialogue.start(CERTIFIED);
  assert.equal(
    backendOf(dialogue.verdict({ kind: 'accepted', user: 'carol', groups: [] })),
    'totp',
  );
  assert.equal(formOf(dialogue.verdict(challenge)).inputs.length, 1);
});

test('a chain without a password is asked by name alone', () => {
  const dialogue = new Driver({ ...RULES, chains: [['totp']] });
  assert.deepEqual(
    formOf(dialogue.start()).inputs.map(({ name }) => name),
    ['username'],
  );
  assert.equal(backendOf(dialogue.reply({ username: 'alice' })), 'totp');
});

test('a name that a backend knows better is the name of the session', () => {
  const dialogue = new Driver({ ...RULES, chains: [['pam']] });
  dialogue.reply({ username: 'ALICE', password: 'x' });
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', user: 'alice', groups: [] }));
  assert.ok(outcome.kind === 'accepted' && outcome.user === 'alice');
});

test('attributes of a later step win, and those of a chain that failed are lost', () => {
  const dialogue = new Driver({ ...RULES, chains: [['ldap', 'radius'], ['file']] });
  const told = (mtu: number): SessionAttributes => ({ policy: { mtu }, accounting: null });
  dialogue.reply(BOTH);
  dialogue.verdict({ kind: 'accepted', groups: [], attributes: told(1300) });
  const outcome = outcomeOf(
    dialogue.verdict({ kind: 'accepted', groups: [], attributes: told(1400) }),
  );
  assert.ok(outcome.kind === 'accepted');
  assert.deepEqual(outcome.attributes, told(1400));
  dialogue.reply(BOTH);
  dialogue.verdict({ kind: 'accepted', groups: [], attributes: told(1300) });
  dialogue.verdict({ kind: 'refused' });
  const second = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: [] }));
  assert.ok(second.kind === 'accepted');
  assert.deepEqual(second.attributes, NO_ATTRIBUTES);
});

// ─── groups ───────────────────────────────────────────────────────────────────────────────────

const STAFF = { name: 'staff', label: 'All our people' };
const GUESTS = { name: 'guests', label: 'Guests' };
const GROUPED: DialogueRules = { ...RULES, selectGroup: [STAFF, GUESTS] };

test('groups are offered with the form, the chosen one first [oc 4.3]', () => {
  const dialogue = new Driver(GROUPED);
  assert.deepEqual(formOf(dialogue.start()).groups, [STAFF, GUESTS]);
  for (const group of ['guests', 'Guests', 'GUESTS']) {
    assert.deepEqual(formOf(dialogue.start({ group })).groups, [GUESTS, STAFF]);
  }
});

test('a group is chosen by its name or by its label, and is the group of the session', () => {
  for (const group of ['guests', 'Guests']) {
    const dialogue = new Driver(GROUPED);
    dialogue.reply(BOTH, { group });
    const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['staff', 'guests'] }));
    assert.ok(outcome.kind === 'accepted');
    assert.deepEqual(outcome.groups, ['guests', 'staff']);
  }
});

test('an unknown group gets the whole list again and costs no attempt [oc 4.3]', () => {
  const dialogue = new Driver(GROUPED);
  for (let i = 0; i < 5; i++) {
    assert.deepEqual(formOf(dialogue.reply(BOTH, { group: 'root' })).groups, [STAFF, GUESTS]);
  }
  assert.equal(dialogue.state, null);
});

test('a group that the person is not in is refused like a wrong password', () => {
  const dialogue = new Driver(GROUPED);
  dialogue.reply(BOTH, { group: 'staff' });
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['guests'] }));
  assert.ok(outcome.kind === 'form' && outcome.refused);
});

test('a group in the URL is not asked for, and the reply goes to that URL too', () => {
  const dialogue = new Driver(GROUPED);
  const form = formOf(dialogue.start({ urlGroup: 'guests' }));
  assert.deepEqual([form.groups, form.urlGroup], [[], 'guests']);
  assert.deepEqual(formOf(dialogue.start({ urlGroup: 'nonsense' })).groups, [STAFF, GUESTS]);
  const effect = dialogue.reply(BOTH, { urlGroup: 'guests' });
  assert.ok(effect.kind === 'verify' && effect.group === 'guests');
});

test('a single group is taken silently', () => {
  const dialogue = new Driver({ ...RULES, selectGroup: [GUESTS] });
  assert.deepEqual(formOf(dialogue.start()).groups, []);
  const effect = dialogue.reply(BOTH);
  assert.ok(effect.kind === 'verify' && effect.group === 'guests');
});

test('who has chosen none is asked when several fit, and not when one does', () => {
  const rules = { ...GROUPED, chains: [['certificate']] };
  const both = new Driver(rules);
  both.start(CERTIFIED);
  const named = { kind: 'accepted', user: 'carol' } as const;
  const form = formOf(both.verdict({ ...named, groups: ['guests', 'staff', 'other'] }));
  assert.deepEqual([form.inputs, form.groups], [[], [STAFF, GUESTS]]);
  assert.deepEqual(formOf(both.reply({}, { group: 'other' })).groups, [STAFF, GUESTS]);
  const outcome = outcomeOf(both.reply({}, { group: 'Guests' }));
  assert.ok(outcome.kind === 'accepted');
  assert.deepEqual(outcome.groups, ['guests', 'staff', 'other']);
  const one = new Driver(rules);
  one.start(CERTIFIED);
  const silent = outcomeOf(one.verdict({ ...named, groups: ['other', 'guests'] }));
  assert.ok(silent.kind === 'accepted');
  assert.deepEqual(silent.groups, ['guests', 'other']);
});

test('where no groups are offered, one in the URL is a wish', () => {
  const dialogue = new Driver();
  dialogue.reply(BOTH, { urlGroup: 'staff' });
  const outcome = outcomeOf(dialogue.verdict({ kind: 'accepted', groups: ['it', 'staff'] }));
  assert.ok(outcome.kind === 'accepted');
  assert.deepEqual(outcome.groups, ['staff', 'it']);
});

const verdictOf = (step: string | undefined, name: string): Verdict =>
  step === 'certificate'
    ? { kind: 'accepted', user: name, groups: [] }
    : { kind: 'accepted', groups: [] };

const challenge: Verdict = {
  kind: 'challenge',
  message: 'Enter the code',
  label: 'Code:',
  echo: false,
};

const REQUEST: Request = { group: null, urlGroup: null, certificate: false, now: 0 };

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

/** One dialogue with time moved by hand. */
class Driver {
  rules: DialogueRules;
  state: DialogueState | null = null;
  now = 0;

  constructor(rules: DialogueRules = RULES) {
    this.rules = rules;
  }

  step(input: DialogueInput): DialogueEffect {
    const { state, effect } = step(this.rules, this.state, input);
    this.state = state;
    return effect;
  }

  start = (request: Partial<Request> = {}): DialogueEffect =>
    this.step({ kind: 'start', ...REQUEST, now: this.now, ...request });
  reply = (fields: Record<string, string>, request: Partial<Request> = {}): DialogueEffect =>
    this.step({ kind: 'reply', fields, ...REQUEST, now: this.now, ...request });
  verdict = (verdict: Verdict): DialogueEffect =>
    this.step({ kind: 'verdict', verdict, now: this.now });
}

function outcomeOf(effect: DialogueEffect) {
  assert.equal(effect.kind, 'answer');
  return effect.outcome;
}

function formOf(effect: DialogueEffect) {
  const outcome = outcomeOf(effect);
  assert.equal(outcome.kind, 'form');
  return outcome.form;
}

function backendOf(effect: DialogueEffect): string {
  assert.equal(effect.kind, 'verify');
  return effect.backend;
}
