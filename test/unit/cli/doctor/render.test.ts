import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  CHECKS,
  ok,
  problem,
  splitSentence,
  unchecked,
  warning,
} from '../../../../cli/doctor/finding.ts';
import { exitCodeOf, renderFindings, renderJson } from '../../../../cli/doctor/render.ts';

const FINDINGS = [
  ok('kernel', 'Linux 6.1'),
  warning('clock', 'it drifts', 'install chrony'),
  problem('socket-buffers', 'bad\u001b[2J', 'sysctl -w x=1'),
];

test('findings stand in columns, the remedy below, and are counted', () => {
  assert.equal(
    renderFindings(FINDINGS, false),
    `ok         kernel          Linux 6.1
warning    clock           it drifts
                           → install chrony
problem    socket-buffers  bad?[2J
                           → sysctl -w x=1

1 ok, 1 warning, 1 problem
`,
  );
});

test('what was not checked is counted where there is any', () => {
  assert.match(renderFindings([unchecked('tun', 'no')], false), /, 0 problems, 1 not checked\n$/);
});

test('colours are for terminals', () => {
  assert.ok(renderFindings(FINDINGS, true).startsWith('\u001b[32mok       \u001b[0m  kernel'));
});

test('a problem makes the exit code 1, a warning does not', () => {
  assert.equal(exitCodeOf(FINDINGS), 1);
  assert.equal(exitCodeOf(FINDINGS.slice(0, 2)), 0);
});

test('programs get the same with counts', () => {
  const document: unknown = JSON.parse(renderJson(FINDINGS.slice(0, 1), { version: '1.2.3' }));
  assert.deepEqual(document, {
    version: '1.2.3',
    counts: { ok: 1, warning: 0, problem: 0, unchecked: 0 },
    findings: [{ id: 'kernel', level: 'ok', what: 'Linux 6.1', mend: null }],
  });
});

test('a sentence of the server is taken apart at its last colon', () => {
  assert.deepEqual(splitSentence('nft cannot (Error: no): install it'), {
    what: 'nft cannot (Error: no)',
    mend: 'install it',
  });
  assert.equal(splitSentence('keys differ; name the pair').mend, 'name the pair');
});

test('the manual lists every check by its name', () => {
  const manual = readFileSync(
    path.join(import.meta.dirname, '../../../../docs/operations.md'),
    'utf8',
  );
  for (const [id, about] of Object.entries(CHECKS)) {
    assert.ok(manual.includes(`| \`${id}\` | ${about} |`), id);
  }
});
