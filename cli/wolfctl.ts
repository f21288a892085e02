#!/usr/bin/env node
// wolfctl: what an administrator types. Everything that it knows comes over the admin socket.
import { once } from 'node:events';
import { writePaged } from './terminal/pager.ts';
import { readVersion } from './version.ts';
import { askServer, followServer } from './wolfctl/client.ts';
import { buildWolfctl } from './wolfctl/program.ts';
import { argumentsOf, runWolfctl, styleOf } from './wolfctl/run.ts';
import type { WolfctlRun } from './wolfctl/run.ts';
import { isBare } from './wolfctl/shell/bare.ts';
import { defaultSocketPath } from './wolfctl/socket_path.ts';

const { stdout, stderr } = process;
// Who reads us ("| head") may have enough.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const run: WolfctlRun = {
  calledAs: process.argv[1] ?? '',
  ask: askServer,
  follow: followServer,
  write: (text) => void stdout.write(text),
  page: (text) => writePaged(text, stdout, process.env),
  columns: () =>
    stdout.isTTY ? stdout.columns || Number(process.env['COLUMNS']) || Infinity : Infinity,
  drained: async () => {
    if (stdout.writableNeedDrain) await once(stdout, 'drain');
  },
  interruption: () => {
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => interrupted.abort());
    }
    return interrupted.signal;
  },
  defaultSocketPath,
  now: Date.now,
  version: readVersion(),
  complain: (text) => void stderr.write(text),
};

const args = process.argv.slice(2);
if (isBare(buildWolfctl(run), argumentsOf(args, styleOf(run)))) {
  const { startShell } = await import('./wolfctl/shell/start.ts');
  // A question that is still open must not keep somebody who wants to leave.
  process.exit(await startShell(args, run));
}
process.exitCode = await runWolfctl(args, run);
