// The command line of `wolfguard acl`.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { WolfguardError } from '../../core/error.ts';
import { parseIp } from '../../core/net/address.ts';
import type { IpAddress } from '../../core/net/address.ts';
import { ACL_PROTOCOLS } from '../../core/policy/acl_rule.ts';
import type { AclProtocol } from '../../core/policy/acl_rule.ts';
import { configOption, DEFAULT_CONFIG } from './config_option.ts';

interface AclFlags {
  readonly config?: string;
  readonly proto?: AclProtocol;
  readonly group?: string;
  readonly vhost?: string;
}

const HELP = `
Exit code: 0 the packet passes, 1 it is dropped, 2 the question or the configuration is wrong.

Examples:
  wolfguard acl alice 10.1.2.3 22                 TCP to port 22
  wolfguard acl alice 10.1.2.53 53 --proto udp
  wolfguard acl alice fd00:1::5                   without a port: ICMP`;

export function addAcl(
  program: Command,
  { write, complain }: { write: (text: string) => void; complain: (text: string) => void },
): void {
  program
    .command('acl')
    .description('what would happen to a packet that a user sends through the tunnel, and why')
    .argument('<user>')
    .argument('<address>', 'where the packet goes', parseAddress)
    .argument('[port]', 'the port it goes to', parsePort)
    .addOption(
      new Option('--proto <name>', 'default: tcp with a port, else icmp').choices(
        Object.keys(ACL_PROTOCOLS),
      ),
    )
    .option('--group <name>', 'the group of the login')
    .option('--vhost <name>', 'the virtual host of the login')
    .addOption(configOption())
    .addHelpText('after', HELP)
    .action(
      async (
        user: string,
        destination: IpAddress,
        port: number | undefined,
        flags: AclFlags,
      ): Promise<void> => {
        const { askAcl } = await import('../acl.ts');
        try {
          const { allowed, text } = askAcl({
            configPath: flags.config ?? DEFAULT_CONFIG,
            who: { user, group: flags.group ?? '', vhost: (flags.vhost ?? '').toLowerCase() },
            destination,
            protocol: flags.proto,
            port,
          });
          write(text);
          process.exitCode = allowed ? 0 : 1;
        } catch (error) {
          // 1 means that the packet is dropped.
          if (!(error instanceof WolfguardError)) throw error;
          complain(`wolfguard: ${error.message}\n`);
          process.exitCode = 2;
        }
      },
    );
}

function parseAddress(text: string): IpAddress {
  const address = parseIp(text);
  if (address !== undefined) return address;
  throw new InvalidArgumentError('an address is one of IPv4 or IPv6, without a prefix.');
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 0 to 65535.');
}
