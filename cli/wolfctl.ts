#!/usr/bin/env node
// wolfctl: what an administrator types. Everything that it knows comes over the admin socket.
import { readVersion } from './version.ts';
import { runProgram } from './run_program.ts';
import { askServer } from './wolfctl/client.ts';
import { buildWolfctl } from './wolfctl/program.ts';
import { defaultSocketPath } from './wolfctl/socket_path.ts';

const program = buildWolfctl({
  ask: askServer,
  write: (text) => void process.stdout.write(text),
  defaultSocketPath,
  now: Date.now,
  version: readVersion(),
});
// As occtl: whatever goes wrong is a 1.
process.exitCode = await runProgram(program, process.argv, {
  name: 'wolfctl',
  usageExitCode: 1,
  complain: (text) => void process.stderr.write(text),
});
