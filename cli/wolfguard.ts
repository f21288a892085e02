#!/usr/bin/env node
// wolfguard: the server's own command line. Each command loads only what it needs.
import { readVersion } from './version.ts';
import { runProgram } from './run_program.ts';
import { buildWolfguard } from './wolfguard/program.ts';

process.title = 'wolfguard';
const complain = (text: string): void => void process.stderr.write(text);
const program = buildWolfguard({
  version: readVersion(),
  write: (text) => void process.stdout.write(text),
  complain,
});
process.exitCode = await runProgram(program, process.argv, {
  name: 'wolfguard',
  usageExitCode: 2,
  complain,
});
