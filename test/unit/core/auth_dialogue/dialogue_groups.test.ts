import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DialogueRules } from '../../../../core/auth_dialogue/state.ts';
import { BOTH, CERTIFIED, Driver, RULES, formOf, outcomeOf } from './driver.ts';

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
