#!/usr/bin/env node
// wolfctl: what an administrator types. Everything that it knows comes over the admin socket.
import { once } from 'node:events';
import { readVersion } from './version.ts';
import { askServer, followServer } from './wolfctl/client.ts';
import { runWolfctl } from './wolfctl/run.ts';
import { defaultSocketPath } from './wolfctl/socket_path.ts';

const { stdout, stderr } = process;
// Who reads us ("| head") may have enough.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await runWolfctl(process.argv.slice(2), {
  calledAs: process.argv[1] ?? '',
  ask: askServer,
  follow: followServer,
  write: (text) => void stdout.write(text),
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
});
