import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';
import { runProgram } from '../../../cli/run_program.ts';
import { buildWolfguard } from '../../../cli/wolfguard/program.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'wolfguard-'));
after(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, 'wolfguard.toml');
const routes = path.join(folder, 'routes');
writeFileSync(routes, '10.0.0.0/9\n10.128.0.0/9\n');
writeFileSync(
  file,
  `[network]
ipv4 = "10.77.0.0/16"
[policy]
routes_file = "${routes}"
no_routes = ["10.9.0.0/16"]
enforce_routes = true
allow = ["tcp:22,8000-8100 10.0.0.0/8", "udp:53", "icmp"]
client_to_client = false
[group.staff.policy]
deny = ["10.1.66.0/24"]
[user.bob.policy]
allow = []
[[vhost]]
name = "partners.example.com"
policy = { enforce_routes = false, no_routes = [] }
`,
);

for (const [question, code, answer] of [
  [
    'alice 10.1.2.3 22',
    0,
    /allowed\n.*why: +allow = "tcp:22,8000-8100 10\.0\.0\.0\/8" of \[policy\]\n.*route: 10\.0\.0\.0\/8/,
  ],
  ['alice 10.1.2.3 23', 1, /denied\n.*no rule in allow of \[policy\] lets it pass/],
  ['alice 10.1.66.1 22', 0, /allowed/],
  ['alice 10.1.66.1 22 --group staff', 1, /deny = "10\.1\.66\.0\/24" of \[group\.staff\.policy\]/],
  ['bob 10.1.2.3 23', 0, /allow is empty/],
  ['alice 10.9.0.1', 1, /10\.9\.0\.0\/16 is in no_routes of \[policy\]/],
  ['alice 10.9.0.1 --vhost Partners.example.com', 0, /allow = "icmp"/],
  ['alice 192.0.2.1 53 --proto udp', 1, /no route of \[policy\] leads there/],
  ['alice 192.0.2.1 53 --proto udp --vhost partners.example.com', 0, /none leads there/],
  ['alice 10.77.3.4 22', 1, /10\.77\.0\.0\/16 belongs to clients/],
  ['alice 10.77.0.1', 0, /allow = "icmp"/],
  ['alice 10.1.1.1 --proto tcp', 2, /goes to a port/],
  ['alice 10.1.1.1 22 --proto icmp', 2, /icmp has no ports/],
  ['alice 10.1.1.1 --proto ipx', 2, /ipx/],
  ['alice lan 22', 2, /an address is one of/],
  ['alice 10.1.1.1 70000', 2, /from 0 to 65535/],
  ['alice 10.1.1.1 22 --vhost other.example', 2, /no virtual host/],
] as const)
  test(`wolfguard acl ${question} ends with ${code} and says why`, async () => {
    const asked = await ask(['acl', ...question.split(' '), '-c', file]);
    assert.match(asked.output, answer);
    assert.equal(asked.code, code);
  });

test('a configuration that cannot be used is no verdict', async () => {
  const { code, output } = await ask(['acl', 'alice', '10.1.1.1', '-c', `${file}.none`]);
  assert.match(output, /there is no such file/);
  assert.equal(code, 2);
});

async function ask(args: readonly string[]): Promise<{ code: number; output: string }> {
  let output = '';
  const note = (text: string): void => {
    output += text;
  };
  const before = process.exitCode;
  process.exitCode = undefined;
  try {
    const program = buildWolfguard({ version: '0', write: note, complain: note });
    program.configureOutput({ writeOut: note, writeErr: note });
    for (const command of program.commands) command.configureOutput({ writeErr: note });
    const code = await runProgram(program, ['node', 'wolfguard', ...args], {
      name: 'wolfguard',
      usageExitCode: 2,
      complain: note,
    });
    return { code, output };
  } finally {
    process.exitCode = before;
  }
}
