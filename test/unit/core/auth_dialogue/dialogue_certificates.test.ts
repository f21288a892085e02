import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../../../core/auth_dialogue/verdict.ts';
import { NO_ATTRIBUTES } from '../../../../core/policy/attributes.ts';
import type { SessionAttributes } from '../../../../core/policy/attributes.ts';
import {
  BOTH,
  CERTIFIED,
  Driver,
  RULES,
  backendOf,
  challenge,
  formOf,
  outcomeOf,
} from './driver.ts';

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

test('a wrong code behind a certificate is a refused attempt: guessing is not free', () => {
  const dialogue = new Driver({ ...RULES, chains: [['certificate', 'totp']] });
  dialogue.start(CERTIFIED);
  dialogue.verdict({ kind: 'accepted', user: 'carol', groups: [] });
  dialogue.verdict(challenge);
  dialogue.reply({ secondary_password: '000000' }, CERTIFIED);
  assert.deepEqual(outcomeOf(dialogue.verdict({ kind: 'refused' })), {
    kind: 'failed',
    reason: 'Authentication failed',
    refused: true,
  });
  const either = new Driver({ ...RULES, chains: [['certificate', 'totp'], ['file']] });
  either.start(CERTIFIED);
  either.verdict({ kind: 'accepted', user: 'carol', groups: [] });
  either.verdict(challenge);
  either.reply({ secondary_password: '000000' }, CERTIFIED);
  const outcome = outcomeOf(either.verdict({ kind: 'refused' }));
  assert.ok(outcome.kind === 'form' && outcome.refused);
  assert.equal(either.state?.attempts, 1);
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

const verdictOf = (step: string | undefined, name: string): Verdict =>
  step === 'certificate'
    ? { kind: 'accepted', user: name, groups: [] }
    : { kind: 'accepted', groups: [] };
