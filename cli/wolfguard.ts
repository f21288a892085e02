#!/usr/bin/env node
// wolfguard: the server's own command line. Each command loads only what it needs.
import { readVersion } from './version.ts';
import { argumentsOf } from './called_as.ts';
import { runProgram } from './run_program.ts';
import { OCSERV_LINKS } from './wolfguard/ocserv_commands.ts';
import { buildWolfguard } from './wolfguard/program.ts';

process.title = 'wolfguard';
const args = argumentsOf(process.argv, OCSERV_LINKS);
const complain = (text: string): void => void process.stderr.write(text);
const program = buildWolfguard({
  version: readVersion(),
  write: (text) => void process.stdout.write(text),
  complain,
});
const [command = ''] = args;
process.exitCode = await runProgram(program, [...process.argv.slice(0, 2), ...args], {
  name: 'wolfguard',
  usageExitCode: OCSERV_LINKS.has(command) ? 1 : 2,
  complain,
});
