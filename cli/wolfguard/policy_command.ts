// The command line of `wolfguard policy`.
import { Option } from 'commander';
import type { Command } from 'commander';

const EXAMPLES = `
Examples:
  wolfguard policy alice                  what alice is given without any group
  wolfguard policy alice staff            as a member of staff
  wolfguard policy alice staff all        in two groups: the first that has a section counts
  wolfguard policy alice --vhost partners.example.com --json`;

interface PolicyFlags {
  readonly config?: string;
  readonly vhost?: string;
  readonly json?: boolean;
}

export function addPolicy(
  program: Command,
  write: (text: string) => void,
  defaultConfig: string,
): void {
  program
    .command('policy <user> [groups...]')
    .description('what a login of this user would be given, and where each value comes from')
    .addOption(
      new Option('-c, --config <file>', `the configuration file (default: ${defaultConfig})`),
    )
    .option('--vhost <name>', 'the name of the [[vhost]] that the user logs in to')
    .option('--json', 'as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (user: string, groups: readonly string[], flags: PolicyFlags) => {
      const { explainPolicy } = await import('../policy.ts');
      const { config: configPath = defaultConfig, vhost = '', json } = flags;
      const answer = explainPolicy({ configPath, user, groups, vhost });
      if (json === true) {
        write(`${JSON.stringify(answer, null, 2)}\n`);
        return;
      }
      const { renderPolicy } = await import('../policy_text.ts');
      write(renderPolicy(answer));
    });
}
