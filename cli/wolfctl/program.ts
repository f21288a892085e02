// The command line of wolfctl; what its commands ask and print is in commands/, a file per group.
import { Command } from 'commander';
import type { AdminCommand, AdminResults } from '../../core/ipc/admin.ts';
import type { EpochMs } from '../../core/units.ts';
import type { CommandContext } from './commands/context.ts';
import { addDrain } from './commands/drain.ts';
import { addEnd } from './commands/end.ts';
import { addQuota } from './commands/quota.ts';
import { addServer } from './commands/server.ts';
import { addShow } from './commands/show.ts';
import { addUnban } from './commands/unban.ts';

export interface WolfctlComponents {
  ask<C extends AdminCommand['command']>(
    socketPath: string,
    command: Extract<AdminCommand, { command: C }>,
  ): Promise<AdminResults[C]>;
  readonly write: (text: string) => void;
  readonly defaultSocketPath: () => string;
  readonly now: () => EpochMs;
  readonly version: string;
}

interface GlobalOptions {
  readonly json?: boolean;
  readonly socket?: string;
}

const EXAMPLES = `
Examples:
  wolfctl show users                 who is connected
  wolfctl show user alice --json     all about alice, for programs
  wolfctl disconnect user alice      drop her tunnel; her client comes back
  wolfctl terminate id 17            end session 17; its cookie is worth nothing
  wolfctl unban ip 203.0.113.7       let this address in again
  wolfctl quota reset alice          let her use her quota once more
  wolfctl reload                     read wolfguard.toml and the certificate again
  wolfctl drain --limit 30m          let nobody new in, and stop when all have gone
  wolfctl stop now                   tell all clients and stop the server`;

/** The whole command line; parse it with parseAsync. Commands throw WolfguardError. */
export function buildWolfctl(components: WolfctlComponents): Command {
  const { write, defaultSocketPath, now } = components;
  const program = new Command('wolfctl')
    .description('Watches and steers a running wolfguard server.')
    .version(components.version)
    .option('--json', 'print JSON')
    .option('--socket <path>', 'the admin socket of the server')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(see wolfctl --help)')
    .exitOverride();

  const options = (): GlobalOptions => program.opts();
  const context: CommandContext = {
    request: (command) => components.ask(options().socket ?? defaultSocketPath(), command),
    print: (json, text) =>
      write(options().json === true ? `${JSON.stringify(json, undefined, 2)}\n` : text()),
    now,
  };
  addShow(program, context);
  addUnban(program, context);
  addQuota(program, context);
  addEnd(program, context);
  addServer(program, context);
  addDrain(program, context);
  return program;
}
