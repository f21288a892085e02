// Reads an ocserv.conf with all that it names, and makes of it a wolfguard.toml, the files that it
// needs beside it, and a report.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../config/loader.ts';
import { WolfguardError } from '../../core/error.ts';
import { parseConf, parseMethod } from './conf_file.ts';
import type { ConfLine } from './conf_file.ts';
import { renderDraft } from './draft.ts';
import type { DraftTable } from './draft.ts';
import type { Note } from './option.ts';
import { hostOf, parseRadiusClient, parseRadiusSecrets } from './radius_files.ts';
import { translate } from './translate.ts';
import type { NamedText } from './translate.ts';

export interface ImportOptions {
  /** The ocserv.conf. */
  readonly source: string;
  /** Folder of what is written beside the configuration: secrets. */
  readonly folder: string;
  /** Where ocserv was started: what relative paths count from when they are not beside its file. */
  readonly workingDirectory: string;
}

export interface Imported {
  /** wolfguard.toml. */
  readonly text: string;
  /** To be readable by root only. */
  readonly secrets: readonly { readonly path: string; readonly text: string }[];
  readonly notes: readonly Note[];
  /** What the loader still finds wrong with the text, for people; '' = nothing. */
  readonly problems: string;
}

/** Throws WolfguardError IMPORT when the file cannot be read. */
export function importFiles({ source, folder, workingDirectory }: ImportOptions): Imported {
  const main = readNamed(source);
  const { lines } = parseConf(main.text);
  const beside = path.dirname(path.resolve(workingDirectory, source));
  const absolute = (written: string): string => {
    if (path.isAbsolute(written)) return path.normalize(written);
    const near = path.join(beside, written);
    return existsSync(near) ? near : path.resolve(workingDirectory, written);
  };
  const folderOf = (option: string): ReadonlyMap<string, NamedText> => {
    const named = lines.findLast(({ name, vhost }) => name === option && vhost === '')?.value;
    return named === undefined ? new Map() : readFolder(absolute(named));
  };
  const { draft, notes } = translate({
    main,
    users: folderOf('config-per-user'),
    groups: folderOf('config-per-group'),
    path: absolute,
  });
  const all = [...notes];
  const secrets = takeRadius({ draft, lines, absolute, folder, notes: all, file: main.file });
  const text = `${heading(main.file)}\n${renderDraft(draft)}`;
  const result = loadConfig(text, 'wolfguard.toml');
  return { text, secrets, notes: all, problems: result.ok ? '' : result.output };
}

const heading = (file: string): string => `# Made from ${file} by "wolfguard import".\n`;

function readNamed(file: string): NamedText {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (error) {
    throw new WolfguardError('IMPORT', `${file} cannot be read: ${(error as Error).message}`);
  }
}

/** By file name, which is that of the user or group; empty for a folder that is not there. */
function readFolder(folder: string): ReadonlyMap<string, NamedText> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  return new Map(names.map((name) => [name, readNamed(path.join(folder, name))]));
}

interface RadiusTask {
  readonly draft: DraftTable;
  readonly lines: readonly ConfLine[];
  readonly absolute: (written: string) => string;
  readonly folder: string;
  readonly notes: Note[];
  readonly file: string;
}

/** Adds what the files of the RADIUS library say; returns the secret as a file of its own. */
function takeRadius(task: RadiusTask): Imported['secrets'] {
  const { lines, absolute, folder, notes, file, draft } = task;
  const line = lines.find(
    ({ name, value, vhost }) =>
      vhost === '' &&
      ['auth', 'enable-auth', 'acct'].includes(name) &&
      parseMethod(value).name === 'radius',
  );
  if (line === undefined) return [];
  const note = (text: string): void =>
    void notes.push({ file, line: line.line, option: line.name, fate: 'lost', text });
  const { options } = parseMethod(line.value);
  const config = options.get('config') ?? options.get('');
  const client = config === undefined ? undefined : tryRead(absolute(config));
  if (client === undefined) {
    note(`${config ?? 'its file'} cannot be read: set auth.radius.servers and secret_file`);
    return [];
  }
  const parsed = parseRadiusClient(client);
  const radius = draft.table('auth', 'radius');
  if (parsed.servers.length > 0) radius.set('servers', parsed.servers);
  if (parsed.accountingServers.length > 0) {
    radius.set('accounting_servers', parsed.accountingServers);
  }
  if (parsed.timeoutSeconds !== undefined) radius.set('timeout', `${parsed.timeoutSeconds}s`);
  if (parsed.nasIdentifier !== '' && !radius.values.has('nas_identifier')) {
    radius.set('nas_identifier', parsed.nasIdentifier);
  }
  // The library of old does not sign what it sends, and servers beside it often do not either.
  radius.set('require_message_authenticator', false);
  const known = parseRadiusSecrets(tryRead(absolute(parsed.secretsFile)) ?? '');
  const wanted = [...new Set(parsed.servers.map((server) => known.get(hostOf(server))))];
  const [secret, ...others] = wanted;
  if (secret === undefined) {
    note('no secret is known for its servers: write it into a file, auth.radius.secret_file');
    return [];
  }
  if (others.length > 0) note('its servers have different secrets: only the first is used');
  const secretFile = path.join(folder, 'radius.secret');
  radius.set('secret_file', secretFile);
  return [{ path: secretFile, text: `${secret}\n` }];
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
