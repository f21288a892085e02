#!/usr/bin/env node
// wolfguard: the server's own command line. Each command loads only what it needs.
import { readVersion } from './version.ts';
import { runProgram } from './run_program.ts';
import { buildWolfguard } from './wolfguard/program.ts';

process.title = 'wolfguard';
const program = buildWolfguard({
  version: readVersion(),
  write: (text) => void process.stdout.write(text),
  complain: (text) => void process.stderr.write(text),
});
process.exitCode = await runProgram(program, process.argv, { name: 'wolfguard', usageExitCode: 2 });
