// The command line of wolfctl; what its commands ask and print is in commands/, a file per group.
import { Command, Option } from 'commander';
import type { AdminEvent } from '../../core/ipc/admin_event.ts';
import type { AdminCommand, AdminResults } from '../../core/ipc/admin.ts';
import type { EpochMs } from '../../core/units.ts';
import { renderJson, renderJsonLine } from '../terminal/json.ts';
import { addCompletion } from './commands/completion.ts';
import type { CommandContext } from './commands/context.ts';
import { addDrain } from './commands/drain.ts';
import { addEnd } from './commands/end.ts';
import { addQuota } from './commands/quota.ts';
import { addReload } from './commands/reload.ts';
import { addServer } from './commands/server.ts';
import { addShow } from './commands/show.ts';
import { addTop } from './commands/top.ts';
import { addUnban } from './commands/unban.ts';
import { writeJsonList } from './json_list.ts';

export interface WolfctlComponents {
  ask<C extends AdminCommand['command']>(
    socketPath: string,
    command: Extract<AdminCommand, { command: C }>,
  ): Promise<AdminResults[C]>;
  /** Events until the signal; throws WolfguardError, also when the server ends. */
  follow(
    socketPath: string,
    command: Extract<AdminCommand, { command: 'events' }>,
    signal: AbortSignal,
  ): AsyncIterable<AdminEvent>;
  readonly write: (text: string) => void;
  /** As `write`, through a pager where that helps; absent = `write`. */
  readonly page?: (text: string) => void;
  /** Cells of a line of the terminal; absent = there is none. */
  readonly columns?: () => number;
  /** Resolves when what was written has gone somewhere. */
  readonly drained: () => Promise<void>;
  /** Aborted when the person at the keyboard has enough (Ctrl-C). */
  readonly interruption: () => AbortSignal;
  readonly defaultSocketPath: () => string;
  readonly now: () => EpochMs;
  readonly version: string;
  /** How to speak; absent = as wolfctl. */
  readonly style?: 'wolfctl' | 'occtl';
}

export interface GlobalOptions {
  readonly json?: boolean;
  readonly socket?: string;
  readonly socketFile?: string;
  readonly debug?: boolean;
  readonly pager?: boolean;
}

const EXAMPLES = `
Examples:
  wolfctl show users                 who is connected
  wolfctl show user alice --json     all about alice, for programs
  wolfctl show sessions valid        whose cookie is good, connected or not
  wolfctl show events                who comes and goes, until Ctrl-C
  wolfctl disconnect user alice      drop her tunnel; her client comes back
  wolfctl terminate id 17            end session 17; its cookie is worth nothing
  wolfctl terminate session Xq3v+a   the same by its public id
  wolfctl unban ip 203.0.113.7       let this address in again
  wolfctl quota reset alice          let her use her quota once more
  wolfctl top                        who moves most, live; ? shows the keys
  wolfctl                            a shell: Tab completes, exit leaves it
  wolfctl reload --dry-run           what a reload would change, and for whom
  wolfctl reload                     read wolfguard.toml and the certificate again
  wolfctl drain --limit 30m          let nobody new in, and stop when all have gone
  wolfctl stop now                   tell all clients and stop the server

Exit codes: 0 done, 1 not done (the reason is on stderr), 2 show found nothing by that name.
A link called occtl to this program takes occtl's options and prints as occtl does.`;

/** The whole command line; parse it with parseAsync. Commands throw WolfguardError. */
export function buildWolfctl(components: WolfctlComponents): Command {
  const program = new Command('wolfctl')
    .description('Watches and steers a running wolfguard server.')
    .version(components.version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('-j, --json', 'print JSON: one document, with the names that occtl gives')
    .option('-s, --socket <file>', 'the admin socket of the server')
    .addOption(new Option('--socket-file <file>', 'as --socket').hideHelp())
    .option('-n, --no-pager', 'print what is taller than the terminal without a pager')
    .option('--debug', 'tell more: fields of the status, logins that were refused among the events')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(see wolfctl --help)')
    .exitOverride();

  const context = contextOf(components, () => program.opts<GlobalOptions>());
  addShow(program, context);
  addUnban(program, context);
  addQuota(program, context);
  addEnd(program, context);
  addReload(program, context);
  addServer(program, context);
  addDrain(program, context);
  addTop(program, context);
  addCompletion(program, context);
  return program;
}

type Text = (columns: number) => string;

function contextOf(components: WolfctlComponents, options: () => GlobalOptions): CommandContext {
  const { write, drained, interruption, defaultSocketPath, now, style } = components;
  const { page = write, columns = () => Infinity } = components;
  const socketPath = (): string => options().socket ?? options().socketFile ?? defaultSocketPath();
  const inWords = (text: Text, occtl: (() => string) | undefined): string =>
    style === 'occtl' && occtl !== undefined ? occtl() : text(columns());
  const isJson = (): boolean => options().json === true;
  const show = (text: string): void => (options().pager === false ? write : page)(text);
  return {
    request: (command) => components.ask(socketPath(), command),
    follow: (command) => components.follow(socketPath(), command, interruption()),
    print: (json, text, occtl) => {
      if (isJson()) write(renderJson(json));
      else show(inWords(text, occtl));
    },
    printList: (items, recordOf, text, occtl) => {
      if (isJson()) writeJsonList(items, recordOf, write);
      else show(inWords(text, occtl));
    },
    printLine: (json, text, occtl) => {
      write(isJson() ? renderJsonLine(json) : inWords(text, occtl));
      return drained();
    },
    isDebug: () => options().debug === true,
    isJson,
    write,
    columns,
    now,
  };
}
