import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hitsOf, MOST_HITS, questionAt } from '../../../../cli/wolfctl/shell/complete.ts';
import { TREE } from './tree.ts';

/** What is offered at the end of the line: words, or the kind that the server is asked for. */
function offered(line: string): readonly string[] | string | undefined {
  const question = questionAt(TREE, line);
  if (question === undefined) return undefined;
  const { wanted, typed } = question;
  return wanted.kind === 'words' ? hitsOf(typed, wanted.words) : wanted.live;
}

test('commands are offered as far as they are typed', () => {
  assert.deepEqual(offered('sh'), ['show ']);
  assert.deepEqual(offered('SH'), ['show ']);
  assert.deepEqual(offered('show u'), ['users', 'user']);
  assert.deepEqual(offered('show ip '), ['bans', 'ban']);
  assert.deepEqual(offered('sh ip ban '), ['points ']);
  assert.deepEqual(offered('re'), ['reload', 'reset']);
});

test('values are asked of the server, by their kind', () => {
  assert.equal(offered('show user '), 'users');
  assert.equal(offered('disconnect user al'), 'users');
  assert.equal(offered('terminate id '), 'ids');
  assert.equal(offered('unban ip 2001:'), 'addresses');
});

test('behind the last value, and behind what is no command, nothing is offered', () => {
  assert.equal(offered('show user alice '), undefined);
  assert.equal(offered('show nothing '), undefined);
  assert.equal(offered('show users '), undefined);
});

test('options are offered where one is begun, and the choices of their values', () => {
  assert.deepEqual(offered('top --so'), ['--socket', '--sort']);
  assert.deepEqual(offered('top --sort u'), ['user ']);
  assert.deepEqual(offered('show --js'), ['--json ']);
});

test('help completes as the command that it explains', () => {
  assert.deepEqual(offered('help sh'), ['show ']);
  assert.deepEqual(offered('help show ip '), ['bans', 'ban']);
});

test('a value is offered as it has to be typed, and takes the place of what was', () => {
  assert.deepEqual(hitsOf('an', ['anna maria', 'bob']), ["'anna maria' "]);
  assert.equal(questionAt(TREE, "show user 'anna m")?.tail, "'anna m");
  assert.equal(questionAt(TREE, "show user 'anna m")?.typed, 'anna m');
});

test('a name that cannot be typed is not offered', () => {
  assert.deepEqual(hitsOf('', ['\u001b[31mred', 'a\u202eb', 'bob']), ['bob ']);
});

test('of thousands a hundred are shown, with the common beginning of all', () => {
  const names = Array.from({ length: 10_000 }, (_, at) => `user${at}`);
  const hits = hitsOf('us', names);
  assert.equal(hits.length, MOST_HITS);
  assert.deepEqual([hits[0], hits.at(-1)], ['user0', 'user9999']);
});
