import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpret } from '../../../../cli/wolfctl/shell/interpreter.ts';
import type { LineResult } from '../../../../cli/wolfctl/shell/interpreter.ts';
import { TREE } from './tree.ts';

interface Done {
  readonly result: LineResult;
  readonly ran: readonly (readonly string[])[];
  readonly output: string;
  readonly errors: string;
}

async function type(line: string, code = 0): Promise<Done> {
  let output = '';
  let errors = '';
  const ran: (readonly string[])[] = [];
  const result = await interpret(
    line,
    {
      tree: TREE,
      run: (args) => {
        ran.push(args);
        return Promise.resolve(code);
      },
      write: (text) => (output += text),
      complain: (text) => (errors += text),
      columns: () => 200,
    },
    new AbortController().signal,
  );
  return { result, ran, output, errors };
}

test('a command is run with its words in full, and its exit code is told', async () => {
  const { result, ran } = await type('sh user "anna maria"', 1);
  assert.deepEqual(ran, [['show', 'user', 'anna maria']]);
  assert.deepEqual(result, { kind: 'done', code: 1 });
});

test('an empty line and a comment do nothing', async () => {
  for (const line of ['', '   ', '# show users']) {
    assert.deepEqual(await type(line), {
      result: { kind: 'done', code: 0 },
      ran: [],
      output: '',
      errors: '',
    });
  }
});

test('exit and quit leave', async () => {
  assert.deepEqual((await type('exit')).result, { kind: 'exit' });
  assert.deepEqual((await type('quit')).result, { kind: 'exit' });
});

test('help lists all commands, help and ? behind a beginning those below it', async () => {
  const all = (await type('help')).output;
  assert.match(all, /^show user <name> +all about/m);
  assert.match(all, /^exit +leave/m);
  assert.doesNotMatch(all, /^quit|^completion/m);
  assert.equal((await type('?')).output, all);
  const ip = (await type('help show ip')).output;
  assert.match(ip, /^show ip ban points /m);
  assert.doesNotMatch(ip, /show user/);
  assert.equal((await type('show ip ?')).output, ip);
  assert.match((await type('sho us?')).output, /^show users [^]*^show user </m);
});

test('reset puts the terminal in order', async () => {
  assert.equal((await type('reset')).output, '\u001bc');
});

test('what is unknown, ambiguous or half is told, and nothing is run', async () => {
  const unknown = await type('frobnicate \u001b[31m');
  assert.match(unknown.errors, /^unknown command: frobnicate\n/);
  assert.match((await type('show \u001b]0;x')).errors, /unknown command: show \?\]0;x/);
  assert.match((await type('show us')).errors, /"show us" may be one of these:[^]*show users/);
  assert.match((await type('show')).errors, /show status/);
  const unsafe = await type('stop n');
  assert.match(unsafe.errors, /type "stop now" in full/);
  assert.deepEqual(unsafe.result, { kind: 'done', code: 1 });
  assert.deepEqual([...unknown.ran, ...unsafe.ran], []);
});
