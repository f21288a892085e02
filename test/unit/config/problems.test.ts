import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../config/loader.ts';
import { renderCount, renderProblems } from '../../../config/problems.ts';

test('a mistake is shown with its line, a caret and a suggestion', () => {
  assert.equal(
    rendered('[listen]\n\n\n\n\n\n[policy]\nkeep_alive = "5h"\n'),
    `wolfguard.toml:8:1: unknown key "keep_alive" in [policy]
  8 | keep_alive = "5h"
    | ^^^^^^^^^^ did you mean "keepalive"?`,
  );
});

test('carets stand under the element, behind tabs too, one mistake after the other', () => {
  assert.equal(
    rendered('[policy]\n\troutes = ["10.0.0.0/8",\t"10.0.0.1/8"]\nmtu = 1\n'),
    `wolfguard.toml:2:26: policy.routes: "10.0.0.1/8" has bits set behind its prefix
  2 | \troutes = ["10.0.0.0/8",\t"10.0.0.1/8"]
    | \t                       \t^^^^^^^^^^^^ did you mean "10.0.0.0/8"?
wolfguard.toml:3:7: policy.mtu: 1 is too small
  3 | mtu = 1
    |       ^ the least is 576`,
  );
});

test('a value over several lines is shown by its beginning', () => {
  assert.equal(
    rendered('policy.dpd = [\n"a"]\n'),
    `wolfguard.toml:1:14: policy.dpd: expected a duration or 0, found a list
  1 | policy.dpd = [
    |              ^ for example "5m"`,
  );
});

test('of a long line the part around the mistake is shown', () => {
  const routes = Array.from({ length: 200 }, (_, index) => `"10.0.${index}.0/24"`);
  routes[100] = '"oops"';
  const [, source = '', carets = ''] = rendered(`policy.routes = [${routes.join(', ')}]`).split(
    '\n',
  );
  assert.ok(source.length < 120);
  assert.equal(source.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1), '"oops"');
});

test('control characters of the file do not reach the terminal', () => {
  const problem = { line: 1, column: 1, key: '', message: 'm' };
  assert.doesNotMatch(renderProblems([problem], 'a\u001b[31mb\u009b', 'f'), /[^\n\P{Cc}]/u);
});

test('a default that does not work here has no line', () => {
  const problem = { line: 0, column: 0, key: 'k', message: 'k: no', suggestion: 'do this' };
  assert.equal(
    renderProblems([problem], '', 'f'),
    'f: k: no (the default: the file does not set it)\n    do this',
  );
});

test('mistakes are counted in words', () => {
  const problem = { line: 1, column: 1, key: '', message: '' };
  assert.equal(renderCount([problem]), '1 mistake');
  assert.equal(renderCount([problem, problem, problem]), '3 mistakes');
});

function rendered(text: string): string {
  const result = loadConfig(text, 'wolfguard.toml');
  return result.ok ? 'ok' : result.output;
}
