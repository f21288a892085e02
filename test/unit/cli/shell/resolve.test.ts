import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveWords } from '../../../../cli/wolfctl/shell/resolve.ts';
import type { Resolved } from '../../../../cli/wolfctl/shell/resolve.ts';
import { TREE } from './tree.ts';

const resolve = (line: string): Resolved => resolveWords(TREE, line.split(' '));

const argsOf = (line: string): readonly string[] | string => {
  const resolved = resolve(line);
  return resolved.kind === 'command' ? resolved.args : resolved.kind;
};

test('a beginning that can mean one command only is that command, in any case', () => {
  assert.deepEqual(argsOf('sh stat'), ['show', 'status']);
  assert.deepEqual(argsOf('SHOW Users'), ['show', 'users']);
  assert.deepEqual(argsOf('disc u Alice'), ['disconnect', 'user', 'Alice']);
  assert.deepEqual(argsOf('ex'), ['exit']);
});

test('a whole word is itself, though another begins with it', () => {
  assert.deepEqual(argsOf('show user alice'), ['show', 'user', 'alice']);
  assert.deepEqual(argsOf('show ip ban points'), ['show', 'ip', 'ban', 'points']);
});

test('a beginning of several is told with the choices', () => {
  const resolved = resolve('show us');
  const choices = resolved.kind === 'ambiguous' ? resolved.choices : [];
  assert.deepEqual(
    choices.map(({ name }) => name),
    ['users', 'user'],
  );
  assert.equal(resolve('s').kind, 'ambiguous');
});

test('what begins nothing, and half a command, are told apart', () => {
  assert.deepEqual(resolve('show nothing'), { kind: 'unknown', word: 'nothing', path: ['show'] });
  assert.equal(resolve('show ip').kind, 'incomplete');
  assert.equal(resolve('--json').kind, 'incomplete');
});

test('the server is not stopped by a beginning of it', () => {
  assert.deepEqual(argsOf('stop now'), ['stop', 'now']);
  assert.deepEqual(resolve('stop n'), { kind: 'unsafe', full: 'stop now' });
  assert.deepEqual(resolve('sto now'), { kind: 'unsafe', full: 'stop now' });
});

test('options keep their place, and their values are no commands', () => {
  assert.deepEqual(argsOf('--json sh users'), ['--json', 'show', 'users']);
  assert.deepEqual(argsOf('--socket show sh users'), ['--socket', 'show', 'show', 'users']);
  assert.deepEqual(argsOf('--socket=x sh users'), ['--socket=x', 'show', 'users']);
  assert.deepEqual(argsOf('top --sort rx'), ['top', '--sort', 'rx']);
  assert.deepEqual(argsOf('show --help'), ['show', '--help']);
});

test('what is for command lines only is no command of the shell', () => {
  assert.equal(resolve('completion bash').kind, 'unknown');
  assert.deepEqual(argsOf('quit'), ['quit']);
});
