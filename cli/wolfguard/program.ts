// The commands of wolfguard. What a command does is in its own module, loaded when it is called.
import { Command, InvalidArgumentError, Option } from 'commander';
import { WolfguardError } from '../../core/error.ts';
import { configOption, DEFAULT_CONFIG } from './config_option.ts';
import { addAcl } from './acl_command.ts';
import { addCert } from './cert_commands.ts';
import { addCompletion } from './completion_command.ts';
import { addOcpasswd, addOcserv } from './ocserv_commands.ts';
import { addPolicy } from './policy_command.ts';

export interface WolfguardComponents {
  readonly version: string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** A folder that git ignores, beside package.json where `npm start` runs. */
const QUICK_START_STATE = '.wolfguard';
const HTTPS_PORT = 443;

const EXAMPLES = `
Examples:
  sudo wolfguard serve --quick-start      try it out: makes all that it needs and says how to connect
  wolfguard sample > wolfguard.toml       every key with its default, to begin with
  wolfguard check -c wolfguard.toml       every mistake in it, with line and column
  wolfguard policy alice staff            what alice of group staff is given, and why
  sudo wolfguard doctor                   what is wrong on this machine, and how to mend it
  sudo wolfguard passwd alice             add alice, or give her a new password
  sudo wolfguard otp alice                give alice one-time passwords: QR code and recovery codes
  sudo wolfguard cert client alice        a certificate for alice to log in with
  sudo wolfguard import /etc/ocserv/ocserv.conf -o ${DEFAULT_CONFIG}
                                          begin with what ocserv was told, and hear what is lost
  sudo wolfguard serve                    serve what ${DEFAULT_CONFIG} says`;

/** The whole command line; parse it with parseAsync. Commands throw WolfguardError. */
export function buildWolfguard(components: WolfguardComponents): Command {
  const program = new Command('wolfguard')
    .description('A VPN server for OpenConnect and AnyConnect clients.')
    .version(components.version)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(see wolfguard --help)')
    .exitOverride();
  addServe(program, components);
  addCheck(program, components);
  addDoctor(program, components);
  addPasswd(program);
  addOtp(program);
  addCert(program, components.write);
  addImport(program, components);
  addOcserv(program, components);
  addOcpasswd(program, components);
  addPolicy(program, components.write, DEFAULT_CONFIG);
  addAcl(program, components);
  addCompletion(program, components.write);
  program
    .command('sample')
    .description('print a configuration file with every key and its default')
    .action(async () => {
      const { renderSample } = await import('../../config/sample.ts');
      components.write(renderSample());
    });
  return program;
}

interface ServeFlags {
  readonly config?: string;
  readonly quickStart?: boolean;
  readonly port?: number;
  readonly address?: string;
  readonly state?: string;
  readonly newPassword?: boolean;
}

function addServe(program: Command, { version, write }: WolfguardComponents): void {
  program
    .command('serve')
    .description('run the server')
    .addOption(configOption().conflicts('quickStart'))
    .option('--quick-start', 'make certificate, user and configuration first, where missing')
    .option('--port <number>', 'quick start: the port to listen on', parsePort)
    .option('--address <name>', 'quick start: the name or address that clients shall use')
    .option(
      '--state <folder>',
      `quick start: where everything is kept (default: ${QUICK_START_STATE})`,
    )
    .option('--new-password', 'quick start: give the user a new password')
    .action(async (flags: ServeFlags) => {
      const { serve } = await import('../../server/app.ts');
      if (flags.quickStart === true) {
        const { requireRoot, requireTun } = await import('../../server/preflight.ts');
        requireRoot();
        requireTun();
        const { prepareQuickStart } = await import('../quick_start.ts');
        const quickStart = await prepareQuickStart({
          stateDir: flags.state ?? QUICK_START_STATE,
          port: flags.port ?? HTTPS_PORT,
          newPassword: flags.newPassword === true,
          ...(flags.address !== undefined && { address: flags.address }),
        });
        const { configPath } = quickStart;
        const onListening = (): void => write(quickStart.announce());
        process.exit(await serve({ configPath, version, onListening, hangup: 'stop' }));
      }
      requireQuickStart(flags);
      const configPath = flags.config ?? DEFAULT_CONFIG;
      process.exit(
        await serve({ configPath, version, onListening: () => undefined, hangup: 'reload' }),
      );
    });
}

/** A flag that would silently do nothing is worse than an error. */
function requireQuickStart({ port, address, state, newPassword }: ServeFlags): void {
  if ([port, address, state, newPassword].every((flag) => flag === undefined)) return;
  throw new WolfguardError(
    'USAGE',
    '--port, --address, --state and --new-password belong to --quick-start; a server takes them from its configuration file',
  );
}

function addCheck(program: Command, { write, complain }: WolfguardComponents): void {
  program
    .command('check')
    .description('check a configuration file and the files that it names')
    .addOption(configOption())
    .action(async ({ config }: { config?: string }) => {
      const { checkFile } = await import('../../config/check.ts');
      const { exitCode, output } = checkFile(config ?? DEFAULT_CONFIG);
      (exitCode === 0 ? write : complain)(`${output}\n`);
      process.exitCode = exitCode;
    });
}

function addDoctor(program: Command, { version, write }: WolfguardComponents): void {
  program
    .command('doctor')
    .description('look for what is wrong on this machine, and say how to mend it')
    .addOption(configOption())
    .option('--json', 'for programs: docs/operations.md lists the names of the checks')
    .action(async ({ config, json }: { config?: string; json?: boolean }) => {
      const { diagnose, usualConfigPath } = await import('../doctor/diagnose.ts');
      const { exitCodeOf, renderFindings, renderJson } = await import('../doctor/render.ts');
      const configPath = config ?? usualConfigPath(DEFAULT_CONFIG, QUICK_START_STATE);
      const findings = await diagnose({ configPath, version, now: Date.now() });
      const colour = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '';
      write(
        json === true
          ? renderJson(findings, { version, config: configPath })
          : renderFindings(findings, colour),
      );
      process.exitCode = exitCodeOf(findings);
    });
}

interface PasswdFlags {
  readonly config?: string;
  readonly file?: string;
  readonly groups?: readonly string[];
  readonly list?: boolean;
  readonly delete?: boolean;
  readonly lock?: boolean;
  readonly unlock?: boolean;
  readonly stdin?: boolean;
}

function addPasswd(program: Command): void {
  program
    .command('passwd [user]')
    .description('add a user or set a new password; lock, unlock, delete, list')
    .addOption(configOption())
    .addOption(new Option('--file <file>', 'the password file itself').conflicts('config'))
    .option('--groups <names>', 'the groups of the user, separated by commas', parseNames)
    .option('--list', 'list all users')
    .option('--delete', 'delete the user')
    .option('--lock', 'let the user no longer in')
    .option('--unlock', 'let a locked user in again')
    .option('--stdin', 'read the password from stdin')
    .action(async (user: string | undefined, flags: PasswdFlags) => {
      const { passwdCommand } = await import('../passwd.ts');
      const { config, file, ...options } = flags;
      process.exitCode = await passwdCommand({
        ...options,
        user,
        file: file ?? (await authFilesOf(config ?? DEFAULT_CONFIG)).path,
      });
    });
}

interface OtpFlags {
  readonly config?: string;
  readonly file?: string;
  readonly issuer?: string;
  readonly confirm: boolean;
  readonly replace?: boolean;
  readonly recovery?: boolean;
  readonly list?: boolean;
  readonly delete?: boolean;
}

function addOtp(program: Command): void {
  program
    .command('otp [user]')
    .description('give a user one-time passwords: a QR code for their app, and recovery codes')
    .addOption(configOption())
    .addOption(
      new Option('--file <file>', 'the file of one-time passwords itself').conflicts('config'),
    )
    .option('--issuer <name>', 'what the app calls this VPN (default: wolfguard)')
    .option('--replace', 'give a new secret to a user who has one')
    .option('--no-confirm', 'do not ask for a code from the app before it counts')
    .option('--recovery', 'give the user new recovery codes; the old ones are void')
    .option('--list', 'list who has one-time passwords')
    .option('--delete', 'take the user out')
    .action(async (user: string | undefined, flags: OtpFlags) => {
      const { otpCommand } = await import('../otp.ts');
      const { config, file, ...options } = flags;
      process.exitCode = await otpCommand({
        ...options,
        user,
        file: file ?? (await authFilesOf(config ?? DEFAULT_CONFIG)).otp_path,
      });
    });
}

function addImport(program: Command, { write, complain }: WolfguardComponents): void {
  program
    .command('import <file>')
    .description('make a configuration of an ocserv.conf, and say what did not carry over')
    .option('-o, --output <file>', 'where to write it; "-" = stdout', 'wolfguard.toml')
    .option('--force', 'write over what is there', false)
    .action(async (source: string, flags: { output: string; force: boolean }) => {
      const { importCommand } = await import('../ocserv/import_command.ts');
      process.exitCode = importCommand({ source, ...flags }, { write, complain });
    });
}

async function authFilesOf(configPath: string): Promise<{ path: string; otp_path: string }> {
  const { readConfig } = await import('../../config/check.ts');
  const result = readConfig(configPath);
  if (result.ok) return result.config.auth.file;
  throw new WolfguardError(
    'CONFIG',
    `which file? Name it with --file, or a sound configuration with -c:\n${result.output}`,
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new InvalidArgumentError('a port is a number from 1 to 65535.');
}

const parseNames = (text: string): string[] => text.split(',').filter((name) => name !== '');
