// The command line of `wolfguard cert`.
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Issuing } from '../../certs/authority.ts';
import { KEY_KINDS } from '../../certs/keys.ts';
import type { KeyKind } from '../../certs/keys.ts';
import { REVOCATION_REASONS } from '../../certs/revocation_list.ts';
import type { RevocationReason } from '../../certs/revocation_list.ts';
import type { CertCommands } from '../cert.ts';

export const DEFAULT_PKI = '/etc/wolfguard/pki';

interface Common {
  readonly out?: string;
  readonly force?: boolean;
  readonly key?: KeyKind;
  readonly days?: number;
}

interface ClientFlags extends Common {
  readonly groups?: readonly string[];
  readonly email?: string;
  readonly upn?: string;
  readonly passphraseFile?: string;
  readonly pemOnly?: boolean;
  readonly legacy?: boolean;
}

export function addCert(program: Command, write: (text: string) => void): void {
  const cert = program
    .command('cert')
    .description('a small authority: make, revoke and list certificates of servers and users');

  const issuing = (name: string, about: string): Command =>
    cert
      .command(name)
      .description(about)
      .addOption(folderOption())
      .addOption(new Option('--key <kind>', 'the kind of key').choices(KEY_KINDS))
      .addOption(daysOption())
      .option('--force', 'write files that are there already anew');

  issuing('ca [name]', 'make the authority, and its first, empty revocation list').action(
    async (name: string | undefined, flags: Common) => {
      await (await commands(flags)).authority(name ?? 'wolfguard CA', issuingOf(flags));
    },
  );
  issuing('server <name...>', 'a certificate for a server, by its names and addresses').action(
    async (names: readonly string[], flags: Common) => {
      await (await commands(flags)).server(names, issuingOf(flags));
    },
  );
  issuing('client <user>', 'a certificate for somebody to log in with, as PEM and as .p12')
    .option('--groups <names>', 'the groups of the user, separated by commas', splitNames)
    .option('--email <address>', 'an email address in it, for user_field = "SAN:email"')
    .option('--upn <name>', 'a user principal name in it, for user_field = "SAN:upn"')
    .option('--passphrase-file <file>', 'protects the .p12 file (default: ask)')
    .option('--pem-only', 'no .p12 file')
    .option('--legacy', 'a .p12 file with 3DES and SHA-1, for programs older than 2020')
    .action(async (user: string, flags: ClientFlags) => {
      const wishes = {
        groups: flags.groups ?? [],
        email: flags.email,
        upn: flags.upn,
        passphraseFile: flags.passphraseFile,
        pemOnly: flags.pemOnly === true,
        legacy: flags.legacy === true,
      };
      await (await commands(flags)).client(user, wishes, issuingOf(flags));
    });
  cert
    .command('revoke <file-or-serial>')
    .description('take a certificate back, and write the revocation list anew')
    .addOption(folderOption())
    .addOption(
      new Option('--reason <word>', 'why')
        .choices(REVOCATION_REASONS)
        .default(REVOCATION_REASONS[0]),
    )
    .addOption(daysOption('how long the list holds'))
    .action(async (what: string, flags: Common & { readonly reason: RevocationReason }) => {
      await (await commands(flags)).revoke(what, flags.reason, flags.days);
    });
  cert
    .command('crl')
    .description('write the revocation list anew, before it ends')
    .addOption(folderOption())
    .addOption(daysOption('how long the list holds'))
    .action(async (flags: Common) => {
      await (await commands(flags)).list(flags.days);
    });
  cert
    .command('list')
    .description('what was issued, and what was revoked of it')
    .addOption(folderOption())
    .action(async (flags: Common) => {
      (await commands(flags)).show();
    });
  cert
    .command('show <file>')
    .description('what a certificate or a revocation list says')
    .action(async (file: string) => {
      const { describeCertificates } = await import('../cert_show.ts');
      write(await describeCertificates(file));
    });
}

async function commands({ out, force }: Common): Promise<CertCommands> {
  const { CertCommands } = await import('../cert.ts');
  return new CertCommands({ folder: out ?? DEFAULT_PKI, force: force === true });
}

const issuingOf = ({ key, days }: Common): Issuing => ({ key, days });

const folderOption = (): Option =>
  new Option('--out <folder>', `where everything is kept (default: ${DEFAULT_PKI})`);

const daysOption = (about = 'how long it is valid'): Option =>
  new Option('--days <number>', about).argParser(parseDays);

/** Beyond the year 9999 no certificate can speak of a day. */
const MOST_DAYS = 36_500;

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MOST_DAYS) return days;
  throw new InvalidArgumentError(`days are a number from 1 to ${MOST_DAYS}.`);
}

const splitNames = (text: string): string[] => text.split(',').filter((name) => name !== '');
