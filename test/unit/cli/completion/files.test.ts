// The completion files, read by the real shells. What the server knows comes from a wolfctl of the test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Command } from 'commander';
import { renderCompletion } from '../../../../cli/completion/render.ts';
import type { Shell } from '../../../../cli/completion/render.ts';
import { describeCommand } from '../../../../cli/completion/tree.ts';
import { buildWolfctl } from '../../../../cli/wolfctl/program.ts';
import { buildWolfguard } from '../../../../cli/wolfguard/program.ts';
import { NO_SERVER } from '../no_server.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-completion-'));
after(() => rmSync(folder, { recursive: true }));

const write = (): void => undefined;
const wolfctl = buildWolfctl(NO_SERVER);
const wolfguard = buildWolfguard({ write, complain: write, version: '0' });

/** It says which server it was asked for, and offers names that a careless script would run. */
const STUB = `#!/bin/sh
[ "$1" = --socket ] && { echo "of-$2"; shift 2; }
case "$*" in
  'complete users') printf '%s\\n' alice albert 'al$(touch ${folder}/owned)' bob ;;
  'complete addresses') printf '%s\\n' 203.0.113.7 2001:db8::/64 2001:dead::/64 ;;
esac
`;
mkdirSync(path.join(folder, 'bin'));
writeFileSync(path.join(folder, 'bin/wolfctl'), STUB);
chmodSync(path.join(folder, 'bin/wolfctl'), 0o755);
mkdirSync(path.join(folder, 'files/folder'), { recursive: true });
writeFileSync(path.join(folder, 'files/file.conf'), '');

/** Each asks a shell for what it offers at the end of a line. */
const OFFERED: Readonly<Record<Shell, (file: string, line: string) => string[]>> = {
  bash: (file, line) =>
    run('bash', '--norc', '-c', BASH, 'bash', file, line).map((word) => word.replace(/ $/, '')),
  zsh: (file, line) => run('zsh', '-f', '-c', ZSH, 'zsh', file, line),
  fish: (file, line) =>
    run('fish', '--no-config', '-c', `source ${file}; complete -C ${quoted(line)}`).map(
      (word) => word.split('\t')[0] ?? '',
    ),
};

/** As bash calls it, with an address taken apart at its colons. */
const BASH = `
source "$1"; COMP_LINE=$2 COMP_POINT=\${#2} COMP_WORDBREAKS=$' \\t\\n"\\'><=;|&(:'
function_of=$(complete -p "\${COMP_LINE%% *}") && [[ $function_of =~ -F\\ ([^ ]+) ]]
"\${BASH_REMATCH[1]}"; ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"`;

/** What zsh's own functions would show; they match what is typed themselves. */
const ZSH = `
compdef() { declared=$1 }
matching() { local each; for each; do [[ $each == "$PREFIX"* ]] && print -r -- "$each"; done }
_describe() { matching "\${(@)\${(@P)@[-1]}%%:*}" }
compadd() { shift; matching "$@" }
_files() { matching *(N) }
source "$1"; words=("\${(@s: :)2}") CURRENT=$#words PREFIX=$words[-1]; $declared; true`;

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const file = writeFile(shell, 'wolfctl', wolfctl, ['wolfctl', 'occtl'], true);
  const serverFile = writeFile(shell, 'wolfguard', wolfguard, ['wolfguard'], false);
  const offered = (line: string): string[] => OFFERED[shell](file, line).toSorted();

  test(`${shell} completes commands as far as they are typed`, () => {
    assert.deepEqual(offered('wolfctl sh'), ['show']);
    assert.deepEqual(offered('wolfctl show us'), ['user', 'users']);
    assert.deepEqual(offered('wolfctl --json show ip '), ['ban', 'bans']);
    assert.deepEqual(offered('wolfctl --socket /x show ip ban '), ['points']);
    assert.deepEqual(offered('wolfctl frobnicate us'), []);
  });

  test(`${shell} completes options and the choices of their values`, () => {
    assert.deepEqual(offered('wolfctl top --so'), ['--socket', '--sort']);
    assert.deepEqual(offered('wolfctl top --sort r'), ['rate', 'rx']);
    assert.deepEqual(offered('wolfctl completion '), ['bash', 'fish', 'zsh']);
  });

  test(`${shell} asks wolfctl for what the server knows, and runs no name of it`, () => {
    assert.deepEqual(offered('wolfctl show user alb'), ['albert']);
    assert.deepEqual(offered('wolfctl disconnect user b'), ['bob']);
    assert.deepEqual(offered('wolfctl unban ip 203'), ['203.0.113.7']);
    assert.deepEqual(
      offered('wolfctl show user al').filter((name) => !name.startsWith('al')),
      [],
    );
    assert.deepEqual(run('ls', folder), ['bin', 'completion', 'files']);
  });

  test(`${shell} completes files where a file is meant`, () => {
    assert.deepEqual(
      OFFERED[shell](serverFile, 'wolfguard check -c fi').map((name) => name.replace(/\/$/, '')),
      ['file.conf'],
    );
    assert.ok(OFFERED[shell](serverFile, 'wolfguard ').includes('serve'));
  });
}

test('a name that is a command of another program completes as that command', () => {
  const program = new Command('wolfguard');
  program
    .command('ocpasswd <username>')
    .option('-c, --passwd <file>', 'the password file')
    .option('-l, --lock', 'let the user no longer in');
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const file = path.join(folder, `completion/${shell}-link`);
    writeFileSync(
      file,
      renderCompletion(shell, describeCommand(program), ['wolfguard'], false, ['ocpasswd']),
    );
    assert.deepEqual(OFFERED[shell](file, 'ocpasswd --l'), ['--lock']);
    assert.deepEqual(OFFERED[shell](file, 'ocpasswd -c fi'), ['file.conf']);
    assert.deepEqual(OFFERED[shell](file, 'wolfguard ocpasswd --l'), ['--lock']);
  }
});

test('addresses with colons are completed where bash has parted them', () => {
  const file = path.join(folder, 'completion/bash-wolfctl');
  assert.deepEqual(OFFERED.bash(file, 'wolfctl unban ip 2001:d'), ['db8::/64', 'dead::/64']);
});

test('bash and zsh ask the server that the line names', () => {
  for (const shell of ['bash', 'zsh'] as const) {
    const file = path.join(folder, `completion/${shell}-wolfctl`);
    assert.deepEqual(OFFERED[shell](file, 'wolfctl --socket /x show user of'), ['of-/x']);
  }
});

test('occtl completes as wolfctl', () => {
  const file = path.join(folder, 'completion/bash-wolfctl');
  assert.deepEqual(OFFERED.bash(file, 'occtl sh'), ['show']);
});

function writeFile(
  shell: Shell,
  name: string,
  program: Command,
  names: readonly string[],
  live: boolean,
): string {
  mkdirSync(path.join(folder, 'completion'), { recursive: true });
  const file = path.join(folder, 'completion', `${shell}-${name}`);
  writeFileSync(file, renderCompletion(shell, describeCommand(program), names, live));
  return file;
}

/** Lines of the output; a program that is missing fails the test. */
function run(program: string, ...args: string[]): string[] {
  const { error, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    cwd: path.join(folder, 'files'),
    env: { PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`, HOME: folder },
    timeout: 20_000,
  });
  if (error !== undefined) throw error;
  assert.equal(stderr, '');
  return stdout.split('\n').filter(Boolean);
}

function quoted(text: string): string {
  return `'${text}'`;
}
