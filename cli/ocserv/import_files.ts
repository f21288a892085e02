// Reads an ocserv.conf with all that it names, and makes of it a draft of a wolfguard.toml, the
// secrets that it needs beside it, and notes about each line.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { loadConfig } from '../../config/loader.ts';
import { WolfguardError } from '../../core/error.ts';
import { parseConf } from './conf_file.ts';
import type { ConfLine } from './conf_file.ts';
import { renderDraft } from './draft.ts';
import type { DraftTable } from './draft.ts';
import { takeGroupNames } from './group_names.ts';
import type { Note } from './option.ts';
import { takeRadius } from './radius_import.ts';
import type { Secret } from './radius_import.ts';
import { translate } from './translate.ts';
import type { FindPath, NamedText } from './translate.ts';

export interface ReadOptions {
  /** The ocserv.conf. */
  readonly source: string;
  /** Folder of what is written beside the configuration: secrets. */
  readonly folder: string;
  /** How relative paths are found, in the light of what the file says. */
  readonly pathsOf: (lines: readonly ConfLine[]) => FindPath;
}

export interface OcservFiles {
  /** As it was named. */
  readonly file: string;
  readonly lines: readonly ConfLine[];
  readonly draft: DraftTable;
  /** In the order of the files. */
  readonly notes: readonly Note[];
  /** To be readable by root only. */
  readonly secrets: readonly Secret[];
}

export interface Imported extends Pick<OcservFiles, 'notes' | 'secrets'> {
  /** wolfguard.toml. */
  readonly text: string;
  /** What the loader still finds wrong with the text, for people; '' = nothing. */
  readonly problems: string;
}

/** For `wolfguard import`. Throws WolfguardError IMPORT when a file cannot be read. */
export function importFiles(options: ReadOptions): Imported {
  const { file, draft, notes, secrets } = readOcservFiles(options);
  const text = `${heading(file)}\n${renderDraft(draft)}`;
  const result = loadConfig(text, 'wolfguard.toml');
  return { text, secrets, notes, problems: result.ok ? '' : result.output };
}

/** Throws WolfguardError IMPORT when a file cannot be read. */
export function readOcservFiles({ source, folder, pathsOf }: ReadOptions): OcservFiles {
  const main = readNamed(source);
  const { lines } = parseConf(main.text);
  const find = pathsOf(lines);
  const folderOf = (option: string): ReadonlyMap<string, NamedText> => {
    const named = lines.findLast(({ name, vhost }) => name === option && vhost === '')?.value;
    return named === undefined || named === '' ? new Map() : readFolder(find(named, option));
  };
  const { draft, notes } = translate({
    main,
    users: folderOf('config-per-user'),
    groups: folderOf('config-per-group'),
    path: find,
  });
  const all = [...notes];
  const task = { draft, lines, find, folder, notes: all, file: main.file };
  takeGroupNames(task);
  return { file: main.file, lines, draft, notes: all, secrets: takeRadius(task) };
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
