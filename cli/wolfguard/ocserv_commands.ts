// ocserv's own command lines: what scripts and units that were written for it call.
import type { Command } from 'commander';
import { Option } from 'commander';
import { WolfguardError } from '../../core/error.ts';
import type { OcservComponents, OcservFlags } from '../ocserv/run_command.ts';

/** Links of these names are those commands; whatever is wrong with them exits with 1, as there. */
export const OCSERV_LINKS: ReadonlyMap<string, string> = new Map([
  ['ocserv', 'ocserv'],
  ['ocpasswd', 'ocpasswd'],
]);

export function addOcserv(program: Command, components: OcservComponents): void {
  program
    .command('ocserv')
    .description('run the server from an ocserv.conf, with the command line of ocserv')
    .version(components.version, '-v, --version', 'print the version')
    .option('-f, --foreground', 'stay in the foreground; without it the server becomes a daemon')
    .option('-d, --debug <level>', 'how much to log, from 0 to 9', numberOf)
    .option('-c, --config <file>', 'the ocserv.conf (default: /etc/ocserv/ocserv.conf)')
    .option('-t, --test-config', 'look for mistakes in the file, and exit')
    .option('-p, --pid-file <file>', 'where to write the process number')
    .option('--no-chdir', 'a daemon does not go to / first: relative paths stay as they are')
    .option('-s, --syslog', 'log to syslog in the foreground too')
    .option('-e, --log-stderr', 'taken for ocserv’s sake: the foreground logs to the terminal')
    .option('-x, --traceable', 'taken for ocserv’s sake: nothing has to be allowed')
    .addOption(new Option('--daemon-process').hideHelp())
    .action(async (flags: OcservFlags) => {
      const { ocservCommand } = await import('../ocserv/run_command.ts');
      const code = await asOcserv(() => ocservCommand(flags, components), components);
      // What a signal handler or a timer holds open has no say in when we end.
      process.exit(code);
    });
}

interface OcpasswdFlags {
  readonly passwd?: string;
  readonly groupname?: string;
  readonly delete?: boolean;
  readonly lock?: boolean;
  readonly unlock?: boolean;
}

export function addOcpasswd(
  program: Command,
  { version }: Pick<OcservComponents, 'version'>,
): void {
  program
    .command('ocpasswd <username>')
    .description('edit a password file of ocserv, with the command line of ocpasswd')
    .version(version, '-v, --version', 'print the version')
    .option('-c, --passwd <file>', 'the password file (default: /etc/ocserv/ocpasswd)')
    .option('-g, --groupname <names>', 'the groups of the user, separated by commas')
    .option('-d, --delete', 'delete the user')
    .option('-l, --lock', 'let the user no longer in')
    .option('-u, --unlock', 'let a locked user in again')
    .action(async (username: string, flags: OcpasswdFlags) => {
      const { ocpasswdCommand } = await import('../ocserv/ocpasswd_command.ts');
      process.exitCode = await ocpasswdCommand({ ...flags, username });
    });
}

/** Words as ocserv's. */
async function asOcserv(
  work: () => Promise<number>,
  { complain }: Pick<OcservComponents, 'complain'>,
): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof WolfguardError)) throw error;
    complain(`error: ${error.message}\n`);
    return 1;
  }
}

/** As C reads it: what is no number is 0. */
const numberOf = (text: string): number => Number.parseInt(text, 10) || 0;
