// `wolfguard ocserv`: ocserv's command line. Tests the file, serves in the foreground, or starts a
// daemon that does.
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { WolfguardError } from '../../core/error.ts';
import { becomeDaemon, tellParent } from './daemon.ts';
import { DEFAULT_CONF, instanceFolders } from './instance_folders.ts';
import { renderNote, startWarnings } from './judgement.ts';
import { removePidFile, writePidFile } from './pid_file.ts';
import { absolute, OcservSource } from './source.ts';
import type { SourceOptions, SourceReading } from './source.ts';

export interface OcservFlags {
  readonly config?: string;
  readonly foreground?: boolean;
  readonly debug?: number;
  readonly pidFile?: string;
  readonly testConfig?: boolean;
  /** false: the daemon stays in its folder. */
  readonly chdir: boolean;
  readonly syslog?: boolean;
  readonly logStderr?: boolean;
  /** Started by the process that the shell waits for. */
  readonly daemonProcess?: boolean;
}

export interface OcservComponents {
  readonly version: string;
  readonly complain: (text: string) => void;
}

/** Where ocserv looked before there was a folder of its own. */
const OLD_CONF = '/etc/ocserv.conf';

/** The exit code. Throws WolfguardError. */
export async function ocservCommand(
  flags: OcservFlags,
  components: OcservComponents,
): Promise<number> {
  const { complain } = components;
  const file = findConf(flags.config);
  const daemon = flags.foreground !== true && flags.testConfig !== true;
  const base = daemon && flags.chdir ? '/' : process.cwd();
  const source = new OcservSource({
    file,
    base,
    folders: instanceFolders(file, process.env),
    debugLevel: flags.debug,
    log: logOf(flags, daemon),
  });
  if (flags.daemonProcess === true) return serveAsDaemon(source, file, base, flags, components);

  const reading = source.read();
  for (const line of reportOf(reading, flags)) complain(`${line}\n`);
  if (reading.config === null) return 1;
  if (flags.testConfig === true) return 0;
  const { requireRoot } = await import('../../server/preflight.ts');
  requireRoot();
  if (daemon) return becomeDaemon(complain);
  return serveHere(source, { file, base, flags, components, onListening: () => undefined });
}

async function serveAsDaemon(
  source: OcservSource,
  file: string,
  base: string,
  flags: OcservFlags,
  components: OcservComponents,
): Promise<number> {
  try {
    process.chdir(base);
    const onListening = (): void => void tellParent({ kind: 'listening' });
    return await serveHere(source, { file, base, flags, components, onListening });
  } catch (error) {
    if (!(error instanceof WolfguardError)) throw error;
    await tellParent({ kind: 'failed', message: error.message });
    return 1;
  }
}

interface Serving {
  readonly file: string;
  readonly base: string;
  readonly flags: OcservFlags;
  readonly components: OcservComponents;
  readonly onListening: () => void;
}

async function serveHere(
  source: OcservSource,
  { file, base, flags, components: { version }, onListening }: Serving,
): Promise<number> {
  const { serve } = await import('../../server/app.ts');
  let pidFile: string | undefined;
  // With ocserv it asks for a round of cleaning up, which happens here by itself.
  process.on('SIGUSR2', () => undefined);
  try {
    return await serve({
      configPath: file,
      readConfig: () => source.readForServer(),
      version,
      hangup: 'reload',
      onListening: () => {
        const named = flags.pidFile ?? source.read().pidFile;
        if (named !== '') writePidFile((pidFile = absolute(base, named)));
        onListening();
      },
    });
  } finally {
    if (pidFile !== undefined) removePidFile(pidFile);
    source.removeSecrets();
  }
}

/** Absolute. Throws WolfguardError when it cannot be read. */
function findConf(named = DEFAULT_CONF): string {
  const old = named === DEFAULT_CONF && !existsSync(named) && existsSync(OLD_CONF);
  const file = path.resolve(old ? OLD_CONF : named);
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new WolfguardError('OCSERV_CONF', `cannot access config file: ${file}`);
  }
  return file;
}

const SYSLOG = '/dev/log';

/** A daemon has no other place than syslog, and does without where there is none; the foreground has its terminal, or its unit's journal. */
const logOf = ({ syslog }: OcservFlags, daemon: boolean): SourceOptions['log'] => ({
  destination: (daemon || syslog === true) && existsSync(SYSLOG) ? 'syslog' : 'stdout',
  format: 'pretty',
});

/** With -t also what needs no thought, as ocserv says it. */
function reportOf(reading: SourceReading, { testConfig }: OcservFlags): string[] {
  const { notes, warnings, errors } = reading;
  const needless = notes.filter(({ fate }) => fate === 'needless');
  return [
    ...(testConfig === true ? needless.map((note) => `note: ${renderNote(note)}`) : []),
    ...startWarnings(notes),
    ...warnings.map((text) => `warning: ${text}`),
    ...errors.map((text) => `error: ${text}`),
  ];
}
